from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL

from ..monitoring.health import Cause, causes

CAUSES = [
    ("failing", "Cannot be read"),
    ("broken", "Does not fit the HIS"),
    ("late", "Not read for long"),
    ("letters", "Many rows set aside"),
    ("service", "Service without heartbeat"),
    ("braked", "Comparison waits for a decision"),
    ("in_doubt", "Transaction in doubt"),
]
MOMENT = timedelta(minutes=1)
# "alarm" in ASCII: one check at a time.
LOCK = 0x616C6D


class HospitalHisAlarm(models.Model):
    """Something a person has to know: raised once per cause, closed by itself when the cause is gone."""

    _name = "hospital.his.alarm"
    _inherit = ["hospital.his.message", "mail.thread", "mail.activity.mixin"]
    _description = "Alarm of the Data Exchange"
    _order = "closed_at desc nulls first, id desc"
    _rec_name = "message"

    cause = fields.Selection(CAUSES, required=True, readonly=True)
    key = fields.Char(required=True, readonly=True, export_string_translation=False)
    source_id = fields.Many2one("hospital.his.source", ondelete="cascade", readonly=True, index="btree_not_null")
    feed_id = fields.Many2one("hospital.his.feed", ondelete="cascade", readonly=True, index="btree_not_null")
    arguments = fields.Json(readonly=True, export_string_translation=False)
    message = fields.Char(compute="_compute_message", string="What Happened")
    advice = fields.Char(compute="_compute_message", string="What to Do")
    opened_at = fields.Datetime(string="Since", required=True, readonly=True, default=fields.Datetime.now)
    closed_at = fields.Datetime(string="Gone Since", readonly=True)

    _one_open = models.UniqueIndex("(cause, key) WHERE closed_at IS NULL")

    @api.depends("cause", "arguments")
    @api.depends_context("lang")
    def _compute_message(self):
        for alarm in self:
            alarm.message = self._sentence(f"alarm_{alarm.cause}", alarm.arguments)
            alarm.advice = self._sentence(f"advice_{alarm.cause}", alarm.arguments)

    @api.depends("message")
    def _compute_display_name(self):
        for alarm in self:
            alarm.display_name = alarm.message

    @api.model
    def _causes(self):
        """Hook: everything that is wrong now, as a list of ``Cause``; others add theirs."""
        return [
            *causes(self.env["hospital.his.feed"]._health()),
            *self._silent_services(),
            *self._braked(),
            *self._in_doubt(),
        ]

    def _silent_services(self):
        """A service that ran and that nobody leads any more: all its processes are gone or have failed."""
        services = self.env["hospital.service"].search([("name", "!=", "kernel"), ("state", "!=", "stopped")])
        found = []
        for name, group in services.grouped("name").items():
            if not any(not service.stale and service.state != "failed" for service in group):
                since = fields.Datetime.to_string(max(group.mapped("heartbeat_at")))
                found.append(Cause("service", name, None, None, {"service": name, "since": since}))
        return found

    def _braked(self):
        return [
            Cause(
                "braked",
                str(check.feed_id.id),
                check.source_id.id,
                check.feed_id.id,
                check.arguments | {"feeds": [check.feed_id.name]},
            )
            for check in self.env["hospital.his.feed"]._braked()
        ]

    def _in_doubt(self):
        """Longer than a moment: a branch that nobody ends holds locks in the HIS."""
        counts = self.env["hospital.his.transaction"]._read_group(
            [("in_doubt", "=", True), ("create_date", "<", fields.Datetime.now() - MOMENT)], ["source_id"], ["__count"]
        )
        return [Cause("in_doubt", str(source.id), source.id, None, {"count": count}) for source, count in counts]

    @api.model
    def _cron_watch(self):
        """Every minute, by the web server: it must also see that the service process is gone."""
        self.sudo()._check()

    @api.model
    def _check(self):
        """Raise what is new, close what is gone; what is known already is left in peace."""
        if not self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s)", LOCK))[0][0]:
            return
        wanted = {(cause.cause, cause.key): cause for cause in self._causes()}
        known = {(alarm.cause, alarm.key): alarm for alarm in self.search([("closed_at", "=", False)])}
        gone = self.union(*(alarm for key, alarm in known.items() if key not in wanted))
        gone._close()
        for key, alarm in known.items():
            if key in wanted and alarm.arguments != wanted[key].arguments:
                alarm.arguments = wanted[key].arguments
        new = self.create([cause._asdict() for key, cause in wanted.items() if key not in known])
        new._tell()
        if gone or new:
            self.env["hospital.his.board"]._changed()

    def _close(self):
        self.write({"closed_at": fields.Datetime.now()})
        self.activity_ids.unlink()

    def _tell(self):
        """An activity and a notice on the screen, in each person's language."""
        for alarm in self:
            for user in alarm._people():
                told = alarm.with_context(lang=user.lang, mail_activity_quick_update=True)
                told.activity_schedule(
                    "mail.mail_activity_data_todo",
                    summary=told.message,
                    note=Markup("<p>%s</p>") % told.advice,
                    user_id=user.id,
                )
                user._bus_send(
                    "simple_notification",
                    {"message": f"{told.message} {told.advice}", "type": "danger", "sticky": True},
                )

    def _people(self):
        """Those named on the source; where nobody is named, every integration engineer."""
        sources = self.source_id or self.env["hospital.his.source"].search([("active", "=", True)])
        people = sources.alarm_user_ids.filtered("active")
        return people or self.env.ref("hospital_base.group_integration").all_user_ids.filtered("active")

    def action_open_feed(self):
        """The feed or the connection the alarm is about."""
        record = self.feed_id or self.source_id
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }
