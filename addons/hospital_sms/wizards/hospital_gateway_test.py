from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.hospital_base.identity import phone

from ..models.hospital_message import FINAL_STATES, MESSAGE_STATES
from ..models.hospital_message_queue import Draft, Terms


class HospitalGatewayTest(models.TransientModel):
    """One message to a number of one's own by a certain gateway, through the queue like all others."""

    _name = "hospital.gateway.test"
    _description = "Test of a Gateway"

    gateway_id = fields.Many2one("hospital.gateway", required=True, readonly=True, ondelete="cascade")
    number = fields.Char(string="Phone Number", required=True)
    text = fields.Char(required=True, default=lambda self: self.env._("This is a test. No answer is needed."))
    message_id = fields.Many2one("hospital.message", readonly=True, ondelete="cascade")
    state = fields.Selection(MESSAGE_STATES, compute="_compute_state")
    note = fields.Char(compute="_compute_note")

    @api.model
    def _begin(self, gateway):
        return self.browse()._show() | {"context": {"default_gateway_id": gateway.id}}

    def _show(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send Test"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
        }

    @api.depends("message_id")
    def _compute_state(self):
        for test in self:
            test.state = test.sudo().message_id.state

    @api.depends("number", "message_id", "gateway_id")
    @api.depends_context("lang")
    def _compute_note(self):
        """What is to be expected, then what the operator said."""
        live = self.env["hospital.gateway"]._is_live()
        for test in self:
            message, gateway = test.sudo().message_id, test.gateway_id
            if message.code:
                code = (message.gateway_id.protocol, message.code)
                test.note = self.env["hospital.message.code"]._meanings([code]).get(code) or message.code
            elif message:
                waits = message.state not in FINAL_STATES
                test.note = waits and self.env._("Press “Look again”: the report takes some seconds.")
            elif not gateway.enabled:
                test.note = self.env._("The gateway is off: the message will wait until it is on.")
            elif gateway.protocol == "simulator":
                test.note = self.env._("The simulator answers as an operator would; nothing reaches a phone.")
            elif live or self.env["hospital.gateway.allowed"].search_count([("number", "=", test.number)], limit=1):
                test.note = False
            else:
                test.note = self.env._(
                    "Real sending is off and this number is not among those for tests: the simulator will answer."
                )

    def action_send(self):
        self.ensure_one()
        if not self.env["hospital.gateway"].has_access("write"):
            raise AccessError(self.env._("Only those who set up gateways may test them."))
        known = [one.number for one in phone.split(self.number) if one.valid]
        if len(known) != 1:
            raise UserError(self.env._("Write one telephone number."))
        # The time makes it another text than that of a test before.
        now = fields.Datetime.context_timestamp(self, fields.Datetime.now())
        draft = Draft(f"{self.text} {now:%H:%M:%S}", known[0])
        terms = Terms("notice", priority="0", gateway_id=self.gateway_id.id)
        (message_id,) = self.env["hospital.message"].sudo()._enqueue([draft], terms)
        self.write({"number": known[0], "message_id": message_id})
        return self._show()

    def action_look(self):
        """What has become of it by now."""
        self.ensure_one()
        return self._show()
