import time
from datetime import UTC, timedelta

from odoo import api, models
from odoo.service.model import retrying
from odoo.tools import SQL

from ..schedule import planner
from .hospital_schedule_slot import AHEAD

# A schedule that somebody is editing this moment is looked at again so soon (seconds).
EDITED = 0.1
# A job that another process is doing is looked at again so soon, for the process may die.
ELSEWHERE = 1.0
# No clock that was set back (seconds), only one that was put right.
MOMENT = 1.0
# The fallback: how long one call may go on, and how long it may be blind to a service that has come back.
CALL = 45
NAP = 5


class HospitalSchedule(models.Model):
    """Planning: which slots the clock has brought, and who begins them."""

    _inherit = "hospital.schedule"

    @api.model
    def _look(self, mine):
        """Plan what the clock has brought since the last look; ``mine``: ids of the slots this process is doing.

        Return the ids of the slots to begin and the moment (monotonic) of the next look.
        """
        now, began = self._now() + timedelta(seconds=AHEAD), time.monotonic()
        planned = self.search([("kind", "!=", "demand")])
        editable = planned.try_lock_for_update(allow_referencing=True)
        moments = [schedule._look_ahead(now) for schedule in editable]
        moments.append(EDITED if editable != planned else None)
        self.env["hospital.schedule.slot"].flush_model()
        begin = self._begin(now, mine)
        moments.append(self._asked_in(now))
        moments.append(ELSEWHERE if self._done_elsewhere(mine + begin) else None)
        return begin, began + min((moment for moment in moments if moment is not None), default=float("inf"))

    def _look_ahead(self, now):
        """Plan what is due; return the seconds until the next slot."""
        plan = self._plan()
        self._notice_clock_set_back(now)
        due = planner.due(plan, self.looked_at.replace(tzinfo=UTC), now.replace(tzinfo=UTC))
        if due:
            self._take(due[0].replace(tzinfo=None), due[1], now)
        (following,) = planner.next_slots(plan, now.replace(tzinfo=UTC), 1) or [None]
        return following and (following.replace(tzinfo=None) - now).total_seconds()

    def _notice_clock_set_back(self, now):
        """Inside a window the repeated span gets slots of its own; a time of the day has its one slot already."""
        back = (self.looked_at - now).total_seconds()
        if self.kind == "window" and back >= self.period:  # else a little patience does
            self._remember(looked_at=now, turn=self.turn + 1)
        elif self.kind == "times" and back > MOMENT:
            self._remember(looked_at=now)

    def _take(self, planned_at, earlier, now):
        """The slot is due, and stands for the earlier ones: begin it, or leave it out."""
        slots = self.env["hospital.schedule.slot"]
        if slots._busy(self, now):
            self._remember(looked_at=now, missed=self.missed + earlier + 1)
            return
        late = now - planned_at > timedelta(minutes=self.grace)
        slots._claim(self, planned_at, "skipped" if late and self.misfire == "skip" else "due", self.missed + earlier)
        self._remember(looked_at=now, missed=0)

    def _remember(self, **values):
        """Past ``write``, which takes every change for an edited schedule."""
        self.env.cr.execute(
            SQL(
                "UPDATE hospital_schedule SET %s WHERE id = %s",
                SQL(", ").join(SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items()),
                self.id,
            )
        )
        self.invalidate_recordset(list(values), flush=False)

    # -- who begins what ---------------------------------------------------------------------------------------

    @api.model
    def _begin(self, now, mine):
        """Ids of the slots to begin: one per schedule, and those whose process is gone."""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (slot.schedule_id) slot.id
                     FROM hospital_schedule_slot slot JOIN hospital_schedule schedule ON schedule.id = slot.schedule_id
                    WHERE slot.state = 'due' AND slot.planned_at <= %(now)s AND schedule.active
                      AND NOT EXISTS (SELECT FROM hospital_schedule_slot other
                                       WHERE other.schedule_id = slot.schedule_id
                                         AND (other.state = 'running' OR other.id = ANY(%(mine)s)))
                    ORDER BY slot.schedule_id, slot.planned_at""",
                now=now,
                mine=mine,
            )
        )
        return [slot_id for (slot_id,) in rows] + self.env["hospital.schedule.slot"]._left_behind(mine)

    @api.model
    def _asked_in(self, now):
        """Seconds until the next slot that somebody has asked for."""
        ((planned_at,),) = self.env.execute_query(
            SQL("SELECT min(planned_at) FROM hospital_schedule_slot WHERE state = 'due' AND planned_at > %s", now)
        )
        return planned_at and (planned_at - now).total_seconds()

    @api.model
    def _done_elsewhere(self, mine):
        return bool(
            self.env["hospital.schedule.slot"].search_count(
                [("state", "=", "running"), ("id", "not in", mine)], limit=1
            )
        )

    def _ask(self, at=None):
        """Have the job done at ``at`` (UTC; now by default), whatever the plan says. Asked twice, done once."""
        for schedule in self:
            self.env["hospital.schedule.slot"]._ask(schedule, at)
        self._wake()

    @api.model
    def _wake(self):
        """The service looks again when this transaction commits; where none lives, Odoo's scheduled action does."""
        services = self.env["hospital.service"]
        services._wake("sync")
        if not services._lives("sync"):
            if cron := self.env.ref("hospital_base.ir_cron_schedule", raise_if_not_found=False):
                cron.sudo()._trigger()

    # -- the fallback ------------------------------------------------------------------------------------------

    @api.model
    def _cron_fallback(self):
        """While no service lives: what it would do, as well as a scheduled action can."""
        end = time.monotonic() + CALL
        while not self.env["hospital.service"]._lives("sync"):
            begin, look_at = retrying(lambda: self._look([]), self.env)
            for slot in self.env["hospital.schedule.slot"].browse(begin):
                slot._run()
            self.env.cr.commit()  # pylint: disable=invalid-commit; what others do meanwhile can be seen
            if time.monotonic() >= end or (not begin and look_at >= end):
                break
            time.sleep(min(NAP, max(0, look_at - time.monotonic())) if not begin else 0)
