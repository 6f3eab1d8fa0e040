import base64
import binascii

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..exchange import definition
from ..exchange.problems import BadFile

# What of a connection a file may say: plain values of its own.
PLAIN = {"char", "text", "integer", "boolean", "selection", "float"}


class HospitalHisImport(models.TransientModel):
    """Take over a file that "Export" has made, after seeing what it changes."""

    _name = "hospital.his.import"
    _inherit = ["hospital.his.message"]
    _description = "Import Feeds"

    source_id = fields.Many2one(
        "hospital.his.source",
        string="Connection",
        ondelete="cascade",
        help="Where feeds go whose file names no connection.",
    )
    file = fields.Binary(required=True, attachment=False)
    file_name = fields.Char()
    problem = fields.Char(compute="_compute_preview")
    preview = fields.Html(compute="_compute_preview", sanitize=False)
    headline = fields.Char(compute="_compute_preview")

    @api.depends("file", "source_id")
    @api.depends_context("lang")
    def _compute_preview(self):
        for wizard in self:
            wizard.problem = wizard.preview = wizard.headline = False
            if not wizard.file:
                continue
            try:
                data = wizard._read()
            except BadFile as bad:
                wizard.problem = self._sentence(bad.code, bad.arguments)
                continue
            source = wizard._source(data)
            if not source and "source" not in data:
                wizard.problem = self.env._("The file names no connection: choose one.")
                continue
            current = source._current_of(data) if source else {}
            found = definition.differences(current, data)
            kinds = {
                line["codemap"]: (feed["kind"], line["target"])
                for feed in data["feeds"]
                for line in feed["fields"]
                if line.get("codemap")
            }
            known = {feed["code"] for feed in current.get("feeds", ())}
            new = [feed["code"] for feed in data["feeds"] if feed["code"] not in known]
            wizard.preview = self.env["hospital.his.feed"]._differences_html(found, kinds)
            wizard.headline = self.env._(
                "%(name)s: %(new)s new feeds, %(known)s known ones, %(count)s differences.",
                name=source.name or data["source"]["name"],
                new=len(new),
                known=len(known),
                count=len(found),
            )

    def _read(self):
        """The file, checked: first by itself, then against what a connection has here."""
        try:
            content = base64.b64decode(self.file, validate=True)
        except binascii.Error:
            raise BadFile("file_not_json") from None
        data = definition.parse(content)
        known = self.env["hospital.his.source"]._fields
        for name, value in data.get("source", {}).items():
            field = known.get(name)
            if not field or not field.store or field.type not in PLAIN or name in models.MAGIC_COLUMNS:
                raise BadFile("file_unknown", place="source", name=name, value=str(value)[:64])
            choices = field.get_values(self.env) if field.type == "selection" else ()
            if choices and value and value not in choices:
                raise BadFile("file_unknown", place="source", name=name, value=str(value)[:64])
        return data

    def _source(self, data):
        if "source" not in data:
            return self.source_id
        return self.source_id.with_context(active_test=False).search([("code", "=", data["source"]["code"])])

    def action_import(self):
        """Make what the preview has shown."""
        self.ensure_one()
        try:
            data = self._read()
        except BadFile as bad:
            raise UserError(self._sentence(bad.code, bad.arguments)) from None
        source = self._source(data)
        if "source" not in data:
            if not source:
                raise UserError(self.env._("The file names no connection: choose one."))
            data["source"] = {"code": source.code}
        try:
            with self.env.cr.savepoint():
                source = source._import_definition(data)
        except (ValidationError, ValueError, TypeError, psycopg2.Error) as error:
            message = str(error).split("\n", maxsplit=1)[0]
            raise UserError(self._sentence("file_refused", {"message": message})) from None
        return {
            "type": "ir.actions.act_window",
            "res_model": source._name,
            "res_id": source.id,
            "views": [(False, "form")],
            "target": "current",
        }
