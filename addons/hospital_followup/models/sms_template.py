from odoo import fields, models


class SmsTemplate(models.Model):
    _inherit = "sms.template"

    subject = fields.Selection(selection_add=[("hospital.followup.task", "Follow-up")])
    sample_ref = fields.Reference(selection_add=[("hospital.followup.task", "Follow-up")])
