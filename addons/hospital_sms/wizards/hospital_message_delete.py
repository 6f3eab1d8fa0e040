from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..models.hospital_message_deletion import LEGAL_MONTHS


class HospitalMessageDelete(models.TransientModel):
    """Delete messages from the history, with a reason that stays."""

    _name = "hospital.message.delete"
    _description = "Delete Messages"

    ids_asked = fields.Json(readonly=True, default=lambda self: self.env.context.get("active_ids", []))
    count = fields.Integer(compute="_compute_count", string="To Be Deleted")
    kept_count = fields.Integer(compute="_compute_count", string="Kept")
    reason = fields.Char(help="It stays in the record of deletions: no patient's name or number, please.")

    @api.depends("ids_asked")
    def _compute_count(self):
        for wizard in self:
            wizard.count = len(wizard._deletable())
            wizard.kept_count = len(wizard.ids_asked or []) - wizard.count

    def _deletable(self):
        """Those of the messages asked for that the user sees and that need be kept no longer."""
        limit = self.env["hospital.message.deletion"]._oldest_kept(LEGAL_MONTHS)
        domain = [("id", "in", self.ids_asked or []), ("moment", "<", limit), ("state", "not in", ("draft", "queued"))]
        return self.env["hospital.message"].search(domain)

    def action_delete(self):
        """Button: delete, and record it."""
        self.ensure_one()
        if not self.env.user.has_group("hospital_sms.group_delete"):
            raise AccessError(self.env._("You have no right to delete messages."))
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why the messages are deleted."))
        messages = self._deletable()
        if not messages:
            raise UserError(
                self.env._("Messages must be kept for %s months. None of these may be deleted yet.", LEGAL_MONTHS)
            )
        deletions = self.env["hospital.message.deletion"].sudo()
        count, first, last = deletions._remove(messages.ids, deletions._oldest_kept(LEGAL_MONTHS))
        self.env.invalidate_all()
        deletions.create(
            {
                "user_id": self.env.uid,
                "origin": "hand",
                "reason": self.reason.strip(),
                "count": count,
                "first_at": first,
                "last_at": last,
            }
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%s messages are deleted; the record says who did it and why.", count),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
