from datetime import datetime, time

from odoo import api, fields, models
from odoo.exceptions import UserError

OPEN_STATES = ("new", "in_progress")


class HospitalCase(models.Model):
    """A request of a patient that somebody must answer: enquiry, complaint, praise or suggestion."""

    _name = "hospital.case"
    _description = "Case"
    _inherit = ["mail.thread", "mail.activity.mixin", "hospital.audited.mixin"]
    _order = "id desc"
    _rec_name = "number"

    number = fields.Char(required=True, readonly=True, copy=False, default="/")
    kind = fields.Selection(
        [
            ("complaint", "Complaint"),
            ("praise", "Praise"),
            ("suggestion", "Suggestion"),
            ("enquiry", "Enquiry"),
        ],
        required=True,
        default="complaint",
    )
    patient_id = fields.Many2one("res.partner", index="btree_not_null", ondelete="restrict")
    encounter_id = fields.Many2one("hospital.encounter", index="btree_not_null", ondelete="set null", string="Visit")
    department_id = fields.Many2one("hr.department", index=True, string="Department Concerned")
    owner_id = fields.Many2one("res.users", index="btree_not_null", tracking=True, string="Handled by")
    reporter_id = fields.Many2one(
        "res.users", required=True, index=True, default=lambda self: self.env.user, string="Taken by"
    )
    description = fields.Text(required=True)
    measures = fields.Text(help="What was done about it.")
    conclusion = fields.Text(help="What the patient was told.")
    severity = fields.Selection(
        [("low", "Minor"), ("normal", "Normal"), ("high", "Serious")], required=True, default="normal"
    )
    state = fields.Selection(
        [("new", "New"), ("in_progress", "In progress"), ("answered", "Answered"), ("closed", "Closed")],
        required=True,
        default="new",
        tracking=True,
    )
    deadline = fields.Date(compute="_compute_deadline", store=True, readonly=False)
    answered_at = fields.Datetime(readonly=True, copy=False)
    closed_at = fields.Datetime(readonly=True, copy=False)
    res_model = fields.Char(string="Origin", readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", string="Origin Record", readonly=True)

    _number_unique = models.UniqueIndex("(number) WHERE number <> '/'", "This case number is taken.")
    _open_index = models.Index("(deadline, id) WHERE state IN ('new', 'in_progress')")
    _gate_index = models.Index("(patient_id) WHERE kind = 'complaint' AND state IN ('new', 'in_progress')")

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("number", "/") == "/":
                vals["number"] = self.env["ir.sequence"].sudo().next_by_code("hospital.case")
        # The person who takes a complaint is not its follower: the chatter would show the name to all.
        cases = super(HospitalCase, self.with_context(mail_create_nosubscribe=True)).create(vals_list)
        cases._check_subject()
        return cases

    def write(self, vals):
        result = super().write(vals)
        if {"patient_id", "encounter_id"} & vals.keys():
            self._check_subject()
        return result

    def _check_subject(self):
        """Nobody writes a case about a patient whom he or she may not see."""
        patients = self.patient_id | self.encounter_id.sudo().patient_id
        patients.with_env(self.env).check_access("read")

    @api.depends("kind")
    def _compute_deadline(self):
        """Complaints are answered within a number of working days of the hospital's calendar."""
        days = int(self.env["ir.config_parameter"].sudo().get_param("hospital_base.complaint_workdays", 5))
        calendar = self.env.company.resource_calendar_id
        to_clock = self.env["res.company"]._to_hospital_clock
        for case in self:
            if case.kind != "complaint":
                case.deadline = False
                continue
            start = datetime.combine(to_clock(case.create_date or fields.Datetime.now()).date(), time.min)
            planned = calendar.plan_days(days + 1, start, compute_leaves=True)
            case.deadline = planned.date() if planned else False

    def action_take(self):
        self.write({"owner_id": self.env.uid, "state": "in_progress"})

    def action_answer(self):
        if self.filtered(lambda case: not case.measures):
            raise UserError(self.env._("Write down the measures taken before answering."))
        self.write({"state": "answered", "answered_at": fields.Datetime.now()})

    def action_close(self):
        if self.filtered(lambda case: case.kind == "complaint" and not case.conclusion):
            raise UserError(self.env._("A complaint is closed with a conclusion: what was the patient told?"))
        self.write({"state": "closed", "closed_at": fields.Datetime.now()})

    def action_reopen(self):
        self.write({"state": "in_progress", "answered_at": False, "closed_at": False})
