from odoo import fields, models


class HospitalEncounterDiagnosis(models.Model):
    _name = "hospital.encounter.diagnosis"
    _description = "Diagnosis"
    _order = "encounter_id, kind, sequence"

    encounter_id = fields.Many2one("hospital.encounter", required=True, ondelete="cascade")
    kind = fields.Selection(
        [("admission", "On admission"), ("other", "Other"), ("outpatient", "Out-patient"), ("principal", "Main")],
        required=True,
    )
    sequence = fields.Integer(required=True, default=1)
    code = fields.Char(help="ICD-10 as the HIS sends it.")
    name = fields.Char(required=True)

    _one_per_place = models.UniqueIndex("(encounter_id, kind, sequence)", "This place in the list is taken.")
