"""A list as Excel files that grow on disk, not in memory."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import xlsxwriter


class Sheet:
    """One file of rows under titles; used in a ``with`` statement. A text stays a text, whatever it begins with."""

    def __init__(self, path: str, name: str, titles: Sequence[str], widths: Sequence[int]) -> None:
        self._book = xlsxwriter.Workbook(path, {"constant_memory": True})
        self._sheet = self._book.add_worksheet(name)
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        bold = self._book.add_format({"bold": True, "bottom": 1})
        for column, (title, width) in enumerate(zip(titles, widths, strict=True)):
            self._sheet.set_column(column, column, width)
            self._sheet.write_string(0, column, title, bold)
        self._sheet.freeze_panes(1, 0)
        self.rows = 0

    def __enter__(self) -> "Sheet":
        return self

    def __exit__(self, *error: object) -> None:
        self._book.close()

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        """Write rows of texts, numbers, naive datetimes and None."""
        for row in rows:
            self.rows += 1
            for column, value in enumerate(row):
                if isinstance(value, datetime):
                    self._sheet.write_datetime(self.rows, column, value, self._moment)
                elif isinstance(value, int):
                    self._sheet.write_number(self.rows, column, value)
                elif value:
                    self._sheet.write_string(self.rows, column, str(value))
