from odoo import fields, models


class HospitalEncounterTransfer(models.Model):
    """A patient was moved to another department, ward or bed."""

    _name = "hospital.encounter.transfer"
    _description = "Transfer"
    _order = "encounter_id, transferred_at"
    _rec_name = "to_bed"

    encounter_id = fields.Many2one("hospital.encounter", required=True, ondelete="cascade")
    transferred_at = fields.Datetime(required=True, string="Moved")
    from_department_id = fields.Many2one("hr.department", ondelete="restrict")
    to_department_id = fields.Many2one("hr.department", ondelete="restrict")
    from_ward_id = fields.Many2one("hr.department", ondelete="restrict")
    to_ward_id = fields.Many2one("hr.department", ondelete="restrict")
    from_bed = fields.Char()
    to_bed = fields.Char()

    _one_at_a_time = models.UniqueIndex(
        "(encounter_id, transferred_at)", "A patient cannot be moved twice at the same moment."
    )
