import io

from openpyxl import load_workbook

from odoo.tests import BaseCase

from ..statistics.workbook import A4, Column, Table, TextSheet, build

ROW = 5  # first line under the titles, with one fact
COLUMNS = [Column("Due", "due"), Column("Done", "done"), Column("Rate", "done", "due", drawn=True)]


class TestWorkbook(BaseCase):
    """What a leader opens in Excel, WPS or a viewer."""

    def _build(self, rows, facts=("Hospital: X", "Filters: March"), values=True):
        table = Table("Figures", ["Department"], COLUMNS, rows, chart="Chart")
        definitions = TextSheet("Definitions", ["Figure", "Formula"], [["Rate", "=done/due"]])
        content = build("Follow-up", facts, [table], definitions, "Total")
        return load_workbook(io.BytesIO(content), data_only=values)

    def test_rates_are_formulas_with_the_same_value_calculated(self):
        rows = [
            (["Cardiology"], {"due": 4, "done": 3}),
            (["Surgery"], {"due": 2, "done": 0}),
            (["ICU"], {"due": 0, "done": 0}),
        ]
        shown = self._build(rows)["Figures"]
        live = self._build(rows, values=False)["Figures"]
        self.assertEqual([cell.value for cell in shown[5]], ["Department", "Due", "Done", "Rate"])
        self.assertEqual([cell.value for cell in shown[6]], ["Cardiology", 4, 3, 0.75])
        self.assertEqual([cell.value for cell in live[6]], ["Cardiology", 4, 3, '=IF(B6=0,"",C6/B6)'])
        self.assertEqual([cell.value for cell in shown[7]], ["Surgery", 2, 0, 0])
        self.assertFalse(shown["D8"].value, "The rate of nothing is empty, not 0 %.")
        self.assertEqual([cell.value for cell in shown[9]], ["Total", 6, 3, 0.5])
        self.assertEqual(
            [cell.value for cell in live[9]], ["Total", "=SUM(B6:B8)", "=SUM(C6:C8)", '=IF(B9=0,"",C9/B9)']
        )
        self.assertEqual(shown["D6"].number_format, "0.0%")

    def test_text_stays_text(self):
        """A name of a department or a filter must not run as a formula on the leader's machine."""
        evil = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)"]
        book = self._build([([name], {"due": 1, "done": 1}) for name in evil], facts=["=1+1"], values=False)
        for cell in (
            book["Figures"]["A2"],
            *(book["Figures"].cell(row, 1) for row in range(ROW, ROW + 4)),
            book["Definitions"]["B2"],
        ):
            self.assertEqual(cell.data_type, "s", cell.value)
        self.assertEqual([book["Figures"].cell(row, 1).value for row in range(ROW, ROW + 4)], evil)

    def test_sheet_prints_and_reads_well(self):
        book = self._build([(["心血管内科一病区"], {"due": 4, "done": 3})])
        self.assertEqual(book.sheetnames, ["Figures", "Chart", "Definitions"])
        sheet = book["Figures"]
        self.assertEqual((sheet.page_setup.orientation, sheet.page_setup.paperSize), ("landscape", A4))
        self.assertEqual(sheet.freeze_panes, "B6")
        self.assertGreaterEqual(sheet.column_dimensions["A"].width, 16, "Eight Chinese characters fit.")
        self.assertEqual(
            [sheet["A1"].value, sheet["A2"].value, sheet["A3"].value], ["Follow-up", "Hospital: X", "Filters: March"]
        )

    def test_nothing_to_show(self):
        sheet = self._build([], facts=["March"])["Figures"]
        self.assertEqual([cell.value for cell in sheet[ROW]][:3], ["Total", 0, 0])
