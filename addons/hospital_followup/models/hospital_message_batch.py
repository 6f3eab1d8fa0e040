from odoo import fields, models


class HospitalMessageBatch(models.Model):
    _inherit = "hospital.message.batch"

    source = fields.Selection(
        selection_add=[("hospital.followup.task", "Follow-ups"), ("staff",)],
        ondelete={"hospital.followup.task": "set default"},
    )
