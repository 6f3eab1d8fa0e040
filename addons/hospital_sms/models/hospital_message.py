from odoo import fields, models

from odoo.addons.hospital_base.models.hospital_contact import PURPOSES

CHANNELS = [("sms", "SMS"), ("wechat", "WeChat")]
PRIORITIES = [("0", "Urgent"), ("1", "High"), ("2", "Normal"), ("3", "Low")]
OPERATORS = [
    ("cm", "China Mobile"),
    ("cu", "China Unicom"),
    ("ct", "China Telecom"),
    ("cbn", "China Broadnet"),
    ("other", "Other"),
]
MESSAGE_STATES = [
    ("draft", "Not sent yet"),
    ("excluded", "Excluded"),
    ("queued", "Waiting"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("partial", "Delivered in part"),
    ("failed", "Failed"),
    ("unknown", "Unknown"),
    ("silent", "No report"),
    ("cancelled", "Cancelled"),
]
# Nothing more is expected; a late report may still correct "unknown" and "silent".
FINAL_STATES = ("excluded", "delivered", "partial", "failed", "unknown", "silent", "cancelled")


class HospitalMessage(models.Model):
    """One message to one receiver. Never deleted by sending; written by ``hospital_message_queue``, in SQL."""

    _name = "hospital.message"
    _description = "Message"
    _inherit = ["hospital.audited.mixin"]
    _order = "id desc"
    _rec_name = "number_masked"

    channel = fields.Selection(CHANNELS, required=True, default="sms", readonly=True)
    patient_id = fields.Many2one("res.partner", ondelete="restrict", readonly=True)
    number = fields.Char(string="Full Number", groups="hospital_base.group_identity", readonly=True)
    number_masked = fields.Char(string="Receiver", readonly=True)
    openid = fields.Char(readonly=True, groups="hospital_base.group_identity")
    text = fields.Text(required=True, readonly=True)
    values = fields.Json(readonly=True, help="What the templates of vendors and of WeChat ask for.")
    purpose = fields.Selection(PURPOSES, required=True, readonly=True)
    priority = fields.Selection(PRIORITIES, required=True, default="2", readonly=True)
    department_id = fields.Many2one("hr.department", ondelete="restrict", readonly=True)
    sender_id = fields.Many2one("res.users", ondelete="restrict", readonly=True)
    template_id = fields.Many2one("sms.template", ondelete="set null", readonly=True)
    batch_id = fields.Many2one("hospital.message.batch", ondelete="restrict", readonly=True)
    gateway_id = fields.Many2one("hospital.gateway", ondelete="restrict", readonly=True)
    operator = fields.Selection(OPERATORS, readonly=True)
    extension = fields.Char(readonly=True, help="Follows the access number: tells which message a reply answers.")
    state = fields.Selection(MESSAGE_STATES, required=True, default="queued", readonly=True)
    reason = fields.Char(readonly=True, help="Why it was excluded or cancelled: a code of the gate or of ours.")
    code = fields.Char(string="Operator's Code", readonly=True)
    part_count = fields.Integer(string="Parts", default=1, readonly=True)
    plan_at = fields.Datetime(string="Planned", readonly=True)
    sent_at = fields.Datetime(readonly=True)
    done_at = fields.Datetime(string="Reported", readonly=True)
    res_model = fields.Char(string="Origin", readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", string="Origin Record", readonly=True)
    key = fields.Char(readonly=True, copy=False, help="What the sender calls it: the same key is sent once.")
    watched = fields.Boolean(readonly=True, help="Somebody wants to be told what becomes of it: see _settled.")
    root_id = fields.Many2one(
        "hospital.message", readonly=True, index="btree_not_null", ondelete="restrict", help="What this one stands for."
    )
    part_ids = fields.One2many("hospital.message.part", "message_id", readonly=True)

    _key_unique = models.UniqueIndex("(key) WHERE key IS NOT NULL")
    _batch_index = models.Index("(batch_id, state) WHERE batch_id IS NOT NULL")
    _number_index = models.Index("(number, create_date) WHERE number IS NOT NULL")
    _patient_index = models.Index("(patient_id, id DESC) WHERE patient_id IS NOT NULL")

    def _settled(self):
        """Hook: these watched messages have reached a final state, or a late report has changed it; set-based.

        Called as superuser in the transaction that changes them. If it raises, only what it did is rolled back.
        """
