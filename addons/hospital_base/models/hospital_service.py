from odoo import api, fields, models
from odoo.tools import SQL

# Four missed beats: the process is dead, hangs, or has lost its way to the database.
STALE_SECONDS = 20


class HospitalService(models.Model):
    """The board: one row per process and service, written by the processes themselves, by SQL."""

    _name = "hospital.service"
    _description = "Service"
    _order = "name, leader desc, host, pid"
    _log_access = False

    name = fields.Char(string="Service", required=True, readonly=True)
    host = fields.Char(required=True, readonly=True)
    pid = fields.Integer(string="PID", required=True, readonly=True)
    leader = fields.Boolean(readonly=True)
    role = fields.Selection(
        [("leader", "Leads"), ("standby", "Stands by"), ("process", "Process")],
        compute="_compute_role",
    )
    heartbeat_at = fields.Datetime(string="Heartbeat", required=True, readonly=True)
    state = fields.Selection(
        [("running", "Running"), ("standby", "Stand-by"), ("failed", "Failed"), ("stopped", "Stopped")],
        required=True,
        readonly=True,
    )
    message = fields.Char(readonly=True)
    stale = fields.Boolean(
        string="No Heartbeat",
        compute="_compute_stale",
        search="_search_stale",
        help="No sign of life for 20 seconds although nobody stopped it.",
    )

    _process_unique = models.UniqueIndex("(name, host, pid)")

    @api.depends("name", "leader")
    def _compute_role(self):
        for service in self:
            if service.name == "kernel":
                service.role = "process"
            else:
                service.role = "leader" if service.leader else "standby"

    @api.depends("heartbeat_at", "state")
    def _compute_stale(self):
        stale = set(self._stale_ids())
        for service in self:
            service.stale = service.id in stale

    def _search_stale(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("id", "in" if True in value else "not in", self._stale_ids())]

    @api.model
    def _stale_ids(self):
        """By the clock of the database, which also wrote the heartbeats. A board of tens of rows: read them all."""
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM hospital_service
                    WHERE state != 'stopped'
                      AND heartbeat_at < clock_timestamp() AT TIME ZONE 'UTC' - %s * interval '1 second'""",
                STALE_SECONDS,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _lives(self, name):
        """Whether somebody leads the service ``name`` and has lately said so."""
        (living,) = self.env.execute_query(
            SQL(
                """SELECT EXISTS (SELECT FROM hospital_service
                                   WHERE name = %s AND leader AND state = 'running' AND heartbeat_at
                                         >= clock_timestamp() AT TIME ZONE 'UTC' - %s * interval '1 second')""",
                name,
                STALE_SECONDS,
            )
        )
        return living[0]

    @api.model
    def _wake(self, name, payload=""):
        """Wake the service `name` when this transaction commits. What there is to do stands in the tables."""
        self.env.cr.execute(SQL("SELECT pg_notify(%s, %s)", f"hospital_{name}", payload))
