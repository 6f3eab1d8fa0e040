from odoo import api, fields, models
from odoo.exceptions import AccessError

from .hospital_followup_rule import MODES

# Reasons found by the reconciliation itself: they go when their cause goes.
FOUND_REASONS = ("discharge_cancelled", "death", "test_patient", "do_not_contact", "no_rule")

END_REASONS = [
    ("death", "Died"),
    ("readmitted", "Readmitted"),
    ("transferred", "Transferred to another hospital"),
    ("self_discharge", "Left against advice"),
    ("refused", "Refused by the patient"),
    ("do_not_contact", "Wants no contact"),
    ("discharge_cancelled", "Discharge cancelled"),
    ("test_patient", "Test patient"),
    ("no_rule", "No rule matches any more"),
    ("replaced", "Replaced by another plan"),
    ("paused", "Paused"),
    ("duplicate", "Duplicate"),
    ("not_indicated", "Not needed in the doctor's judgement"),
    ("mistake", "Created by mistake"),
]


class HospitalFollowupEnrolment(models.Model):
    """A visit followed up by a plan: one per visit and mode."""

    _name = "hospital.followup.enrolment"
    _description = "Follow-up of a Visit"
    _order = "id desc"

    encounter_id = fields.Many2one("hospital.encounter", required=True, ondelete="cascade", string="Visit")
    patient_id = fields.Many2one("res.partner", required=True, index=True, ondelete="restrict")
    mode = fields.Selection(MODES, required=True)
    plan_id = fields.Many2one("hospital.followup.plan", required=True, index=True, ondelete="restrict")
    rule_id = fields.Many2one(
        "hospital.followup.rule",
        index=True,
        ondelete="restrict",
        help="Empty: chosen by a person, whom no rule overrides.",
    )
    rule_version = fields.Integer()
    matched = fields.Char(help="The codes of the visit that the rule matched.")
    facts = fields.Char(help="Digest of what the rules looked at: they are asked again when it changes.")
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("active", "Running"),
            ("done", "Finished"),
            ("paused", "Paused"),
            ("terminated", "Terminated"),
        ],
        required=True,
        default="waiting",
    )
    reason = fields.Selection(END_REASONS)
    task_ids = fields.One2many("hospital.followup.task", "enrolment_id", string="Tasks")

    _one_per_mode = models.UniqueIndex("(encounter_id, mode)", "The visit is already followed up in this mode.")
    _reason_iff_terminated = models.Constraint(
        "CHECK ((state = 'terminated') = (reason IS NOT NULL))", "A terminated follow-up names its reason."
    )

    @api.depends("plan_id.name", "encounter_id")
    def _compute_display_name(self):
        for enrolment in self:
            enrolment.display_name = f"{enrolment.plan_id.name} · {enrolment.sudo().encounter_id.display_name}"

    def _terminate(self, reason):
        self.write({"state": "terminated", "reason": reason})
        self.env["hospital.followup.task"]._reconcile(self.encounter_id)

    def action_pause(self):
        enrolments = self._managed()
        enrolments.filtered(lambda enrolment: enrolment.state in ("waiting", "active")).write({"state": "paused"})
        self.env["hospital.followup.task"].sudo()._reconcile(enrolments.encounter_id)

    def action_resume(self):
        """Take up again what a person has paused or terminated; other obstacles are found again."""
        enrolments = self._managed()
        enrolments.write({"state": "waiting", "reason": False})
        self.env["hospital.followup.task"].sudo()._reconcile(enrolments.encounter_id)

    def _managed(self):
        """These follow-ups with the rights to change them, if the user sees them and may."""
        self.check_access("read")
        if not self.env.su and not self.env.user._has_hospital_role("supervisor", "doctor", "functional"):
            raise AccessError(self.env._("Your role does not pause or resume follow-ups."))
        return self.sudo()
