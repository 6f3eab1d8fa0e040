from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from .hospital_followup_enrolment import END_REASONS
from .hospital_followup_rule import MODES

OPEN_STATES = ("open", "retry", "in_progress")
# Whoever can have follow-ups; the other roles that work on patients imply one of these.
OWNERS = ("agent", "doctor", "nurse")

# What a person writes directly; every other change is a result and comes with its attempt.
WRITABLE = {"condition", "note", "phone_id", "priority"}
WRITABLE_WHEN_CLOSED = {"note"}

OUTCOMES = [
    ("reached_patient", "Reached: patient"),
    ("reached_family", "Reached: family"),
    ("wrong_person", "Wrong person"),
    ("no_answer", "No answer"),
    ("busy", "Busy"),
    ("power_off", "Switched off"),
    ("suspended", "Out of service"),
    ("empty_number", "No such number"),
    ("rejected", "Hung up"),
    ("call_later", "Call later"),
    ("language", "Language barrier"),
    ("voicemail", "Voice mail"),
    ("line_fault", "Line fault"),
]


class HospitalFollowupTask(models.Model):
    """One contact that is owed to a patient: in which window, by whom, with what result."""

    _name = "hospital.followup.task"
    _description = "Follow-up Task"
    _inherit = ["hospital.audited.mixin"]
    # Promised call-backs first, then what runs out first.
    _order = "priority desc, next_attempt_at, latest_date, id"

    enrolment_id = fields.Many2one("hospital.followup.enrolment", required=True, ondelete="cascade")
    point_id = fields.Many2one("hospital.followup.plan.point", ondelete="restrict")
    plan_id = fields.Many2one("hospital.followup.plan", required=True, ondelete="restrict")
    encounter_id = fields.Many2one("hospital.encounter", required=True, index=True, ondelete="cascade", string="Visit")
    patient_id = fields.Many2one("res.partner", required=True, index=True, ondelete="restrict")
    contact_id = fields.Many2one(
        "res.partner",
        required=True,
        ondelete="restrict",
        string="To Call",
        help="The patient; of a newborn the mother.",
    )
    mode = fields.Selection(MODES, required=True)
    department_id = fields.Many2one("hr.department", ondelete="restrict")
    ward_id = fields.Many2one("hr.department", ondelete="restrict")
    attending_user_id = fields.Many2one("res.users", string="Treating Doctor", ondelete="restrict")
    user_id = fields.Many2one("res.users", string="Owner", ondelete="restrict")
    reassigned = fields.Boolean(help="Handed over by a person: a change of the treating doctor does not move it.")
    discharge_date = fields.Date(help="Of an out-patient: the day of the visit.")
    earliest_date = fields.Date(required=True, string="From")
    due_date = fields.Date(required=True, string="Due")
    latest_date = fields.Date(required=True, string="Until")
    state = fields.Selection(
        [
            ("open", "To do"),
            ("retry", "To retry"),
            ("in_progress", "In progress"),
            ("done", "Done"),
            ("lost", "Lost"),
            ("refused", "Refused"),
            ("not_needed", "Not needed"),
            ("expired", "Expired"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="open",
    )
    priority = fields.Selection([("0", "Normal"), ("1", "First")], default="0", required=True)
    attempt_count = fields.Integer(default=0, readonly=True, string="Attempts")
    attempt_ids = fields.One2many("hospital.followup.attempt", "task_id", string="History")
    last_outcome = fields.Selection(OUTCOMES, readonly=True, string="Last Result")
    next_attempt_at = fields.Datetime(string="Next Attempt")
    condition = fields.Selection([("good", "Good"), ("fair", "Fair"), ("poor", "Poor")])
    note = fields.Text()
    done_at = fields.Datetime(readonly=True)
    done_by = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    in_time = fields.Boolean(readonly=True, help="The result came inside the window.")
    close_reason = fields.Selection(END_REASONS, readonly=True, string="Reason")
    lost_reason = fields.Selection(
        [
            ("max_attempts", "Not reached"),
            ("no_valid_number", "No valid number"),
            ("hung_up", "Hung up again and again"),
        ],
        readonly=True,
    )
    phone_id = fields.Many2one(
        "hospital.patient.phone", ondelete="set null", string="Number to Call", help="Empty: the best one."
    )
    claimed_by = fields.Many2one("res.users", readonly=True, ondelete="set null")
    claimed_until = fields.Datetime(readonly=True)

    in_my_scope = fields.Boolean(
        compute="_compute_in_my_scope", search="_search_in_my_scope", export_string_translation=False
    )
    due_now = fields.Boolean(search="_search_due_now", store=False, export_string_translation=False)
    is_overdue = fields.Boolean(compute="_compute_is_overdue", search="_search_is_overdue", string="Overdue")
    days_since_discharge = fields.Integer(compute="_compute_days_since_discharge", string="Day")
    explanation = fields.Char(compute="_compute_explanation")
    gate_notice = fields.Char(compute="_compute_gate_notice")
    phone_line_ids = fields.Many2many("hospital.patient.phone", compute="_compute_phone_line_ids")

    patient_gender = fields.Selection(related="patient_id.gender", string="Gender")
    patient_age = fields.Char(related="patient_id.age", string="Age")
    disclosure = fields.Selection(related="patient_id.disclosure")
    phone_masked = fields.Char(related="contact_id.phone_masked", string="Phone")
    bed = fields.Char(related="encounter_id.bed")
    diagnosis_code = fields.Char(related="encounter_id.diagnosis_code")
    diagnosis_name = fields.Char(related="encounter_id.diagnosis_name", string="Diagnosis")
    instructions = fields.Text(related="point_id.instructions")
    admission_condition = fields.Text(related="encounter_id.admission_condition", groups="hospital_base.group_clinical")
    treatment_course = fields.Text(related="encounter_id.treatment_course", groups="hospital_base.group_clinical")
    discharge_condition = fields.Text(related="encounter_id.discharge_condition", groups="hospital_base.group_clinical")
    discharge_orders = fields.Text(related="encounter_id.discharge_orders", groups="hospital_base.group_clinical")

    _one_per_point = models.UniqueIndex("(enrolment_id, point_id)", "This contact is already planned.")
    _one_per_day = models.UniqueIndex(
        "(enrolment_id, due_date) WHERE point_id IS NULL", "There is already a task of this visit on this day."
    )
    _window_in_order = models.Constraint(
        "CHECK (earliest_date <= due_date AND due_date <= latest_date)", "The window of a task is turned around."
    )
    _owner_index = models.Index("(user_id, earliest_date) WHERE state IN ('open', 'retry', 'in_progress')")
    _owned_index = models.Index("(user_id) WHERE user_id IS NOT NULL")
    _due_index = models.Index("(mode, earliest_date) WHERE state IN ('open', 'retry', 'in_progress')")
    _latest_index = models.Index("(latest_date) WHERE state IN ('open', 'retry', 'in_progress')")
    _department_index = models.Index("(department_id, discharge_date)")
    _ward_index = models.Index("(ward_id, discharge_date) WHERE ward_id IS NOT NULL")
    _attending_index = models.Index("(attending_user_id, discharge_date) WHERE attending_user_id IS NOT NULL")
    _discharge_index = models.Index("(discharge_date)")
    _due_date_index = models.Index("(due_date)")
    _done_index = models.Index("(done_by, done_at) WHERE done_by IS NOT NULL")

    @api.depends("patient_id", "point_id.name", "plan_id.name")
    @api.depends_context("uid", "lang")
    def _compute_display_name(self):
        for task in self:
            task.display_name = f"{task.sudo().patient_id.display_name} · {task.point_id.name or task.plan_id.name}"

    def write(self, vals):
        if not self.env.su:
            allowed = WRITABLE if all(task.state in OPEN_STATES for task in self) else WRITABLE_WHEN_CLOSED
            if vals.keys() - allowed:
                raise AccessError(self.env._("A result is recorded with the buttons of the task."))
        return super().write(vals)

    @api.constrains("phone_id")
    def _check_phone_id(self):
        for task in self.sudo():
            if task.phone_id and task.phone_id.patient_id != task.contact_id:
                raise ValidationError(self.env._("This number belongs to another person."))

    @api.model
    def _owner_domain(self):
        groups = [self.env.ref(f"hospital_base.group_{role}").id for role in OWNERS]
        return [("share", "=", False), ("all_group_ids", "in", groups)]

    @api.model
    def _require_owner(self, user):
        if user and not user.sudo()._has_hospital_role(*OWNERS):
            raise UserError(self.env._("%s does not work on follow-ups.", user.name))

    @api.model
    def _today(self):
        return self.env["res.company"]._hospital_today()

    @api.model
    def _local(self, at):
        return self.env["res.company"]._to_hospital_clock(at)

    @api.depends("department_id", "ward_id")
    @api.depends_context("uid")
    def _compute_in_my_scope(self):
        department_ids = set(self.env["hospital.scope"]._department_ids_of(self.env.user))
        for task in self:
            task.in_my_scope = bool({task.department_id.id, task.ward_id.id} & department_ids)

    @api.model
    def _search_in_my_scope(self, operator, value):
        if operator != "in":
            return NotImplemented
        department_ids = self.env["hospital.scope"]._department_ids_of(self.env.user)
        return Domain("department_id", "in", department_ids) | Domain("ward_id", "in", department_ids)

    @api.model
    def _due_now_domain(self):
        """Inside the window (or past it) and not put off to a later hour."""
        return (
            Domain("state", "in", OPEN_STATES)
            & Domain("earliest_date", "<=", self._today())
            & (Domain("next_attempt_at", "=", False) | Domain("next_attempt_at", "<=", fields.Datetime.now()))
        )

    @api.model
    def _search_due_now(self, operator, value):
        return self._due_now_domain() if operator == "in" else NotImplemented

    @api.depends("state", "latest_date")
    def _compute_is_overdue(self):
        today = self._today()
        for task in self:
            task.is_overdue = task.state in OPEN_STATES and task.latest_date < today

    @api.model
    def _search_is_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("state", "in", OPEN_STATES) & Domain("latest_date", "<", self._today())

    @api.depends("discharge_date")
    def _compute_days_since_discharge(self):
        today = self._today()
        for task in self:
            task.days_since_discharge = (today - task.discharge_date).days if task.discharge_date else 0

    @api.depends("enrolment_id.rule_id", "enrolment_id.rule_version", "enrolment_id.matched", "point_id")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for task in self:
            enrolment = task.sudo().enrolment_id
            if not enrolment.rule_id:
                task.explanation = self.env._("Created by hand")
                continue
            parts = [
                self.env._("Rule %(rule)s", rule=enrolment.rule_id.name),
                self.env._("version %(version)s", version=enrolment.rule_version),
            ]
            if enrolment.matched:
                parts.append(self.env._("matched %(codes)s", codes=enrolment.matched))
            if task.point_id:
                parts.append(self.env._("day %(day)s", day=task.point_id.due_day))
            task.explanation = self.env._(", ").join(parts)

    @api.depends("contact_id")
    @api.depends_context("uid")
    def _compute_phone_line_ids(self):
        lines = self.env["hospital.patient.phone"].search([("patient_id", "in", self.sudo().contact_id.ids)])
        by_patient = lines.grouped("patient_id")
        for task in self:
            task.phone_line_ids = by_patient.get(task.contact_id, lines.browse())

    @api.depends("contact_id")
    def _compute_gate_notice(self):
        open_tasks = self.filtered(lambda task: task.state in OPEN_STATES)
        (self - open_tasks).gate_notice = False
        verdicts = self._ask_gate(open_tasks)
        for task in open_tasks:
            task.gate_notice = self._gate_text(verdicts[task.contact_id.id])

    def _ask_gate(self, tasks):
        return self.env["hospital.contact"].sudo()._admit(tasks.sudo().contact_id, "call", "followup")

    def _gate_text(self, verdict):
        if verdict.verdict == "yes":
            return False
        reasons = {
            "deceased": self.env._("the patient has died"),
            "do_not_contact": self.env._("the patient wants no contact"),
            "refused": self.env._("the patient refuses follow-up"),
            "consent_withdrawn": self.env._("the consent was withdrawn"),
            "cap": self.env._("contacted often enough lately"),
            "hours": self.env._("outside the hours for calls"),
        }
        reason = reasons.get(verdict.reason, verdict.reason)
        if verdict.verdict == "no":
            return self.env._("Do not call: %(reason)s.", reason=reason)
        at = self._local(verdict.at)
        return self.env._("Call from %(time)s: %(reason)s.", time=f"{at:%m-%d %H:%M}", reason=reason)

    def _window_contains(self, at):
        self.ensure_one()
        return self.earliest_date <= self._local(at).date() <= self.latest_date
