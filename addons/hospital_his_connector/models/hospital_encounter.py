from odoo import models


class HospitalEncounter(models.Model):
    _inherit = "hospital.encounter"

    def _tell_his(self, operation, key, values):
        super()._tell_his(operation, key, values)
        for encounter in self.sudo().filtered("external_id"):
            patient = encounter.patient_id
            payload = {"visit": encounter.external_id, "patient": patient.external_id} | values
            self.env["hospital.his.outbox"]._enqueue(encounter.source_id, operation, key, payload, patient)
