from odoo import api, fields, models
from odoo.tools import SQL

from ..planning.assignment import share_out
from .hospital_followup_task import OPEN_STATES

# Modes whose tasks are shared out among the workers of the roster; ward tasks have an owner by the visit.
SHARED_MODES = ("central", "outpatient")


class HospitalFollowupTaskAssign(models.Model):
    _inherit = "hospital.followup.task"

    @api.model
    def _assign(self):
        """Give each shared task that has come into its window to one of the day's workers.

        Evenly, but a patient stays with the worker who knows him or her. What lies with a worker
        who is away is shared out again, except a call that was promised to the patient for later;
        who has left keeps nothing.
        """
        self.env.flush_all()
        today = self._today()
        workers = self.env["hospital.followup.worker"].sudo()
        on_duty = workers._on_duty(today)
        if not on_duty:
            return
        tasks = self.env.execute_query(
            SQL(
                """SELECT id, contact_id FROM hospital_followup_task
                    WHERE state = ANY(%(open)s) AND mode = ANY(%(modes)s) AND earliest_date <= %(today)s
                      AND (user_id IS NULL OR user_id = ANY(%(gone)s)
                           OR EXISTS (SELECT FROM res_users owner WHERE owner.id = user_id AND NOT owner.active)
                           OR (user_id = ANY(%(away)s)
                               AND (last_outcome = 'call_later' AND next_attempt_at > %(now)s) IS NOT TRUE))
                    ORDER BY priority DESC, latest_date, id""",
                open=list(OPEN_STATES),
                modes=list(SHARED_MODES),
                today=today,
                gone=workers._gone().user_id.ids,
                away=workers._away(today).user_id.ids,
                now=fields.Datetime.now(),
            )
        )
        loads = dict.fromkeys(on_duty.user_id.ids, 0)
        loads.update(
            self.env.execute_query(
                SQL(
                    """SELECT user_id, count(*) FROM hospital_followup_task
                        WHERE user_id = ANY(%(users)s) AND state = ANY(%(open)s) AND mode = ANY(%(modes)s)
                          AND earliest_date <= %(today)s GROUP BY user_id""",
                    users=list(loads),
                    open=list(OPEN_STATES),
                    modes=list(SHARED_MODES),
                    today=today,
                )
            )
        )
        previous = dict(
            self.env.execute_query(
                SQL(
                    """SELECT DISTINCT ON (contact_id) contact_id, COALESCE(done_by, user_id)
                         FROM hospital_followup_task
                        WHERE contact_id = ANY(%(patients)s) AND COALESCE(done_by, user_id) = ANY(%(users)s)
                          AND mode = ANY(%(modes)s)
                        ORDER BY contact_id, done_at DESC NULLS FIRST, id DESC""",
                    patients=list({patient_id for _task_id, patient_id in tasks}),
                    users=list(loads),
                    modes=list(SHARED_MODES),
                )
            )
        )
        capacities = {worker.user_id.id: worker.capacity for worker in on_duty if worker.capacity}
        shares = share_out(tasks, loads, capacities, previous)
        if not shares:
            return
        self.env.cr.execute(
            SQL(
                """UPDATE hospital_followup_task task SET user_id = share.user_id, write_date = %(now)s
                     FROM unnest(%(tasks)s, %(users)s) AS share(task_id, user_id) WHERE task.id = share.task_id""",
                tasks=list(shares),
                users=list(shares.values()),
                now=fields.Datetime.now(),
            )
        )
        self.env.invalidate_all()

    @api.model
    def _expire(self):
        """Close what nobody has finished by its latest day and the plan's days of grace."""
        self.env.flush_all()
        expired = self.env.execute_query(
            SQL(
                """UPDATE hospital_followup_task task
                      SET state = 'expired', next_attempt_at = NULL, claimed_by = NULL, claimed_until = NULL,
                          write_date = %(now)s
                     FROM hospital_followup_plan plan
                    WHERE plan.id = task.plan_id AND task.state = ANY(%(open)s) AND task.latest_date < %(today)s
                      AND task.latest_date + plan.grace_days < %(today)s
                      AND (task.claimed_until IS NULL OR task.claimed_until < %(now)s)
                RETURNING task.enrolment_id""",
                open=list(OPEN_STATES),
                today=self._today(),
                now=fields.Datetime.now(),
            )
        )
        self.env["hospital.followup.enrolment"]._settle(
            SQL("enrolment.id = ANY(%s)", [enrolment_id for (enrolment_id,) in expired])
        )
        self.env.invalidate_all()
