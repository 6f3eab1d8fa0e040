"""The figures as an Excel workbook that prints well: tables with live rates, a chart, the definitions.

Rates are formulas with the value already calculated, so that every reader shows the same number.
Text always goes in as text: a department called ``=cmd`` stays a name.
"""

import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

A4 = 9
WIDEST = 60
EMPTY_RATE = ""


@dataclass(frozen=True)
class Column:
    """A column of counts, or of the rate of one count in another (``of``)."""

    title: str
    count: str
    of: str = ""
    drawn: bool = False  # in the table's chart


@dataclass(frozen=True)
class Table:
    """A sheet: rows of labels and counts under the titles of the labels and the columns."""

    name: str
    labels: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[tuple[Sequence[str], Mapping[str, int]]]
    chart: str = ""  # name of the chart's sheet

    def totals(self) -> dict[str, int]:
        """
        >>> columns = [Column("Due", "due"), Column("Done", "done"), Column("Rate", "done", "due")]
        >>> rows = [(["A"], {"due": 4, "done": 3}), (["B"], {"due": 2, "done": 0})]
        >>> Table("Figures", ["Ward"], columns, rows).totals()
        {'due': 6, 'done': 3}
        """
        names = [column.count for column in self.columns if not column.of]
        return {name: sum(counts[name] for _labels, counts in self.rows) for name in names}


@dataclass(frozen=True)
class TextSheet:
    name: str
    titles: Sequence[str]
    rows: Sequence[Sequence[str]]


def build(title: str, facts: Sequence[str], tables: Sequence[Table], definitions: TextSheet, total_label: str) -> bytes:
    """Return the workbook; ``facts`` are lines under the title: the hospital, the filters, who and when."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.set_properties({"title": title})
        formats = _formats(book)
        for table in tables:
            _write_table(book, formats, table, title, facts, total_label)
        _write_text(book, formats, definitions)
    return stream.getvalue()


def width(text: str) -> int:
    """Return how many narrow characters wide ``text`` is printed.

    >>> width("ICU"), width("心内一科")
    (3, 8)
    """
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _formats(book):
    line = {"border": 1, "border_color": "#BFBFBF", "valign": "vcenter"}
    head = line | {"bold": True, "text_wrap": True, "align": "center", "bg_color": "#DCE6F1"}
    total = line | {"bold": True, "top": 2, "top_color": "#404040"}
    return {
        name: book.add_format(look)
        for name, look in {
            "title": {"bold": True, "font_size": 16},
            "fact": {"font_color": "#595959"},
            "head": head,
            "text": line,
            "wrapped": line | {"text_wrap": True, "valign": "top"},
            "count": line | {"num_format": "#,##0"},
            "rate": line | {"num_format": "0.0%"},
            "total_text": total,
            "total_count": total | {"num_format": "#,##0"},
            "total_rate": total | {"num_format": "0.0%"},
        }.items()
    }


def _write_table(book, formats, table, title, facts, total_label):
    sheet = book.add_worksheet(table.name)
    sheet.write_string(0, 0, title, formats["title"])
    sheet.set_row(0, 24)
    for row, fact in enumerate(facts, start=1):
        sheet.write_string(row, 0, fact, formats["fact"])
    head = len(facts) + 2
    titles = [*table.labels, *(column.title for column in table.columns)]
    for position, text in enumerate(titles):
        sheet.write_string(head, position, text, formats["head"])
    sheet.set_row(head, 32)
    first = head + 1
    for row, (labels, counts) in enumerate(table.rows, start=first):
        for position, text in enumerate(labels):
            sheet.write_string(row, position, text, formats["text"])
        _write_figures(sheet, formats, table, row, counts)
    last = head + len(table.rows)
    _write_total(sheet, formats, table, first, last, total_label)
    for position, text in enumerate(titles):
        entries = [labels[position] for labels, _counts in table.rows] if position < len(table.labels) else []
        # A title may take two lines, an entry may not.
        widest = max([width(text) // 2 + 2, 9, *(width(entry) + 2 for entry in entries)])
        sheet.set_column(position, position, min(widest, WIDEST))
    sheet.freeze_panes(first, len(table.labels))
    _set_up_print(sheet, head)
    if table.chart and table.rows:
        _add_chart(book, table, first, last)


def _positions(table):
    """Return the position of each count's own column."""
    return {
        column.count: position
        for position, column in enumerate(table.columns, start=len(table.labels))
        if not column.of
    }


def _write_figures(sheet, formats, table, row, counts, look=""):
    at = _positions(table)
    for position, column in enumerate(table.columns, start=len(table.labels)):
        if not column.of:
            sheet.write_number(row, position, counts[column.count], formats[look + "count"])
            continue
        part, whole = (xl_rowcol_to_cell(row, at[name]) for name in (column.count, column.of))
        value = counts[column.count] / counts[column.of] if counts[column.of] else EMPTY_RATE
        sheet.write_formula(row, position, f'=IF({whole}=0,"",{part}/{whole})', formats[look + "rate"], value)


def _write_total(sheet, formats, table, first, last, label):
    row, totals = last + 1, table.totals()
    sheet.write_string(row, 0, label, formats["total_text"])
    for position in range(1, len(table.labels)):
        sheet.write_blank(row, position, None, formats["total_text"])
    _write_figures(sheet, formats, table, row, totals, look="total_")
    for name, position in _positions(table).items() if table.rows else ():
        letter = xl_col_to_name(position)
        formula = f"=SUM({letter}{first + 1}:{letter}{last + 1})"
        sheet.write_formula(row, position, formula, formats["total_count"], totals[name])


def _add_chart(book, table, first, last):
    chart = book.add_chart({"type": "column"})
    for position, column in enumerate(table.columns, start=len(table.labels)):
        if column.drawn:
            chart.add_series(
                {
                    "name": column.title,
                    "categories": [table.name, first, 0, last, len(table.labels) - 1],
                    "values": [table.name, first, position, last, position],
                }
            )
    chart.set_title({"name": table.chart})
    chart.set_y_axis({"num_format": "0%", "min": 0, "max": 1, "major_gridlines": {"visible": True}})
    chart.set_legend({"position": "bottom"})
    sheet = book.add_chartsheet(table.chart)
    sheet.set_chart(chart)
    sheet.set_landscape()
    sheet.set_paper(A4)


def _write_text(book, formats, text):
    sheet = book.add_worksheet(text.name)
    for position, head in enumerate(text.titles):
        sheet.write_string(0, position, head, formats["head"])
        entries = [width(row[position]) + 2 for row in text.rows]
        sheet.set_column(position, position, min(max([width(head) + 2, *entries]), WIDEST))
    for row, entries in enumerate(text.rows, start=1):
        for position, entry in enumerate(entries):
            sheet.write_string(row, position, entry, formats["wrapped"])
    sheet.freeze_panes(1, 1)
    _set_up_print(sheet, 0)


def _set_up_print(sheet, head):
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(head)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.set_footer("&C&P / &N")
