from odoo import fields, models


class HospitalSurgery(models.Model):
    """An operation as the operating theatre has planned it; what was coded afterwards is on the visit."""

    _name = "hospital.surgery"
    _description = "Planned Operation"
    _inherit = ["hospital.audited.mixin"]
    _order = "scheduled_at desc, room, sequence, id"

    source_id = fields.Many2one("hospital.his.source", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)
    patient_id = fields.Many2one("res.partner", required=True, ondelete="restrict", domain=[("is_patient", "=", True)])
    encounter_id = fields.Many2one("hospital.encounter", string="Visit", index="btree_not_null", ondelete="set null")
    name = fields.Char(required=True, string="Operation")
    scheduled_at = fields.Datetime(required=True, string="Planned for")
    room = fields.Char(string="Theatre")
    sequence = fields.Integer(string="Turn", help="Which operation of the day in this theatre it is.", aggregator=None)
    department_id = fields.Many2one("hr.department", index="btree_not_null", ondelete="restrict")
    surgeon_id = fields.Many2one("hr.employee", index="btree_not_null", ondelete="restrict")
    anaesthesia = fields.Char()
    state = fields.Selection(
        [
            ("scheduled", "Planned"),
            ("in_progress", "In progress"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="scheduled",
    )

    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of an operation must be unique."
    )
    _scheduled_index = models.Index("(scheduled_at DESC, id)")
    _patient_index = models.Index("(patient_id, scheduled_at DESC)")

    def _after_exchange(self, created, changed):
        """Hook: the data exchange has written operations (``created`` | ``changed`` = ``self``), in its transaction."""
