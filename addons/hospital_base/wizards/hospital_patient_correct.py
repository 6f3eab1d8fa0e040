from odoo import api, fields, models

from ..models.res_partner import CONSENTS, DISCLOSURES

CORRECTABLE = ("deceased", "deceased_at", "do_not_contact", "consent", "disclosure", "is_test_patient")


def _of_patient(name):
    """Attributes of a field that starts as the patient's ``name``; a compute of its own, or one value given
    at the creation would leave the others empty."""

    @api.depends("patient_id")
    def compute(self):
        for wizard in self:
            wizard.patient_id.check_access("read")
            wizard[name] = wizard.patient_id[name]

    return {"compute": compute, "store": True, "readonly": False, "compute_sudo": False}


class HospitalPatientCorrect(models.TransientModel):
    """What people know better than the HIS: corrected with a reason, which the access log keeps."""

    _name = "hospital.patient.correct"
    _description = "Correct the Record"

    patient_id = fields.Many2one("res.partner", required=True, readonly=True, ondelete="cascade")
    deceased = fields.Boolean(**_of_patient("deceased"))
    deceased_at = fields.Datetime(**_of_patient("deceased_at"))
    do_not_contact = fields.Boolean(**_of_patient("do_not_contact"))
    consent = fields.Selection(CONSENTS, **_of_patient("consent"))
    disclosure = fields.Selection(DISCLOSURES, **_of_patient("disclosure"))
    is_test_patient = fields.Boolean(**_of_patient("is_test_patient"))
    reason = fields.Char(required=True)

    def action_correct(self):
        """Button: write what differs."""
        self.ensure_one()
        self.patient_id.check_access("read")
        if not self.deceased:
            self.deceased_at = False
        patient = self.patient_id.sudo()
        changed = {name: self[name] for name in CORRECTABLE if self[name] != patient[name]}
        patient.write(changed)
        for name in changed:
            self.env["hospital.access.log"]._log("change", patient, field=name, reason=self.reason)
        if not patient.deceased:
            patient.quality_issue_ids.filtered(lambda issue: issue.kind == "death_contradicted").action_resolve()
        return {"type": "ir.actions.act_window_close"}
