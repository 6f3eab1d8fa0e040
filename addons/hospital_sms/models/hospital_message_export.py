import logging
import os
import tempfile
from datetime import timedelta

from psycopg2 import InterfaceError, OperationalError

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..history.sheet import Sheet

_logger = logging.getLogger(__name__)

# Up to so many messages the asker waits for the file.
SMALL = 10_000
CHUNK = 5_000
# Rows of one file: what is kept of a file goes through memory once.
FILE_ROWS = 200_000
KEEP_DAYS = 7

# Columns of the list, with their widths. ``number`` is the masked one, unless the asker sees full numbers.
MOMENTS = ("plan_at", "sent_at", "done_at")
COLUMNS = {
    "id": 11,
    "patient_id": 14,
    "number": 15,
    "text": 60,
    "state": 12,
    "code": 12,
    "meaning": 24,
    "plan_at": 20,
    "sent_at": 20,
    "done_at": 20,
    "part_count": 6,
    "channel": 8,
    "purpose": 12,
    "department_id": 18,
    "sender_id": 14,
    "template_id": 18,
    "batch_id": 18,
    "gateway_id": 16,
    "operator": 12,
}


class HospitalMessageExport(models.Model):
    """Messages as Excel files, for who asked for them. What is asked for is a domain, read with the asker's rights."""

    _name = "hospital.message.export"
    _description = "Export of Messages"
    _order = "id desc"
    _rec_name = "filters"

    filters = fields.Char(readonly=True, help="What was asked for, in words.")
    domain = fields.Json(readonly=True)
    state = fields.Selection(
        [("waiting", "Waiting"), ("running", "Being written"), ("done", "Done"), ("failed", "Failed")],
        required=True,
        default="waiting",
        readonly=True,
    )
    total = fields.Integer(string="Messages", readonly=True)
    done = fields.Integer(string="Written", readonly=True)
    progress = fields.Float(compute="_compute_progress", string="Progress (%)")
    attachment_ids = fields.Many2many("ir.attachment", string="Files", readonly=True)
    done_at = fields.Datetime(string="Finished", readonly=True)

    _open_index = models.Index("(id) WHERE state IN ('waiting', 'running')")

    @api.depends("total", "done")
    def _compute_progress(self):
        for export in self:
            export.progress = 100 * export.done / export.total if export.total else 0

    @api.model
    def begin(self, domain, filters):
        """For the list's button: write what ``domain`` finds; returns an action, a download if it is little.

        domain: list; filters: the same in words, for the log.
        """
        if not self.env.user.has_group("base.group_allow_export"):
            raise AccessError(self.env._("Your role does not export."))
        messages = self.env["hospital.message"]
        messages.check_access("read")
        total = messages.search_count(Domain(domain))
        if not total:
            raise UserError(self.env._("No message matches these filters."))
        export = self.sudo().create({"domain": domain, "filters": filters or self.env._("All"), "total": total})
        if total > SMALL:
            self.env.ref("hospital_sms.schedule_message_export").sudo()._ask()
            return export._form()
        for _done in export._write_files():
            pass
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{export.attachment_ids.id}?download=true",
            "target": "self",
        }

    def _form(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Export"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    @api.model
    def _run_waiting(self):
        """Job: write what was asked for. What a killed process had begun is begun anew."""
        while export := self.search([("state", "in", ("waiting", "running"))], order="id", limit=1):
            asker = export.create_uid
            export = export.with_user(asker).with_context(lang=asker.lang).sudo()
            export.state = "running"
            try:
                for done in export._write_files():
                    export.done = done
                    self.env.cr.commit()  # pylint: disable=invalid-commit; the page shows how far it is
            except (OperationalError, InterfaceError):  # the database's trouble: the whole job begins anew
                raise
            except Exception as error:  # the asker has lost the right, or the filter its field: the others wait
                self.env.cr.rollback()
                # Only the place: what the error says may quote what was looked for.
                _logger.warning("Export %s of messages failed: %s", export.id, type(error).__name__)
                export.state = "failed"
            self.env.cr.commit()  # pylint: disable=invalid-commit; the next one is another matter
            asker._bus_send("simple_notification", export._notice())

    def _notice(self):
        if self.state == "failed":
            return {"type": "danger", "message": self.env._("The export of messages has failed.")}
        return {"type": "success", "message": self.env._("The export of messages is ready: see Messages › History.")}

    def _write_files(self):
        """Write the files, with the rights of who asked; yields after each chunk how many messages are written."""
        reader = self.sudo(False)
        if not self.env.user.has_group("base.group_allow_export"):
            raise AccessError(self.env._("Your role does not export."))
        titles, widths = reader._titles(), list(COLUMNS.values())
        written, rows, files = 0, reader._rows(), self.env["ir.attachment"]
        # Those of a killed process, which had begun.
        files.search([("res_model", "=", self._name), ("res_id", "=", self.id)]).unlink()
        chunk = next(rows, None)
        while chunk:
            handle, path = tempfile.mkstemp(suffix=".xlsx")
            os.close(handle)
            try:
                with Sheet(path, self.env._("Messages"), titles, widths) as sheet:
                    while chunk and sheet.rows < FILE_ROWS:
                        sheet.add(chunk)
                        written += len(chunk)
                        yield written
                        chunk = next(rows, None)
                files += self._attach(path, len(files) + 1)
            finally:
                os.unlink(path)
        self.write({"attachment_ids": files.ids, "state": "done", "done": written, "done_at": fields.Datetime.now()})
        log = self.env["hospital.access.log"]
        log._log("export", self.env["hospital.message"], reason=self.filters, count=written)

    def _attach(self, path, number):
        with open(path, "rb") as stream:
            content = stream.read()
        day = self.env["res.company"]._hospital_today()
        name = self.env._("Messages %(day)s, %(number)s.xlsx", day=day, number=number)
        return self.env["ir.attachment"].create(
            {"name": name, "raw": content, "res_model": self._name, "res_id": self.id}
        )

    def _titles(self):
        fields_of = self.env["hospital.message"]._fields
        own = {
            "id": self.env._("Number"),
            "number": self.env._("Receiver"),
            "patient_id": self.env._("Patient"),
        }
        return [own.get(name) or fields_of[name]._description_string(self.env) for name in COLUMNS]

    def _rows(self):
        """Lists of rows, newest first, in chunks by the primary key: each is read by a query of its own."""
        messages = self.env["hospital.message"]
        domain, last = Domain(self.domain or []), None
        full = self.env.user.has_group("hospital_base.group_identity")
        zone = self.env.company.hospital_tz
        while True:
            query = messages._search(domain & Domain("id", "<", last) if last else domain, order="id desc", limit=CHUNK)
            columns = [self._column(query.table, name, full, zone) for name in COLUMNS]
            found = self.env.execute_query_dict(query.select(*columns))
            if not found:
                return
            last = found[-1]["id"]
            yield self._in_words(found)
            self.env.invalidate_all()

    @api.model
    def _column(self, alias, name, full, zone):
        if name == "number" and not full:
            return SQL("%s AS number", SQL.identifier(alias, "number_masked"))
        if name == "meaning":
            return SQL("%s AS meaning", SQL.identifier(alias, "reason"))
        column = SQL.identifier(alias, name)
        if name in MOMENTS:
            column = SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)", column, zone)
        return SQL("%s AS %s", column, SQL.identifier(name))

    @api.model
    def _in_words(self, found):
        """Rows of a chunk: names for ids, words for codes; patients as the asker may see their names."""
        messages = self.env["hospital.message"]
        words = {}
        for name in COLUMNS:
            field = messages._fields.get(name)
            if field and field.type == "many2one":
                records = self.env[field.comodel_name].sudo().browse({row[name] for row in found if row[name]})
                words[name] = {record.id: record.display_name for record in records}
            elif field and field.type == "selection":
                words[name] = dict(field._description_selection(self.env))
        gateways = self.env["hospital.gateway"].sudo().browse({row["gateway_id"] for row in found if row["gateway_id"]})
        protocols = {gateway.id: gateway.protocol for gateway in gateways}
        for row in found:
            row["meaning"] = protocols.get(row["gateway_id"]), row["state"], row["code"], row["meaning"]
        words["meaning"] = messages._explanations({row["meaning"] for row in found})
        return [[words[name].get(row[name]) if name in words else row[name] for name in COLUMNS] for row in found]

    @api.model
    def _drop_old(self):
        """Files are kept for some days."""
        old = self.sudo().search([("create_date", "<", fields.Datetime.now() - timedelta(days=KEEP_DAYS))])
        old.attachment_ids.unlink()
        old.unlink()
