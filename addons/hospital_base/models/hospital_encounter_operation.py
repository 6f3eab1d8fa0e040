from odoo import fields, models


class HospitalEncounterOperation(models.Model):
    _name = "hospital.encounter.operation"
    _description = "Operation"
    _order = "encounter_id, sequence"

    encounter_id = fields.Many2one("hospital.encounter", required=True, ondelete="cascade")
    sequence = fields.Integer(required=True, default=1)
    code = fields.Char(help="ICD-9-CM-3 as the HIS sends it.")
    name = fields.Char(required=True)
    performed_at = fields.Datetime()
    surgeon_id = fields.Many2one("hr.employee", ondelete="restrict")

    _one_per_place = models.UniqueIndex("(encounter_id, sequence)", "This place in the list is taken.")
