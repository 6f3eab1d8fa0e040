import contextlib
import logging
import os
import socket
import time
import traceback
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import retrying
from odoo.tools import SQL

from ..service.post import describe

_logger = logging.getLogger(__name__)

# "slot" in ASCII: the first half of the advisory lock that whoever does a slot holds.
LOCK = 0x736C6F74
# A slot is taken this long before its time (seconds): at the time itself only its row is left to write,
# however busy the machine is.
AHEAD = 1.0
ATTEMPTS = 2
KEEP_DAYS = 30

SLOT_STATES = [
    ("due", "Due"),
    ("running", "Running"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("interrupted", "Interrupted"),
    ("skipped", "Skipped"),
]


class HospitalScheduleSlot(models.Model):
    """One time at which a schedule was due, and what became of it. The row is the claim: a slot is done once.

    Written by SQL: its times are those of the database's clock, to the millisecond.
    """

    _name = "hospital.schedule.slot"
    _description = "Slot of a Schedule"
    _order = "id desc"
    _rec_name = "schedule_id"
    _log_access = False

    schedule_id = fields.Many2one(
        "hospital.schedule", string="Job Schedule", required=True, readonly=True, ondelete="cascade"
    )
    planned_at = fields.Datetime(string="Planned", required=True, readonly=True, index=True)
    turn = fields.Integer(
        required=True, default=0, readonly=True, help="How often the clock had been set back over this time."
    )
    origin = fields.Selection(
        [("plan", "By plan"), ("asked", "On request")], required=True, default="plan", readonly=True
    )
    state = fields.Selection(SLOT_STATES, required=True, readonly=True)
    host = fields.Char(readonly=True)
    pid = fields.Integer(string="PID", readonly=True)
    attempts = fields.Integer(required=True, default=0, readonly=True)
    started_at = fields.Datetime(string="Started", readonly=True)
    finished_at = fields.Datetime(string="Finished", readonly=True)
    delay = fields.Float(
        string="Delay (s)", readonly=True, aggregator="avg", help="From the planned time to the start."
    )
    duration = fields.Float(string="Duration (s)", readonly=True, aggregator="avg")
    missed = fields.Integer(
        string="Left Out",
        required=True,
        default=0,
        readonly=True,
        help="Times before this one at which nothing was begun: the server was down, or the former slot still ran.",
    )
    message = fields.Char(readonly=True)

    _once = models.UniqueIndex("(schedule_id, planned_at, turn)", "This slot has been taken.")
    _latest = models.Index("(schedule_id, id)")
    _open = models.Index("(schedule_id, planned_at) WHERE state IN ('due', 'running')")

    # -- claimed -----------------------------------------------------------------------------------------------

    @api.model
    def _claim(self, schedule, planned_at, state, missed):
        """Take a planned slot, unless it has been taken."""
        self.env.cr.execute(
            SQL(
                """INSERT INTO hospital_schedule_slot (schedule_id, planned_at, turn, origin, state, attempts, missed)
                   VALUES (%s, %s, %s, 'plan', %s, 0, %s) ON CONFLICT DO NOTHING""",
                schedule.id,
                planned_at,
                schedule.turn,
                state,
                missed,
            )
        )
        schedule.invalidate_recordset(["slot_ids"], flush=False)

    @api.model
    def _ask(self, schedule, at):
        """A slot at ``at`` (now by default), unless one is due until then."""
        self.env.cr.execute(
            SQL(
                """INSERT INTO hospital_schedule_slot (schedule_id, planned_at, turn, origin, state, attempts, missed)
                   SELECT %(schedule)s, %(at)s, %(turn)s, 'asked', 'due', 0, 0
                    WHERE NOT EXISTS (SELECT FROM hospital_schedule_slot
                                       WHERE schedule_id = %(schedule)s AND state = 'due' AND planned_at <= %(at)s)
                       ON CONFLICT DO NOTHING""",
                schedule=schedule.id,
                turn=schedule.turn,
                at=at or schedule._now(),
            )
        )
        schedule.invalidate_recordset(["slot_ids"], flush=False)

    @api.model
    def _busy(self, schedule, now):
        """Whether a slot of the schedule waits or is being done: what comes meanwhile is left out."""
        domain = [("schedule_id", "=", schedule.id), ("state", "in", ("due", "running")), ("planned_at", "<=", now)]
        return bool(self.search_count(domain, limit=1))

    @api.model
    def _drop_due(self, schedules):
        """What a paused schedule had still to do is not done when it goes on."""
        self.env.cr.execute(
            SQL(
                "UPDATE hospital_schedule_slot SET state = 'skipped' WHERE state = 'due' AND schedule_id = ANY(%s)",
                schedules.ids,
            )
        )
        self.invalidate_model(["state"], flush=False)

    @api.model
    def _left_behind(self, mine):
        """Ids of slots that run, says the row, but nobody holds the lock: the process is gone."""
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM (SELECT id FROM hospital_schedule_slot
                                    WHERE state = 'running' AND id <> ALL(%s) OFFSET 0) AS slot
                    WHERE pg_try_advisory_xact_lock(%s, id)""",
                mine,
                LOCK,
            )
        )
        return [slot_id for (slot_id,) in rows]

    # -- done --------------------------------------------------------------------------------------------------

    def _run(self):
        """Do the slot, once, whoever else tries: the lock says who lives, the row what has been done."""
        with self._locked() as locked:
            self._commit()  # what follows sees what others have done
            if not locked or not self.exists() or self.state not in ("due", "running"):
                return
            time.sleep(max(0, min(AHEAD, (self.planned_at - self.schedule_id._now()).total_seconds())))
            if self.attempts >= ATTEMPTS:
                self._end("interrupted")
                return self._commit()
            if self._overslept():
                self._put(SQL("state = 'skipped'"))
                return self._commit()
            self._start()
            self._commit()
            try:
                retrying(self._do, self.env)
            except Exception as error:
                self.env.cr.rollback()
                self._fail(error)

    def _overslept(self):
        """Claimed in time, but whoever claimed it was gone before it began: to be left out like one nobody claimed."""
        schedule = self.schedule_id
        if self.attempts or self.origin != "plan" or schedule.misfire != "skip":
            return False
        return schedule._now() - self.planned_at > timedelta(minutes=schedule.grace)

    def _do(self):
        """The job and the word that it is done: one transaction."""
        if self.state != "running":  # begun anew after somebody has given it up
            return
        schedule = self.schedule_id
        getattr(schedule, f"_run_{schedule.job}")()
        self._end("done")

    def _fail(self, error):
        """The text of an error may name a patient: its place goes into the log, and its words only if they may."""
        where = "".join(traceback.format_tb(error.__traceback__))
        _logger.error("Schedule %s failed: %s\n%s", self.schedule_id.name, describe(error), where)
        self._end("failed", describe(error))
        self._commit()

    def _start(self):
        self._put(
            SQL(
                """state = 'running', attempts = attempts + 1, host = %s, pid = %s, finished_at = NULL,
                   started_at = clock_timestamp() AT TIME ZONE 'UTC',
                   delay = extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - planned_at)""",
                socket.gethostname(),
                os.getpid(),
            )
        )

    def _end(self, state, message=None):
        self._put(
            SQL(
                """state = %s, message = %s, finished_at = clock_timestamp() AT TIME ZONE 'UTC',
                   duration = extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - started_at)""",
                state,
                message,
            )
        )

    def _put(self, assignments):
        self.env.cr.execute(SQL("UPDATE hospital_schedule_slot SET %s WHERE id = %s", assignments, self.id))
        self.invalidate_recordset(flush=False)

    @contextlib.contextmanager
    def _locked(self):
        """Keep others away from this slot; yields whether nobody else is at it.

        The lock is the session's: it outlives the job's commits, and is free when the process is gone.
        """
        self.env.cr.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, self.id])
        locked = self.env.cr.fetchone()[0]
        try:
            yield locked
        except Exception:
            self.env.cr.rollback()  # the connection goes back to the pool: without the lock, even now
            raise
        finally:
            if locked:
                self.env.cr.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, self.id])

    def _commit(self):
        self.env.cr.commit()  # pylint: disable=invalid-commit; others must see who does what
        self.env.invalidate_all()

    # -- kept --------------------------------------------------------------------------------------------------

    @api.autovacuum
    def _gc_slots(self):
        """Slots that went well are kept a month; what went wrong stays."""
        limit = fields.Datetime.now() - timedelta(days=KEEP_DAYS)
        self.env.cr.execute(
            SQL(
                """DELETE FROM hospital_schedule_slot
                    WHERE state IN ('done', 'skipped') AND planned_at < %s AND message IS NULL""",
                limit,
            )
        )
