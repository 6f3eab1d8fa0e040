from odoo import fields, models

ISSUE_KINDS = [
    ("no_phone", "No phone number"),
    ("phone_invalid", "Invalid phone number"),
    ("phone_placeholder", "Placeholder instead of a phone number"),
    ("phone_shared", "Phone number shared by many patients"),
    ("landline_only", "Only a landline"),
    ("id_checksum", "Id number does not check"),
    ("gender_mismatch", "Gender contradicts the id number"),
    ("birth_mismatch", "Birth date contradicts the id number"),
    ("birth_impossible", "Impossible birth date"),
    ("possible_duplicate", "Possibly the same person twice"),
    ("unmerged", "Merge taken back: which visits are whose?"),
    ("death_contradicted", "Dead here, alive in the HIS"),
]


class HospitalQualityIssue(models.Model):
    """What is doubtful in the data of a patient: shown to who can put it right, never a reason to drop a row."""

    _name = "hospital.quality.issue"
    _description = "Data Quality Issue"
    _order = "found_at desc, id desc"
    _rec_name = "kind"

    patient_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    patient_no = fields.Char(related="patient_id.patient_no")
    encounter_id = fields.Many2one("hospital.encounter", ondelete="cascade", index="btree_not_null")
    department_id = fields.Many2one("hr.department", index="btree_not_null", help="Where the patient was registered.")
    kind = fields.Selection(ISSUE_KINDS, required=True)
    detail = fields.Char()
    state = fields.Selection([("open", "Open"), ("resolved", "Resolved")], required=True, default="open")
    found_at = fields.Datetime(required=True, default=fields.Datetime.now)
    resolved_at = fields.Datetime()

    _one_open = models.UniqueIndex("(patient_id, kind) WHERE state = 'open'", "This issue is already open.")
    _found_index = models.Index("(state, found_at DESC, id DESC)")

    def action_open_patient(self):
        self.ensure_one()
        return self.patient_id.get_formview_action()

    def action_resolve(self):
        self.filtered(lambda issue: issue.state == "open").write(
            {"state": "resolved", "resolved_at": fields.Datetime.now()}
        )
