import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..exchange.problems import ReadingFailed

# What a person writes directly; the rest changes by the buttons and the runs.
WRITABLE = {"payload", "payload_text"}


class HospitalHisDeadletter(models.Model):
    """A row of the HIS that was not taken: kept as it came, with the reason, to be corrected and replayed."""

    _name = "hospital.his.deadletter"
    _inherit = ["hospital.his.message", "hospital.audited.mixin"]
    _description = "Dead Letter"
    _order = "id desc"
    _rec_name = "external_id"
    _audited_fields = ("payload", "payload_text")

    feed_id = fields.Many2one("hospital.his.feed", required=True, ondelete="cascade", readonly=True)
    run_id = fields.Many2one("hospital.his.run", ondelete="set null", readonly=True, index="btree_not_null")
    external_id = fields.Char(string="HIS Key", required=True, readonly=True)
    state = fields.Selection(
        [
            ("open", "Open"),
            ("waiting", "Waits for another record"),
            ("replayed", "Replayed"),
            ("resolved", "Resolved by itself"),
            ("ignored", "Ignored"),
        ],
        required=True,
        default="open",
        readonly=True,
        index=True,
    )
    code = fields.Char(string="Reason (code)", required=True, readonly=True, index=True)
    arguments = fields.Json(readonly=True, export_string_translation=False)
    reason = fields.Char(compute="_compute_reason")
    payload = fields.Json(readonly=True, export_string_translation=False)
    payload_text = fields.Text(
        compute="_compute_payload_text",
        inverse="_inverse_payload_text",
        string="Row",
        help="The row as it came, as JSON.",
    )
    waits_kind = fields.Char(readonly=True, export_string_translation=False)
    waits_key = fields.Char(readonly=True, export_string_translation=False)
    attempts = fields.Integer(readonly=True, default=1)

    _one_open = models.UniqueIndex("(feed_id, external_id) WHERE state IN ('open', 'waiting', 'ignored')")
    _waiting_index = models.Index("(feed_id, waits_kind, waits_key) WHERE state = 'waiting'")

    @api.depends("code", "arguments")
    @api.depends_context("lang")
    def _compute_reason(self):
        for letter in self:
            letter.reason = self._sentence(letter.code, letter.arguments)

    @api.depends("payload")
    def _compute_payload_text(self):
        for letter in self:
            letter.payload_text = letter.payload and json.dumps(letter.payload, ensure_ascii=False, indent=2)

    def _inverse_payload_text(self):
        for letter in self:
            try:
                payload = json.loads(letter.payload_text or "")
            except ValueError as error:
                raise ValidationError(self.env._("The row is not valid JSON: %s", error)) from None
            if not isinstance(payload, dict) or payload.keys() != letter.payload.keys():
                raise ValidationError(self.env._("Change the values of the row, not its columns."))
            letter.payload = payload

    def write(self, vals):
        if not self.env.su and vals.keys() - WRITABLE:
            raise AccessError(self.env._("Only the row can be corrected; use the buttons for the rest."))
        return super().write(vals)

    def action_replay(self):
        """Put the rows, corrected or not, through the same mapping again."""
        self.check_access("write")
        letters = self.filtered(lambda letter: letter.state in ("open", "waiting", "ignored")).sudo()
        letters.filtered(lambda letter: letter.state == "ignored").state = "open"
        letters.flush_recordset()
        passed = 0
        for feed, group in letters.grouped("feed_id").items():
            with feed._locked() as locked:
                if not locked:
                    raise UserError(self._sentence("busy", {}))
                try:
                    passed += feed._replay(group, "replayed")
                except ReadingFailed as failure:
                    raise UserError(self._sentence(failure.code, failure.arguments)) from None
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if passed == len(letters) else "warning",
                "message": self.env._("%(passed)s of %(all)s rows were taken.", passed=passed, all=len(letters)),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_ignore(self):
        """Leave the row out until it changes in the HIS."""
        self.check_access("write")
        self.filtered(lambda letter: letter.state in ("open", "waiting")).sudo().state = "ignored"
