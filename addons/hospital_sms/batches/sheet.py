"""A list of numbers as an Excel file: read row by row, never trusted; its bad rows written back with the reason.

The first row holds the heads: one of them names the numbers, one may name the people, the others are variables.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

import openpyxl
import xlsxwriter

from odoo.addons.hospital_base.identity import phone

MAX_FILE = 20 * 2**20  # bytes as uploaded
MAX_UNPACKED = 200 * 2**20  # bytes that the file says it becomes
MAX_ROWS = 100_000
MAX_COLUMNS = 20
MAX_CELL = 300  # characters

NUMBER_HEADS = {"手机号", "手机号码", "手机", "电话", "电话号码", "联系电话", "号码", "number", "phone", "mobile"}
NAME_HEADS = {"姓名", "名字", "患者姓名", "name"}


class BadSheet(Exception):
    """The file as a whole cannot be read. code: a key of the batch's sentences; value: what it names."""

    def __init__(self, code: str, value: object = ""):
        super().__init__(code)
        self.code, self.value = code, value


class Row(NamedTuple):
    """One row. sequence: as Excel counts; cells: as they stood there; problem: "", or the code of what is wrong."""

    sequence: int
    number: str
    name: str
    values: dict[str, str]
    cells: list[str]
    problem: str = ""

    @property
    def known(self) -> dict[str, str | None]:
        """The values for the words of a text; an empty cell has none."""
        return {title: value or None for title, value in self.values.items()}


class Heads(NamedTuple):
    """number, name: positions (name None when there is none); titles: all heads as they stand there."""

    number: int
    name: int | None
    titles: list[str]

    @property
    def variables(self) -> list[str]:
        return [title for place, title in enumerate(self.titles) if place != self.number and title]


def find_heads(titles: Sequence[str]) -> Heads:
    """
    >>> find_heads(["姓名", "手机号", "体检日期"])
    Heads(number=1, name=0, titles=['姓名', '手机号', '体检日期'])
    >>> find_heads(["姓名", "体检日期"])
    Traceback (most recent call last):
    odoo.addons.hospital_sms.batches.sheet.BadSheet: no_number_column
    """
    titles = [title.strip() for title in titles]
    for title in titles:
        if title and titles.count(title) > 1:
            raise BadSheet("bad_head", title)
    number = next((place for place, title in enumerate(titles) if title.lower() in NUMBER_HEADS), None)
    if number is None:
        raise BadSheet("no_number_column")
    name = next((place for place, title in enumerate(titles) if title.lower() in NAME_HEADS), None)
    return Heads(number, name, titles)


def check_file(content: bytes):
    """Refuse what is no workbook or would become too large; nothing is unpacked for it."""
    if len(content) > MAX_FILE:
        raise BadSheet("too_large", MAX_FILE // 2**20)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise BadSheet("not_excel") from None
    if "xl/workbook.xml" not in {entry.filename for entry in entries}:
        raise BadSheet("not_excel")
    if len(entries) > 1000 or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise BadSheet("bomb")


def read(content: bytes) -> tuple[Heads, Iterator[Row]]:
    """The heads, and the rows one by one; an iterator that goes too far raises BadSheet("too_many_rows")."""
    check_file(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        lines = book.worksheets[0].iter_rows(max_col=MAX_COLUMNS)
        first = next(lines, ())
    except BadSheet:
        raise
    except Exception:  # openpyxl raises what its parsers happen to raise
        raise BadSheet("not_excel") from None
    titles = [_text(cell) for cell in first]
    while titles and not titles[-1]:
        titles.pop()
    heads = find_heads(titles)
    return heads, _rows(heads, lines)


def _rows(heads: Heads, lines: Iterator) -> Iterator[Row]:
    seen: set[tuple] = set()
    try:
        for sequence, line in enumerate(lines, start=2):
            line = line[: len(heads.titles)]
            cells = [_text(cell) for cell in line]
            cells += [""] * (len(heads.titles) - len(cells))
            if not any(cells):
                continue
            if sequence > MAX_ROWS + 1:
                raise BadSheet("too_many_rows", MAX_ROWS)
            row = _row(heads, sequence, cells, formula=any(cell.data_type == "f" for cell in line))
            mark = hash((row.number, *cells))
            if not row.problem and mark in seen:
                row = row._replace(problem="double")
            seen.add(mark)
            yield row
    except BadSheet:
        raise
    except Exception:
        raise BadSheet("not_excel") from None


def _row(heads: Heads, sequence: int, cells: list[str], formula: bool = False) -> Row:
    """
    >>> heads = find_heads(["手机号", "姓名", "日期"])
    >>> _row(heads, 2, ["139 0000 1234", "张伟", "3月2日"])[1:4]
    ('13900001234', '张伟', {'姓名': '张伟', '日期': '3月2日'})
    >>> [_row(heads, 2, [text, "", ""]).problem for text in ("", "0731-85551234", "1390000123")]
    ['no_number', 'not_mobile', 'not_mobile']
    >>> _row(heads, 2, ["13900001234/13900001235", "", ""]).problem
    'several_numbers'
    >>> [_row(heads, 2, ["13900001234", text, ""]).problem for text in ("x" * 301, "#N/A", "【医院】")]
    ['too_long', 'error', 'brackets']
    """
    name = cells[heads.name] if heads.name is not None else ""
    values = {title: cells[place] for place, title in enumerate(heads.titles) if title and place != heads.number}
    found = phone.split(cells[heads.number])
    number, problem = "", ""
    if formula:
        problem = "formula"
    elif not found:
        problem = "no_number"
    elif len(found) > 1:
        problem = "several_numbers"
    elif found[0].kind != "mobile" or not found[0].valid:
        problem = "not_mobile"
    elif any(len(cell) > MAX_CELL for cell in cells):
        problem = "too_long"
    elif any(cell.startswith("#") and cell.rstrip("!?").isupper() for cell in values.values()):
        problem = "error"
    elif any("【" in cell or "】" in cell for cell in values.values()):
        problem = "brackets"
    else:
        number = found[0].number
    return Row(sequence, number, name[:MAX_CELL], values, [cell[:MAX_CELL] for cell in cells], problem)


def _text(cell) -> str:
    """A cell as a person reads it: whole numbers without a point, dates as dates."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime):
        midnight = value.time() == value.min.time()
        return f"{value:%Y-%m-%d}" if midnight else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    return str(value).strip()


def write(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> bytes:
    """A workbook of one table; every cell is text, so that nothing in it is ever a formula."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"constant_memory": True}) as book:
        sheet = book.add_worksheet(title[:31])
        head = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1})
        text = book.add_format({"num_format": "@"})
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width, text)
        sheet.freeze_panes(1, 0)
        for place, name in enumerate(heads):
            sheet.write_string(0, place, name, head)
        for line, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                sheet.write_string(line, place, cell, text)
    return stream.getvalue()
