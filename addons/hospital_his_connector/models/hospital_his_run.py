from datetime import timedelta

from odoo import api, fields, models

RUN_STATES = [
    ("queued", "Queued"),
    ("running", "Running"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("interrupted", "Interrupted"),
]

# Causes that may be gone in a while, and after how many minutes a scheduled run tries again.
PASSING = {
    "host_unknown", "refused", "unreachable", "no_connection", "connect_timeout", "starting", "oracle_listener",
    "no_file", "locked", "silence", "total", "lost", "database", "not_started", "died", "busy", "conflict",
}  # fmt: skip
PAUSES = (5, 15, 60)


class HospitalHisRun(models.Model):
    """One reading of a feed: what came, what became of it, what went wrong."""

    _name = "hospital.his.run"
    _inherit = ["hospital.his.message"]
    _description = "Run"
    _order = "id desc"
    _rec_name = "feed_id"

    feed_id = fields.Many2one("hospital.his.feed", required=True, ondelete="cascade", index=True)
    source_id = fields.Many2one(related="feed_id.source_id", store=True, index=True)
    origin = fields.Selection(
        [("schedule", "Schedule"), ("manual", "By hand"), ("resume", "Taken up again"), ("retry", "Tried again")],
        required=True,
        default="schedule",
    )
    state = fields.Selection(RUN_STATES, required=True, default="queued", index=True)
    started_at = fields.Datetime()
    finished_at = fields.Datetime()
    duration = fields.Float(compute="_compute_duration", store=True, help="Seconds.")
    read_count = fields.Integer(string="Read")
    new_count = fields.Integer(string="New")
    changed_count = fields.Integer(string="Changed")
    unchanged_count = fields.Integer(string="Unchanged")
    rejected_count = fields.Integer(string="Rejected")
    waiting_count = fields.Integer(string="Waiting", help="Rows that wait for a record they refer to.")
    repeated_count = fields.Integer(string="Repeated", help="Rows with the same key: the last one counts.")
    newest_at = fields.Datetime(string="Newest Row", help="The latest time of change among the rows read.")
    lag = fields.Float(
        compute="_compute_lag",
        store=True,
        string="Lag (hours)",
        help="How old the newest row was, if the run brought anything new.",
    )
    code = fields.Char(export_string_translation=False)
    arguments = fields.Json(export_string_translation=False)
    message = fields.Char(compute="_compute_message", string="What Happened")

    _one_queued = models.UniqueIndex("(feed_id) WHERE state = 'queued'", "A run of this feed is already queued.")

    @api.depends("started_at", "finished_at")
    def _compute_duration(self):
        for run in self:
            over = run.started_at and run.finished_at
            run.duration = (run.finished_at - run.started_at).total_seconds() if over else 0

    @api.depends("started_at", "newest_at", "new_count", "changed_count")
    def _compute_lag(self):
        for run in self:
            # Where nothing changes, rows grow old without anything being late.
            known = run.started_at and run.newest_at and (run.new_count or run.changed_count)
            run.lag = max(0, (run.started_at - run.newest_at) / timedelta(hours=1)) if known else 0

    @api.depends("code", "arguments")
    @api.depends_context("lang")
    def _compute_message(self):
        for run in self:
            run.message = self._sentence(run.code, run.arguments)

    @api.model
    def _queue(self, feeds, origin):
        """One queued run per feed: who is queued already keeps the place."""
        queued = self.search([("feed_id", "in", feeds.ids), ("state", "=", "queued")])
        rest = (feeds - queued.feed_id).filtered(lambda feed: feed.active and feed.way == "query")
        return queued | self.create([{"feed_id": feed.id, "origin": origin} for feed in rest])

    def _start(self):
        others = self.search([("feed_id", "=", self.feed_id.id), ("state", "=", "running"), ("id", "!=", self.id)])
        others._interrupt()
        started_at = self.started_at or fields.Datetime.now()
        self.write({"state": "running", "started_at": started_at, "code": False, "arguments": False})

    def _pause(self):
        """Out of time at a batch boundary: the next call goes on here."""
        self.search([("feed_id", "=", self.feed_id.id), ("state", "=", "queued")]).unlink()
        self.state = "queued"

    def _finish(self, code=False, arguments=False):
        self.write({"state": "done", "finished_at": fields.Datetime.now(), "code": code, "arguments": arguments})

    def _fail(self, code, arguments):
        """The run ends with its reason, unless somebody has deleted it."""
        for run in self.exists():
            run.write({"state": "failed", "finished_at": fields.Datetime.now(), "code": code, "arguments": arguments})
            if again_at := run._again_at():
                self._call(again_at)

    def _interrupt(self):
        self.write({"state": "interrupted", "finished_at": fields.Datetime.now(), "code": "killed"})

    def _count(self, counts, newest_at):
        values = {
            f"{name}_count": self[f"{name}_count"] + getattr(counts, name)
            for name in ("read", "new", "changed", "unchanged", "rejected", "waiting", "repeated")
        }
        if newest_at:
            values["newest_at"] = newest_at
        self.write(values)

    @api.model
    def _interrupt_stale(self):
        """Running, but nobody holds the feed's lock: the process is gone. Its work is taken up again, once."""
        for run in self.search([("state", "=", "running")]):
            with run.feed_id._locked() as locked:
                if not locked:
                    continue
                run._interrupt()
                if run.origin != "resume":
                    self._queue(run.feed_id, "resume")

    def _again_at(self):
        """When a run that failed is tried again; never for a cause that waiting does not cure, nor a fourth time."""
        if self.state != "failed" or self.origin == "manual" or self.code not in PASSING:
            return False
        own = [("feed_id", "=", self.feed_id.id), ("id", "<=", self.id)]
        first = self.search([*own, ("origin", "in", ("schedule", "resume"))], limit=1)
        tries = self.search_count([*own, ("origin", "=", "retry"), ("id", ">", first.id or 0)])
        return tries < len(PAUSES) and self.finished_at + timedelta(minutes=PAUSES[tries])

    @api.model
    def _queue_again(self):
        """A HIS that was down at night is read as soon as it is back, not only the next night."""
        latest = self._read_group(["|", ("origin", "!=", "manual"), ("state", "!=", "failed")], ["feed_id"], ["id:max"])
        now = fields.Datetime.now()
        for run in self.browse([run_id for _feed, run_id in latest]):
            if (again_at := run._again_at()) and again_at <= now:
                self._queue(run.feed_id, "retry")

    # -- done --------------------------------------------------------------------------------------------------

    @api.model
    def _do(self, runs):
        """Do queued runs; what Odoo leaves no time for goes on as soon as it may. Return those begun."""
        feeds = self.env["hospital.his.feed"]
        begun = feeds._run_queued(runs, *feeds._deadlines())
        # What was pushed may be what others have waited for.
        feeds._unsettled()._retry_waiting()
        if self.search_count([("state", "=", "queued")], limit=1):
            self._call()
        return begun

    @api.model
    def _call(self, at=None):
        """Have the queued runs done, now or at a time to come."""
        self.env.ref("hospital_his_connector.schedule_his_runs").sudo()._ask(at)
