from odoo import api, fields, models

from .hospital_message import CHANNELS


class HospitalMessageInbound(models.Model):
    """A text from a receiver: a reply, a refusal, something of its own."""

    _name = "hospital.message.inbound"
    _description = "Incoming Message"
    _inherit = ["hospital.audited.mixin"]
    _order = "id desc"
    _rec_name = "number_masked"

    channel = fields.Selection(CHANNELS, required=True, default="sms", readonly=True)
    gateway_id = fields.Many2one("hospital.gateway", ondelete="restrict", readonly=True, index=True)
    key = fields.Char(required=True, readonly=True, help="Tells one that was sent twice.")
    number = fields.Char(string="Full Number", groups="hospital_base.group_identity", readonly=True)
    number_masked = fields.Char(string="From", readonly=True)
    openid = fields.Char(readonly=True, groups="hospital_base.group_identity")
    destination = fields.Char(readonly=True, help="Our access number and extension.")
    text = fields.Text(readonly=True)
    at = fields.Datetime(required=True, default=fields.Datetime.now, readonly=True)
    patient_id = fields.Many2one("res.partner", ondelete="restrict", readonly=True)
    message_id = fields.Many2one(
        "hospital.message", string="Answers", ondelete="set null", readonly=True, index="btree_not_null"
    )
    kind = fields.Selection(
        [("new", "Not read yet"), ("reply", "Reply"), ("refusal", "Wants no more")],
        required=True,
        default="new",
        readonly=True,
    )
    department_id = fields.Many2one("hr.department", ondelete="set null", readonly=True, index="btree_not_null")
    case_id = fields.Many2one("hospital.case", ondelete="set null", readonly=True, index="btree_not_null")

    _key_unique = models.UniqueIndex("(gateway_id, key)")
    _patient_index = models.Index("(patient_id, id DESC) WHERE patient_id IS NOT NULL")
    _number_index = models.Index("(number)")

    @api.model
    def _handle(self, ids):
        """Hook: these texts have come in. Called once for each, as superuser, in the transaction that keeps them."""
