from odoo import fields, models

from .hospital_exam_item import EXAM_KINDS


class HospitalReport(models.Model):
    """A laboratory or examination report and how far it is; the findings themselves stay in the HIS."""

    _name = "hospital.report"
    _description = "Laboratory or Examination Report"
    _inherit = ["hospital.audited.mixin"]
    _order = "requested_at desc, id desc"

    source_id = fields.Many2one("hospital.his.source", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)
    patient_id = fields.Many2one("res.partner", required=True, ondelete="restrict", domain=[("is_patient", "=", True)])
    encounter_id = fields.Many2one("hospital.encounter", string="Visit", index="btree_not_null", ondelete="set null")
    item_id = fields.Many2one("hospital.exam.item", index="btree_not_null", ondelete="set null")
    name = fields.Char(required=True, string="Examination")
    kind = fields.Selection(EXAM_KINDS, required=True, default="lab")
    department_id = fields.Many2one("hr.department", index="btree_not_null", ondelete="restrict")
    state = fields.Selection(
        [
            ("requested", "Requested"),
            ("sampled", "Sample taken"),
            ("in_progress", "In progress"),
            ("reported", "Report ready"),
            ("printed", "Printed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="requested",
    )
    requested_at = fields.Datetime(required=True, default=fields.Datetime.now)
    reported_at = fields.Datetime()
    conclusion = fields.Char(groups="hospital_base.group_clinical", help="The one sentence that closes the report.")

    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of a report must be unique."
    )
    _dates_in_order = models.Constraint(
        "CHECK (reported_at IS NULL OR reported_at >= requested_at)", "A report cannot come before its request."
    )
    _patient_index = models.Index("(patient_id, requested_at DESC, id DESC)")
    _requested_index = models.Index("(requested_at DESC, id DESC)")

    def _after_exchange(self, created, changed):
        """Hook: the data exchange has written reports (``created`` | ``changed`` = ``self``), in its transaction."""
