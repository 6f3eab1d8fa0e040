from odoo import api, models


class HospitalContactRefusal(models.Model):
    _inherit = "hospital.contact.refusal"

    @api.model_create_multi
    def create(self, vals_list):
        refusals = super().create(vals_list)
        refusals.patient_id._reconcile_followup()
        return refusals

    def write(self, vals):
        patients = self.patient_id
        result = super().write(vals)
        if {"patient_id", "purpose"} & vals.keys():
            (patients | self.patient_id)._reconcile_followup()
        return result

    def unlink(self):
        patients = self.patient_id
        result = super().unlink()
        patients._reconcile_followup()
        return result
