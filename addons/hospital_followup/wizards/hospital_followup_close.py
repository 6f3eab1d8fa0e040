from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

JUDGEMENT = "not_indicated"
REASONS = [
    ("death", "The patient has died"),
    ("readmitted", "Back in hospital"),
    ("transferred", "Transferred to another hospital"),
    ("self_discharge", "Left against advice"),
    (JUDGEMENT, "Not needed in the doctor's judgement"),
    ("duplicate", "Duplicate"),
    ("refused", "Refuses follow-up"),
]


class HospitalFollowupClose(models.TransientModel):
    """Close a task without a talk about it: why, and what it means for the other tasks."""

    _name = "hospital.followup.close"
    _description = "Close a Follow-up without Result"

    task_id = fields.Many2one("hospital.followup.task", required=True, readonly=True, ondelete="cascade")
    reason = fields.Selection(REASONS, required=True)
    no_more_followup = fields.Boolean(
        string="Wants no follow-up at all", help="Later stays are not followed up either."
    )
    confirmed = fields.Boolean(string="I have made sure of the death")

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        """Offer the doctor's judgement to those who may speak for the doctor."""
        known = super().fields_get(allfields, attributes)
        if "selection" in known.get("reason", ()) and not self._may_judge():
            known["reason"]["selection"] = [pair for pair in known["reason"]["selection"] if pair[0] != JUDGEMENT]
        return known

    @api.model
    def _may_judge(self):
        return self.env.user._has_hospital_role("doctor", "nurse", "functional")

    def action_close(self):
        self.ensure_one()
        task = self.task_id
        if self.reason == JUDGEMENT and not self._may_judge():
            raise AccessError(self.env._("Only doctors, nurses and the functional department judge this."))
        if self.reason == "death" and not self.confirmed:
            raise UserError(self.env._("A death stops every call and message to this patient. Please confirm it."))
        task._close_without_result("refused" if self.reason == "refused" else "not_needed", self.reason)
        if self.reason == "refused" and self.no_more_followup:
            self._refuse_all(task.sudo().patient_id)
        return True if self.env.context.get("stay") else task.action_next()

    @api.model
    def _refuse_all(self, patient):
        refusals = self.env["hospital.contact.refusal"].sudo()
        if not refusals.search_count([("patient_id", "=", patient.id), ("purpose", "=", "followup")], limit=1):
            refusals.create({"patient_id": patient.id, "purpose": "followup", "user_id": self.env.uid})
