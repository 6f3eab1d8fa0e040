from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..planning import cadence
from .hospital_followup_enrolment import FOUND_REASONS
from .hospital_followup_task import OPEN_STATES, OUTCOMES

UNDO_WITHIN = timedelta(minutes=10)

# What an attempt may change of the task: put back when it is undone. Not the note: words a worker has typed stay.
UNDONE = (
    "state",
    "attempt_count",
    "last_outcome",
    "next_attempt_at",
    "condition",
    "done_at",
    "done_by",
    "in_time",
    "close_reason",
    "lost_reason",
)
CLOSED_BY_DEATH = "death"


class HospitalFollowupTaskRecord(models.Model):
    """Recording what came of a call: one tap without contact, three with a normal result."""

    _inherit = "hospital.followup.task"

    def action_record(self):
        """Button: record the outcome named by the context key ``outcome`` and go on."""
        outcome = self.env.context.get("outcome")
        if outcome not in dict(OUTCOMES):
            raise UserError(self.env._("There is no such result."))
        decision = self._record(outcome)
        stay = isinstance(decision, cadence.Reached | cadence.NextNumber) or self.env.context.get("stay")
        return True if stay else self.action_next()

    def _record(self, outcome, *, channel="call", note=False, asked=None):
        """Record an attempt and do what the cadence says; return its decision. ``asked`` is UTC."""
        self.ensure_one()
        self._require_open()
        self.check_access("write")
        self._claim()
        task = self.sudo()
        now = fields.Datetime.now()
        line = task._number_to_call()
        attempt = (
            self.env["hospital.followup.attempt"]
            .sudo()
            .create(task._prepare_attempt(outcome, channel, note, line, now))
        )
        history = [
            (self._local(past.at), past.outcome) for past in task.attempt_ids.sorted(lambda past: (past.at, past.id))
        ]
        decision = cadence.decide(
            history,
            numbers_left=len(task._other_numbers(line)),
            asked=asked and self._local(asked),
            max_attempts=task.plan_id.max_attempts,
            hours=self.env["hospital.contact"]._policy("call", "followup").hours,
        )
        values = {"attempt_count": task.attempt_count + 1, "last_outcome": outcome}
        match decision:
            case cadence.Reached():
                values["next_attempt_at"] = False
                line.write({"state": "valid", "invalid_reason": False})
            case cadence.Retry(at=at):
                values |= {"state": "retry", "next_attempt_at": self.env["res.company"]._from_hospital_clock(at)}
            case cadence.NextNumber(reason=reason):
                values |= {"next_attempt_at": now, "phone_id": False}
                line._mark_invalid(reason)
            case cadence.GiveUp(state=state, reason=reason):
                values |= self._closing_values(state) | {"lost_reason": reason}
                if outcome in cadence.INVALID_NUMBER:
                    line._mark_invalid(cadence.INVALID_NUMBER[outcome])
        if not isinstance(decision, cadence.Reached | cadence.NextNumber):
            task._drop_claims()
        task.write(values)
        attempt.next_attempt_at = task.next_attempt_at
        task._settle()
        return decision

    def _require_open(self):
        if self.state not in OPEN_STATES:
            raise UserError(self.env._("This task is closed."))

    def _number_to_call(self):
        line = self.phone_id
        usable = line.state != "invalid" and line.patient_id == self.contact_id
        return line if line and usable else self.contact_id.phone_line_ids._best()

    def _other_numbers(self, line):
        return (self.contact_id.phone_line_ids - line).filtered(lambda other: other.state != "invalid")

    def _prepare_attempt(self, outcome, channel, note, line, now):
        entry = (
            self.env["hospital.contact"]
            .sudo()
            .create(
                {
                    "patient_id": self.contact_id.id,
                    "at": now,
                    "channel": channel,
                    "purpose": "followup",
                    "user_id": self.env.uid,
                    "department_id": self.department_id.id,
                    "outcome": outcome,
                    "res_model": self._name,
                    "res_id": self.id,
                }
            )
        )
        before = {name: self._fields[name].convert_to_write(self[name], self) for name in UNDONE}
        before["state"] = "retry" if self.attempt_count else "open"
        return {
            "task_id": self.id,
            "encounter_id": self.encounter_id.id,
            "patient_id": self.patient_id.id,
            "at": now,
            "user_id": self.env.uid,
            "channel": channel,
            "outcome": outcome,
            "person": {"reached_patient": "patient", "reached_family": "other"}.get(outcome),
            "phone_id": line.id,
            "note": note,
            "contact_id": entry.id,
            "before": {
                "task": {
                    name: fields.Datetime.to_string(value) if self._fields[name].type == "datetime" else value
                    for name, value in before.items()
                },
                "phone": line and {name: line[name] for name in ("state", "invalid_reason", "is_best")},
            },
        }

    def _closing_values(self, state, **values):
        now = fields.Datetime.now()
        return {
            "state": state,
            "next_attempt_at": False,
            "done_at": now,
            "done_by": self.env.uid,
            **values,
        }

    def _settle(self):
        """Bring the follow-up's state into line after a change of its tasks."""
        self.env.flush_all()
        enrolments = self.sudo().enrolment_id
        self.env["hospital.followup.enrolment"]._settle(SQL("enrolment.id = ANY(%s)", enrolments.ids))
        enrolments.invalidate_recordset(["state"])

    def action_finish(self):
        """Button: close a task whose patient was reached; the condition is the one thing that is asked."""
        self.ensure_one()
        self._require_open()
        self.check_access("write")
        if self.last_outcome not in cadence.REACHED:
            raise UserError(self.env._("Record first that the patient or the family was reached."))
        if not self.condition:
            raise UserError(self.env._("How is the patient? Choose good, fair or poor."))
        self._claim()
        task = self.sudo()
        task._drop_claims()
        task.write(self._closing_values("done", in_time=task._window_contains(fields.Datetime.now())))
        task._settle()
        return True

    def action_finish_next(self):
        self.action_finish()
        return self.action_next()

    def action_contacted(self):
        """Card button: the patient was reached; open the form for the condition."""
        self._record("reached_patient")
        return self._open_form()

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "current",
        }

    def _close_without_result(self, state, reason):
        """Close as not needed or refused, because of what a person knows."""
        self.ensure_one()
        self._require_open()
        self.check_access("write")
        self._claim()
        task = self.sudo()
        task._drop_claims()
        task.write(self._closing_values(state, close_reason=reason))
        if reason == CLOSED_BY_DEATH:
            # The patient's record stops everything: the other tasks, surveys and greetings.
            task.patient_id.write({"deceased": True, "deceased_at": fields.Datetime.now()})
        elif reason != "duplicate":
            task.enrolment_id._terminate(reason)
        task._settle()

    def action_undo(self):
        """Button: take back one's last result, up to ten minutes later, and return to its task."""
        attempt = (
            self.env["hospital.followup.attempt"]
            .sudo()
            .search([("user_id", "=", self.env.uid), ("at", ">=", fields.Datetime.now() - UNDO_WITHIN)], limit=1)
        )
        if not attempt:
            raise UserError(self.env._("There is no result of the last ten minutes to take back."))
        task = attempt.task_id
        gone_on = attempt.search_count([("task_id", "=", task.id), ("id", ">", attempt.id)], limit=1)
        if gone_on or (task.done_by and task.done_by != self.env.user):
            raise UserError(self.env._("Somebody else has worked on this follow-up since: it stays as it is."))
        later = [("done_by", "=", self.env.uid), ("done_at", ">", attempt.at), ("id", "!=", task.id)]
        if self.sudo().search_count(later, limit=1):
            raise UserError(self.env._("Your last step closed a task without a call: only a call can be taken back."))
        if task.close_reason == CLOSED_BY_DEATH:
            raise UserError(self.env._("A death is corrected in the patient's record."))
        task.write(attempt.before["task"])
        if attempt.phone_id:
            attempt.phone_id.write(attempt.before["phone"])
        attempt.contact_id.unlink()
        attempt.active = False
        self.env["hospital.contact.refusal"].sudo().search(
            [("patient_id", "=", task.patient_id.id), ("user_id", "=", self.env.uid), ("at", ">=", attempt.at)]
        ).unlink()
        if task.enrolment_id.state == "terminated" and task.enrolment_id.reason not in FOUND_REASONS:
            task.enrolment_id.action_resume()
        task._settle()
        return True if self == task else task.with_env(self.env)._open_form()
