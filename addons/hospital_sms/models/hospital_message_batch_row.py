import base64

from psycopg2.extras import Json, execute_values

from odoo import fields, models

from ..batches import sheet

PAGE = 1000


class HospitalMessageBatchRow(models.Model):
    """A row of an Excel list: a receiver, or with what is wrong with it. Kept until the batch is deleted."""

    _name = "hospital.message.batch.row"
    _description = "Row of a List"
    _order = "id"
    _log_access = False

    batch_id = fields.Many2one("hospital.message.batch", required=True, ondelete="cascade", readonly=True)
    sequence = fields.Integer(string="Row", readonly=True)
    number = fields.Char(string="Full Number", readonly=True, groups="hospital_base.group_identity")
    name = fields.Char(readonly=True)
    values = fields.Json(readonly=True)
    cells = fields.Json(readonly=True)
    problem = fields.Char(readonly=True)

    _batch_index = models.Index("(batch_id, id)")


class HospitalMessageBatch(models.Model):
    """A list as the source of a batch: its good rows are written to, its bad ones are given back."""

    _inherit = "hospital.message.batch"

    def _content(self):
        """The file as it was saved: a page may hold its size in the field's place."""
        return base64.b64decode(self._origin.sudo().with_context(bin_size=False).file_data or b"")

    def _heads(self):
        """The heads of the list; raises BadSheet."""
        return sheet.read(self._content())[0]

    def _load_list(self):
        """Read the whole file into rows, in one transaction; returns how many are good. Raises BadSheet."""
        self.env.cr.execute("DELETE FROM hospital_message_batch_row WHERE batch_id = %s", [self.id])
        _heads, rows = sheet.read(self._content())
        good = bad = 0
        page = []
        for row in rows:
            bad += bool(row.problem)
            good += not row.problem
            # What was good needs no cells: they are only kept to be given back.
            cells = Json(row.cells) if row.problem else None
            page.append((self.id, row.sequence, row.number, row.name, Json(row.known), cells, row.problem or None))
            if len(page) == PAGE:
                self._insert_rows(page)
                page = []
        self._insert_rows(page)
        if not good + bad:
            raise sheet.BadSheet("no_rows")
        self.bad_row_count = bad
        return good

    def _insert_rows(self, rows):
        execute_values(
            self.env.cr._obj,
            """INSERT INTO hospital_message_batch_row (batch_id, sequence, number, name, "values", cells, problem)
               VALUES %s""",
            rows,
            page_size=PAGE,
        )

    # -- files -----------------------------------------------------------------------------------------------

    def action_bad_rows(self):
        """Download the rows that were not taken, each with the reason."""
        self.ensure_one()
        self._require_author()
        return {
            "type": "ir.actions.act_url",
            "url": f"/hospital_sms/batch/{self.id}/bad_rows",
            "target": "download",
        }

    def action_list_template(self):
        return {"type": "ir.actions.act_url", "url": "/hospital_sms/batch/list", "target": "download"}

    def _bad_rows_file(self):
        rows = (
            self.env["hospital.message.batch.row"]
            .sudo()
            .search_fetch(
                [("batch_id", "=", self.id), ("problem", "!=", False)], ["sequence", "cells", "problem"], order="id"
            )
        )
        titles = [self.env._("Row"), *self._heads().titles, self.env._("What is wrong")]
        lines = ([str(row.sequence), *row.cells, self._sentence(row.problem)] for row in rows)
        return sheet.write(self.env._("Rows to mend"), titles, lines, [6, *[16] * (len(titles) - 2), 40])

    def _list_template_file(self):
        heads = [self.env._("Mobile number"), self.env._("Name"), self.env._("Date"), self.env._("Place")]
        example = [["13900001234", "张伟", "3月2日上午", "门诊楼二层"]]
        return sheet.write(self.env._("Receivers"), heads, example, [16, 12, 16, 24])
