from odoo import fields, models

from odoo.addons.hospital_base.models.hospital_contact import PURPOSES

from .hospital_message import PRIORITIES

BATCH_STATES = [
    ("draft", "Draft"),
    ("checking", "Being checked"),
    ("ready", "Checked"),
    ("approval", "Waits for approval"),
    ("sending", "Being sent"),
    ("paused", "Paused"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]


class HospitalMessageBatch(models.Model):
    """A message to many: to a selection, a saved filter or a list."""

    _name = "hospital.message.batch"
    _description = "Batch of Messages"
    _order = "id desc"

    name = fields.Char(required=True)
    state = fields.Selection(BATCH_STATES, required=True, default="draft", readonly=True, copy=False)
    template_id = fields.Many2one("sms.template", ondelete="restrict", index="btree_not_null")
    text = fields.Text()
    purpose = fields.Selection(PURPOSES, required=True, default="notice")
    priority = fields.Selection(PRIORITIES, required=True, default="2")
    department_id = fields.Many2one("hr.department", ondelete="restrict", index="btree_not_null")
    plan_at = fields.Datetime(string="Send At", help="Empty: at once.")
    message_ids = fields.One2many("hospital.message", "batch_id", readonly=True)
