from datetime import UTC
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, get_day_names

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import babel_locale_parse

from odoo.addons.base.models.res_partner import _tz_get

from ..schedule import planner, times
from .hospital_schedule_slot import SLOT_STATES

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# What decides when a schedule is due.
TIMING = {"active", "kind", "times", "window_from", "window_to", "period", "tz", *WEEKDAYS}
PREVIEW = 5


class HospitalSchedule(models.Model):
    """When a job is done. ``hospital_schedule_planning`` plans it, ``hospital.schedule.slot`` does it.

    An addon adds a job::

        job = fields.Selection(selection_add=[("read_feeds", "Read feeds")], ondelete={"read_feeds": "cascade"})

        def _run_read_feeds(self): ...

    The method runs as superuser in a transaction that also marks the slot done. It may commit in between, if it
    may begin anew: a slot whose process was killed is taken up again, once. What it wants to tell of a failure it
    raises as a ``Problem``; of any other error only its place is kept.
    """

    _name = "hospital.schedule"
    _description = "Job Schedule"
    _order = "name, id"

    name = fields.Char(string="Schedule Name", required=True, translate=True)
    active = fields.Boolean(default=True)
    job = fields.Selection([("refresh_care", "Wards lose sight of patients long discharged")], required=True)
    kind = fields.Selection(
        [("times", "At times of the day"), ("window", "Again and again within a window"), ("demand", "When asked for")],
        string="How Often",
        required=True,
        default="times",
    )
    times = fields.Char(help="Times of the day, such as 1:00, 2:00, 2:30.")
    window_from = fields.Float(string="Window Opens")
    window_to = fields.Float(
        string="Window Closes",
        default=24,
        help="The window ends before this time. An end before the beginning is the next day's.",
    )
    period = fields.Integer(string="Every (seconds)", default=900)
    monday = fields.Boolean(default=True)
    tuesday = fields.Boolean(default=True)
    wednesday = fields.Boolean(default=True)
    thursday = fields.Boolean(default=True)
    friday = fields.Boolean(default=True)
    saturday = fields.Boolean(default=True)
    sunday = fields.Boolean(default=True)
    tz = fields.Selection(_tz_get, string="Time Zone", required=True, default=lambda self: self.env.company.hospital_tz)
    misfire = fields.Selection(
        [("once", "Once, late"), ("skip", "Not at all")],
        string="If Missed",
        required=True,
        default="once",
        help="What becomes of a time at which nothing could run: the server was down, or its clock was set forward. "
        "Of several missed times only the last counts.",
    )
    grace = fields.Integer(
        string="Missed After (minutes)", required=True, default=5, help="Up to here a late start is no missed one."
    )
    sentence = fields.Char(compute="_compute_sentence", string="What It Does")
    next_at = fields.Datetime(compute="_compute_next", string="Next Time")
    preview = fields.Text(compute="_compute_next", string="Next Times")
    slot_ids = fields.One2many("hospital.schedule.slot", "schedule_id", string="Log")
    last_slot_id = fields.Many2one("hospital.schedule.slot", compute="_compute_last_slot")
    last_at = fields.Datetime(compute="_compute_last_slot", string="Last Start")
    last_message = fields.Char(compute="_compute_last_slot", string="Message")
    state = fields.Selection(SLOT_STATES, compute="_compute_last_slot", string="Last State")
    # The planning's memory, written by SQL: nobody edits it.
    looked_at = fields.Datetime(required=True, default=lambda self: self._now(), copy=False, readonly=True)
    turn = fields.Integer(
        required=True, default=0, copy=False, readonly=True, help="How often the clock was set back within a window."
    )
    missed = fields.Integer(string="Left Out", required=True, default=0, copy=False, readonly=True)

    _times_named = models.Constraint(
        "CHECK (kind <> 'times' OR (times IS NOT NULL AND times"
        " ~ '^([01][0-9]|2[0-3]):[0-5][0-9](, ([01][0-9]|2[0-3]):[0-5][0-9])*$'))",
        "Name at least one time of the day, such as 1:00, 2:00, 2:30.",
    )
    _window_within_day = models.Constraint(
        "CHECK (kind <> 'window' OR (window_from >= 0 AND window_from < 24 AND window_to > 0 AND window_to <= 24"
        " AND window_from <> window_to))",
        "A window begins between 00:00 and 23:59 and ends between 00:01 and 24:00. The whole day is 00:00 to 24:00.",
    )
    _period_sane = models.Constraint(
        "CHECK (kind <> 'window' OR period BETWEEN 5 AND 86400)",
        "Every 5 seconds at the most, once a day at the least.",
    )
    _any_weekday = models.Constraint(
        f"CHECK ({' OR '.join(WEEKDAYS)})", "Choose at least one day of the week, or pause the schedule."
    )
    _grace_positive = models.Constraint("CHECK (grace >= 0)", "The minutes must be positive.")

    # -- in words ----------------------------------------------------------------------------------------------

    @api.depends("kind", "times", "window_from", "window_to", "period", "tz", *WEEKDAYS)
    @api.depends_context("lang", "tz")
    def _compute_sentence(self):
        for schedule in self:
            schedule.sentence = schedule._sentence()

    def _sentence(self):
        if self.kind == "demand":
            return self.env._("When asked for")
        days = self._days()
        if self.kind == "times":
            sentence = self.env._("%(days)s at %(times)s", days=days, times=self.times or "…")
        else:
            sentence = self.env._(
                "%(days)s %(opens)s–%(closes)s, every %(period)s",
                days=days,
                opens=times.show(_minute(self.window_from)),
                closes=times.show(_minute(self.window_to)),
                period=self._period(),
            )
        # Whoever reads it by another clock sees the next time by that clock: the sentence says whose it speaks of.
        known = {self.env.company.hospital_tz, self.env.context.get("tz") or self.tz}
        return sentence if known == {self.tz} else f"{sentence} ({self.tz})"

    def _days(self):
        days = sorted(self._weekdays())
        names = get_day_names("wide", locale=babel_locale_parse(self.env.lang))
        if len(days) == len(WEEKDAYS):
            return self.env._("Every day")
        if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
            return f"{names[days[0]]}–{names[days[-1]]}"
        return ", ".join(names[day] for day in days) or "…"

    def _period(self):
        for seconds, text in ((3600, self.env._("%s h")), (60, self.env._("%s min"))):
            if self.period >= seconds and not self.period % seconds:
                return text % (self.period // seconds)
        return self.env._("%s s", self.period)

    @api.depends("active", "kind", "times", "window_from", "window_to", "period", "tz", *WEEKDAYS)
    @api.depends_context("lang")
    def _compute_next(self):
        locale = babel_locale_parse(self.env.lang)
        now = self._now().replace(tzinfo=UTC)
        for schedule in self:
            plan = schedule.active and schedule._plan()
            slots = planner.next_slots(plan, now, PREVIEW) if plan else []
            schedule.next_at = slots and slots[0].replace(tzinfo=None)
            schedule.preview = "\n".join(
                format_datetime(slot, "y-MM-dd EEE HH:mm:ss", tzinfo=plan.zone, locale=locale) for slot in slots
            )

    @api.depends("slot_ids.state")
    def _compute_last_slot(self):
        slots = self.env["hospital.schedule.slot"]
        latest = dict(slots._read_group([("schedule_id", "in", self.ids)], ["schedule_id"], ["id:max"]))
        found = {slot.schedule_id: slot for slot in slots.browse(latest.values())}
        for schedule in self:
            slot = schedule.last_slot_id = found.get(schedule._origin, slots)
            schedule.last_at, schedule.last_message, schedule.state = slot.started_at, slot.message, slot.state

    # -- as the planner takes it -------------------------------------------------------------------------------

    def _plan(self):
        """The plan, or None: when asked for, or not filled in yet."""
        zone, days = ZoneInfo(self.tz or "UTC"), self._weekdays()
        if self.kind == "window" and self.period > 0:
            return planner.Window(zone, days, _minute(self.window_from), _minute(self.window_to), self.period)
        try:
            minutes = times.parse(self.times or "") if self.kind == "times" else []
        except ValueError:  # being typed
            return None
        return planner.Times(zone, days, tuple(minutes)) if minutes else None

    def _weekdays(self):
        return frozenset(number for number, name in enumerate(WEEKDAYS) if self[name])

    @api.model
    def _now(self):
        """By the database's clock, which all hosts share."""
        self.env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        return self.env.cr.fetchone()[0]

    def _run_refresh_care(self):
        self.env["res.partner"]._refresh_care_after_discharge()

    # -- edited ------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        schedules = super().create([self._tidy(vals) for vals in vals_list])
        schedules._wake()
        return schedules

    def write(self, vals):
        vals = self._tidy(vals)
        if TIMING & set(vals):
            vals["looked_at"] = self._now()  # what was not planned before has not been missed
        done = super().write(vals)
        if vals.get("active") is False:
            self.env["hospital.schedule.slot"].sudo()._drop_due(self)
        self._wake()
        return done

    def _tidy(self, vals):
        if not vals.get("times"):
            return dict(vals)
        try:
            minutes = times.parse(vals["times"])
        except ValueError as error:
            raise ValidationError(
                self.env._("“%s” is no time of the day. Write for example 1:00, 2:00, 2:30.", error)
            ) from None
        return vals | {"times": ", ".join(map(times.show, minutes))}

    @api.ondelete(at_uninstall=False)
    def _unlink_never_demand(self):
        if self.filtered(lambda schedule: schedule.kind == "demand"):
            raise UserError(self.env._("Other parts ask for this schedule. It can be paused, but not deleted."))

    # -- buttons -----------------------------------------------------------------------------------------------

    def action_run(self):
        """Have the job done now."""
        self.check_access("write")
        if paused := self.filtered(lambda schedule: not schedule.active):
            raise UserError(self.env._("“%s” is paused.", paused[0].name))
        self.sudo()._ask()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._("The job starts in a moment."),
                "type": "success",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_open_slots(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("hospital_base.action_hospital_schedule_slot")
        return action | {"domain": [("schedule_id", "in", self.ids)], "context": {}}


def _minute(hours):
    return round(hours * 60)
