from odoo import fields, models

from .hospital_contact import PURPOSES


class HospitalContactRefusal(models.Model):
    """The patient does not want to be contacted for one purpose."""

    _name = "hospital.contact.refusal"
    _description = "Refusal of Contact"
    _order = "at desc, id desc"
    _rec_name = "purpose"

    patient_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    purpose = fields.Selection(PURPOSES, required=True)
    reason = fields.Char()
    at = fields.Datetime(required=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, string="Recorded by")

    _one_per_purpose = models.UniqueIndex("(patient_id, purpose)", "This refusal is already recorded.")
