from odoo import fields, models


class HospitalEncounterEvent(models.Model):
    """What the HIS changed about a visit after the fact: the chain of transfers, corrections, late coding."""

    _name = "hospital.encounter.event"
    _description = "Change of a Visit"
    _order = "at desc, id desc"
    _rec_name = "kind"

    encounter_id = fields.Many2one("hospital.encounter", required=True, index=True, ondelete="cascade")
    patient_id = fields.Many2one("res.partner", required=True, index=True, ondelete="cascade")
    kind = fields.Selection(
        [
            ("cancelled", "Discharge or visit cancelled"),
            ("reopened", "Taken up again"),
            ("discharge_changed", "Discharge time changed"),
            ("transferred", "Transferred"),
            ("coded", "Diagnosis coded"),
            ("died", "Died"),
            ("merged", "Patient merged"),
        ],
        required=True,
    )
    old_value = fields.Char()
    new_value = fields.Char()
    at = fields.Datetime(required=True, default=fields.Datetime.now)
