from odoo import api, fields, models
from odoo.tools import SQL

from ..statistics import measures
from .hospital_followup_rule import MODES

TASK_FIELDS = (
    "enrolment_id patient_id contact_id encounter_id department_id ward_id attending_user_id user_id mode plan_id "
    "discharge_date due_date latest_date state attempt_count last_outcome condition note done_at done_by in_time "
    "close_reason lost_reason"
).split()


def _count(string, **kwargs):
    return fields.Integer(string, readonly=True, aggregator="sum", **kwargs)


def _same_as_task(name):
    return lambda self: self.env["hospital.followup.task"]._fields[name]._description_selection(self.env)


def _rate(string, **kwargs):
    return fields.Float(string, readonly=True, aggregator="avg", digits=(5, 1), **kwargs)


class HospitalFollowupReport(models.Model):
    """The figures of the follow-up: one row per contact that is due, or that a person found unnecessary.

    A rate is 0 or 100 on a row, empty where the row does not belong to its denominator. So the
    average over any rows, at every level of a pivot, is the exact rate. What counts is defined in
    ``statistics/measures.py`` and, in words, in ``hospital.kpi``.

    Who may read a row of this model need not be able to read its task or its patient: leaders see
    the masked name and no clinical text.
    """

    _name = "hospital.followup.report"
    _description = "Follow-up Figures"
    _inherit = ["hospital.audited.mixin"]
    _auto = False
    _rec_name = "plan_id"
    _order = "due_date desc, id desc"
    _depends = {
        "hospital.followup.task": TASK_FIELDS,
        "hospital.followup.attempt": ["task_id", "outcome", "active"],
        "hospital.encounter": ["attending_id"],
        "hospital.patient.phone": ["patient_id", "state"],
        "res.partner": ["is_test_patient"],
    }

    patient_id = fields.Many2one("res.partner", readonly=True)
    department_id = fields.Many2one("hr.department", readonly=True)
    ward_id = fields.Many2one("hr.department", readonly=True)
    doctor_id = fields.Many2one("hr.employee", string="Treating Doctor", readonly=True)
    attending_user_id = fields.Many2one("res.users", string="Treating Doctor's Account", readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Worker", readonly=True, help="Who closed the task, else who owns it."
    )
    mode = fields.Selection(MODES, readonly=True)
    plan_id = fields.Many2one("hospital.followup.plan", readonly=True)
    discharge_date = fields.Date(
        string="Date of Discharge", readonly=True, help="Of an out-patient: the day of the visit."
    )
    due_date = fields.Date(string="Due", readonly=True)
    latest_date = fields.Date(string="Until", readonly=True)
    state = fields.Selection(_same_as_task("state"), readonly=True)
    last_outcome = fields.Selection(_same_as_task("last_outcome"), string="Last Result", readonly=True)
    condition = fields.Selection(_same_as_task("condition"), readonly=True)
    lost_reason = fields.Selection(_same_as_task("lost_reason"), string="Lost because", readonly=True)
    close_reason = fields.Selection(_same_as_task("close_reason"), string="Reason", readonly=True)
    done_at = fields.Datetime(string="Closed at", readonly=True)
    in_time = fields.Boolean(readonly=True)
    note = fields.Text(readonly=True, groups="hospital_base.group_clinical")
    history = fields.Text(compute="_compute_history", compute_sudo=True, string="Attempts made")

    attempt_count = _count("Attempts")
    due_count = _count("Due Contacts", help="Contacts due by today; not needed and withdrawn ones left out.")
    not_needed_count = _count(
        "Not Needed, by a Person", help="Taken out of what is due because a person closed them as not needed."
    )
    attempted_count = _count("Attempted")
    reached_count = _count("Reached")
    done_count = _count("Done")
    in_time_count = _count("Done in Time")
    lost_count = _count("Lost")
    refused_count = _count("Refused")
    open_count = _count("Open")
    overdue_count = _count("Overdue", help="Open past the last day of the window.")
    expired_count = _count("Expired", help="Closed without result some days after the window.")
    with_number_count = _count("With Valid Number")
    reachable_done_count = _count("Done, with Valid Number")
    day7_count = _count("Visits older than 7 Days")
    day14_count = _count("Visits older than 14 Days")
    day30_count = _count("Visits older than 30 Days")
    day7_done_count = _count("Followed up within 7 Days")
    day14_done_count = _count("Followed up within 14 Days")
    day30_done_count = _count("Followed up within 30 Days")

    followup_rate = _rate("Follow-up Rate (%)", help="Done / due.")
    reachable_rate = _rate("Follow-up Rate, Reachable (%)", help="Done / due with a valid number.")
    in_time_rate = _rate("In-time Rate (%)", help="Done inside the window / due.")
    in_time_of_done_rate = _rate("In Time, of Done (%)", help="Done inside the window / done.")
    covered_rate = _rate("Coverage (%)", help="At least one attempt / due.")
    reached_rate = _rate("Contact Rate (%)", help="Patient or family reached / attempted.")
    lost_rate = _rate("Lost Rate (%)", help="Lost / due.")
    refused_rate = _rate("Refusal Rate (%)", help="Refused / due.")
    with_number_rate = _rate("Valid Number Rate (%)", help="At least one number not known to be invalid / due.")
    day7_rate = _rate("7-day Rate (%)", help="Followed up within 7 days / visits older than 7 days.")
    day14_rate = _rate("14-day Rate (%)", help="Followed up within 14 days / visits older than 14 days.")
    day30_rate = _rate("30-day Rate (%)", help="Followed up within 30 days / visits older than 30 days.")

    @property
    def _table_query(self):
        """A query instead of a view: what is due depends on the hospital's day.

        Plain enough for the planner to push filters down to the task's indexes and to leave out
        the visit and every figure that nobody asks for.
        """
        clock = {"today": self.env["res.company"]._hospital_today(), "zone": self.env.company.hospital_tz}
        return SQL(
            """
            SELECT task.id, task.patient_id, task.department_id, task.ward_id, encounter.attending_id AS doctor_id,
                   task.attending_user_id, COALESCE(task.done_by, task.user_id) AS user_id, task.mode, task.plan_id,
                   task.discharge_date, task.due_date, task.latest_date, task.state, task.last_outcome, task.condition,
                   task.lost_reason, task.close_reason, task.done_at, task.in_time, task.note, task.attempt_count,
                   %(measures)s
              FROM hospital_followup_task task
              LEFT JOIN hospital_encounter encounter ON encounter.id = task.encounter_id
             WHERE %(population)s
            """,
            measures=SQL(measures.columns(), **clock),
            population=SQL(measures.POPULATION, **clock),
        )

    @api.depends("patient_id", "plan_id")
    @api.depends_context("uid", "lang")
    def _compute_display_name(self):
        for row in self:
            patient, plan = row.sudo().patient_id, row.sudo().plan_id
            row.display_name = f"{patient.display_name} · {plan.name}"

    @api.depends("attempt_count")
    @api.depends_context("lang")
    def _compute_history(self):
        attempts = self.env["hospital.followup.attempt"].search([("task_id", "in", self.ids)], order="at, id")
        by_task = attempts.grouped(lambda attempt: attempt.task_id.id)
        outcomes = dict(self._fields["last_outcome"]._description_selection(self.env))
        to_clock = self.env["res.company"]._to_hospital_clock
        for row in self:
            row.history = "\n".join(
                f"{to_clock(attempt.at):%Y-%m-%d %H:%M} · {outcomes[attempt.outcome]} · {attempt.user_id.name}"
                for attempt in by_task.get(row.id, ())
            )

    def action_open_task(self):
        """Button: from the figures to the task itself, for those who work on it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "hospital.followup.task",
            "res_id": self.id,
            "views": [(False, "form")],
        }
