from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .hospital_followup_task import OPEN_STATES

LEASE = timedelta(minutes=15)
# The gate is asked for this many tasks at once when looking for the next one that may be called.
LOOK_AHEAD = 40


class HospitalFollowupTaskClaim(models.Model):
    """A task in somebody's hands: nobody else calls the same person during the lease."""

    _inherit = "hospital.followup.task"

    def _claimed_by_others(self):
        """Return the claims of other users on the people to call in these tasks."""
        return self.sudo().search(
            Domain("contact_id", "in", self.sudo().contact_id.ids)
            & Domain("claimed_until", ">", fields.Datetime.now())
            & Domain("claimed_by", "not in", (False, self.env.uid))
        )

    def _same_person(self):
        """Return all open tasks of the people to call in these tasks."""
        return self.sudo().search(
            [("contact_id", "in", self.sudo().contact_id.ids), ("state", "in", OPEN_STATES)], order="id"
        )

    def _claim(self):
        """Take the task in hand, or say who has the patient on the line.

        The claim is written on every open task of the person: of two workers who start at the same
        moment one meets the other's row and is refused.
        """
        self.ensure_one()
        # One lock per person to call, whichever task somebody holds.
        if not self.sudo().contact_id.try_lock_for_update(allow_referencing=True):
            raise UserError(self.env._("Somebody else is just taking this patient. Please take the next one."))
        if other := self._claimed_by_others()[:1]:
            until = self._local(other.claimed_until)
            raise UserError(
                self.env._(
                    "%(user)s is talking to this patient (until %(time)s at the latest).",
                    user=other.claimed_by.name,
                    time=f"{until:%H:%M}",
                )
            )
        until = fields.Datetime.now() + LEASE
        same = self._same_person()
        (same - self)._put_back()
        same.write({"claimed_by": self.env.uid, "claimed_until": until})
        self.sudo().state = "in_progress"

    def _release(self):
        """Let go of these tasks: put them back and free the line."""
        self._put_back()
        self._drop_claims()

    def _put_back(self):
        for task in self.sudo().filtered(lambda task: task.state == "in_progress"):
            task.state = "retry" if task.attempt_count else "open"

    def _drop_claims(self):
        """The line to these people is free again; a claim that somebody else has taken meanwhile stays."""
        holders = self.sudo().claimed_by
        claimed = (self.sudo() | self._same_person()).filtered(lambda task: task.claimed_by in holders)
        claimed.write({"claimed_by": False, "claimed_until": False})

    @api.model
    def _release_left(self):
        """A task left in the middle goes back to the list once its lease has run out."""
        self.search([("state", "=", "in_progress"), ("claimed_until", "<", fields.Datetime.now())])._release()

    def action_start(self):
        """Take the task in hand, if the contact gate allows the call."""
        self.ensure_one()
        if self.state not in OPEN_STATES:
            raise UserError(self.env._("This task is closed."))
        if notice := self._gate_text(self._ask_gate(self)[self.sudo().contact_id.id]):
            raise UserError(notice)
        self._claim()

    @api.model
    def _next_task(self):
        """Claim and return the first of the user's due tasks that may be called now."""
        due = self.search(Domain("user_id", "=", self.env.uid) & self._due_now_domain())
        for start in range(0, len(due), LOOK_AHEAD):
            tasks = due[start : start + LOOK_AHEAD]
            busy = tasks._claimed_by_others().contact_id
            verdicts = self._ask_gate(tasks)
            for task in tasks.filtered(lambda task, busy=busy: task.sudo().contact_id not in busy):
                if verdicts[task.sudo().contact_id.id].verdict == "yes":
                    try:
                        task._claim()
                    except UserError:
                        continue
                    return task
        return self.browse()

    def action_next(self):
        """Open the next task; without one, show the list and say why."""
        self.search([("claimed_by", "=", self.env.uid), ("state", "=", "in_progress")])._release()
        task = self._next_task()
        action = self.env["ir.actions.act_window"]._for_xml_id("hospital_followup.action_task_today")
        if task:
            action["res_id"] = task.id
            return {"type": "ir.actions.client", "tag": "hospital_followup.open_task", "params": {"action": action}}
        waiting = self.search_count(Domain("user_id", "=", self.env.uid) & self._due_now_domain())
        message = (
            self.env._("Nothing can be called right now; %s tasks wait for their hour.", waiting)
            if waiting
            else self.env._("All done for now.")
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"message": message, "type": "success", "next": dict(action, target="main")},
        }
