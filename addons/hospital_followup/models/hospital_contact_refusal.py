from odoo import api, models


class HospitalContactRefusal(models.Model):
    _inherit = "hospital.contact.refusal"

    @api.model_create_multi
    def create(self, vals_list):
        refusals = super().create(vals_list)
        refusals.patient_id._reconcile_followup()
        return refusals

    def unlink(self):
        patients = self.patient_id
        result = super().unlink()
        patients._reconcile_followup()
        return result
