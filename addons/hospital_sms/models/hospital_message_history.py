from odoo import api, fields, models
from odoo.exceptions import UserError


class HospitalMessage(models.Model):
    """A message on the screen: what has become of it in words, the button to send it once more."""

    _inherit = "hospital.message"

    meaning = fields.Char(
        compute="_compute_meaning",
        compute_sudo=True,
        string="Explanation",
        help="What the operator's code means, or why it was not sent.",
    )
    inbound_ids = fields.One2many("hospital.message.inbound", "message_id", string="Replies", readonly=True)

    @api.depends("code", "gateway_id", "reason", "state")
    @api.depends_context("lang")
    def _compute_meaning(self):
        asked = {
            message: (message.gateway_id.protocol, message.state, message.code, message.reason) for message in self
        }
        explanations = self._explanations(set(asked.values()))
        for message in self:
            message.meaning = explanations[asked[message]]

    @api.depends("number_masked", "patient_id")
    @api.depends_context("uid")
    def _compute_display_name(self):
        for message in self:
            message.display_name = message.sudo().patient_id.display_name or message.number_masked

    def action_send_again(self):
        """Button: a new message in place of one that failed or of which nothing certain is known."""
        self.check_access("read")
        new = self.sudo()._send_again()
        if not new:
            raise UserError(self.env._("Only messages that failed, or whose fate is unknown, are sent again."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "name": self.env._("Sent Again"),
            "domain": [("id", "in", new.ids)],
            "res_id": new.id if len(new) == 1 else False,
            "views": [(False, "form")] if len(new) == 1 else [(False, "list"), (False, "form")],
        }
