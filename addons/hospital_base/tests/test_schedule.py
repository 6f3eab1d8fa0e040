from datetime import datetime, timedelta
from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.hospital_base.models.hospital_schedule_slot import AHEAD
from odoo.addons.hospital_base.service import Problem

from .common import Factories

NOON = datetime(2026, 11, 27, 4)  # a Friday, noon in China


class ScheduleCase(Factories, TransactionCase):
    """A clock that the test sets, and a job that keeps a list of when it ran."""

    def setUp(self):
        super().setUp()
        self.Schedule = self.env["hospital.schedule"]
        self.Schedule.search([]).active = False
        self.ran = []
        self.now = NOON
        self.job = lambda schedule: self.ran.append(schedule.name)
        for name, method in (
            ("_now", lambda _schedule: self.now),
            ("_run_refresh_care", lambda schedule: self.job(schedule)),
        ):
            patcher = patch.object(self.registry["hospital.schedule"], name, method)
            patcher.start()
            self.addCleanup(patcher.stop)

    def schedule(self, **values):
        return self.Schedule.create({"name": "job", "job": "refresh_care", "times": "01:00"} | values)

    def polling(self, **values):
        """From 08:00 to 10:00 by China's clock, every 15 s."""
        return self.schedule(kind="window", window_from=8, window_to=10, period=15, **values)

    def at(self, clock, day=27):
        """By the clock of the hospital."""
        hour, minute, second = (int(part) for part in f"{clock}:00".split(":")[:3])
        self.now = datetime(2026, 11, day, hour, minute, second) - timedelta(hours=8)
        return self.now

    def begin(self, mine=()):
        """One look at the clock: the slots to begin."""
        begin, _look_at = self.Schedule._look(list(mine))
        self.env.invalidate_all()
        return self.env["hospital.schedule.slot"].browse(begin)

    def done(self, slots):
        self.env.cr.execute("UPDATE hospital_schedule_slot SET state = 'done' WHERE id = ANY(%s)", [slots.ids])
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestPlanning(ScheduleCase):
    def test_a_time_of_the_day_comes_once(self):
        schedule = self.schedule(times="13:00, 14:00")
        self.assertFalse(self.begin())
        self.at("13:00")
        slot = self.begin()
        self.assertEqual((slot.schedule_id, slot.planned_at, slot.state), (schedule, self.now, "due"))
        self.assertEqual(self.begin(), slot, "whoever looks next begins what nobody has begun")
        self.assertFalse(self.begin(slot.ids), "but not what this process is at")
        self.done(slot)
        self.assertFalse(self.begin())
        self.at("14:00:03")
        self.assertEqual(self.begin().planned_at, self.at("14:00"))

    def test_the_next_look_is_when_something_is_due(self):
        self.schedule(times="13:00")
        with patch("odoo.addons.hospital_base.models.hospital_schedule_planning.time.monotonic", return_value=1000.0):
            self.assertAlmostEqual(self.Schedule._look([])[1], 4600 - AHEAD)
            self.Schedule.search([])._ask(NOON + timedelta(minutes=5))
            self.assertAlmostEqual(self.Schedule._look([])[1], 1300 - AHEAD)

    def test_nothing_is_made_up_for_a_new_an_edited_or_a_resumed_schedule(self):
        schedule = self.schedule(times="11:30")
        self.assertFalse(self.begin())
        schedule.times = "11:45"
        self.assertFalse(self.begin())
        schedule.active = False
        self.at("12:00", day=28)
        self.assertFalse(self.begin())
        schedule.active = True
        self.assertFalse(self.begin())
        self.at("11:45", day=29)
        self.assertTrue(self.begin())

    def test_times_missed_run_once_late_or_not_at_all(self):
        late = self.schedule(times="13:00, 14:00, 15:00")
        never = self.schedule(times="13:00, 14:00, 15:00", misfire="skip")
        self.at("15:06")
        slot = self.begin()
        self.assertEqual((slot.schedule_id, slot.planned_at, slot.missed), (late, self.at("15:00"), 2))
        self.assertEqual((never.slot_ids.state, never.slot_ids.missed), ("skipped", 2))
        self.done(slot)
        self.at("13:04", day=28)
        self.assertEqual(self.begin().mapped("missed"), [0, 0], "a few minutes late is not missed")

    def test_a_tick_during_a_slot_is_left_out_and_counted(self):
        self.at("07:00")
        self.polling()
        self.at("08:00")
        slot = self.begin()
        for clock in ("08:00:15", "08:00:30"):
            self.at(clock)
            self.assertFalse(self.begin(slot.ids))
        self.done(slot)
        self.at("08:00:40")
        self.assertFalse(self.begin(), "nothing has been queued")
        self.at("08:00:45")
        slot = self.begin()
        self.assertEqual((slot.planned_at, slot.missed), (self.now, 2))

    def test_clock_set_back_in_a_window(self):
        self.at("07:00")
        schedule = self.polling()
        for clock in ("08:59:45", "09:00", "08:30:00", "08:30:15", "09:00:00"):
            self.at(clock)
            self.done(self.begin())
        moments = [f"{slot.planned_at + timedelta(hours=8):%H:%M:%S}" for slot in schedule.slot_ids.sorted("id")]
        self.assertEqual(moments, ["08:59:45", "09:00:00", "08:30:15", "09:00:00"], "polling goes on at once")
        self.assertEqual(schedule.slot_ids.sorted("id").mapped("turn"), [0, 0, 1, 1])

    def test_clock_corrected_by_a_moment(self):
        self.at("07:00")
        schedule = self.polling()
        for clock in ("08:00:01", "07:59:59", "08:00:00", "08:00:15"):
            self.at(clock)
            self.done(self.begin())
        self.assertEqual(schedule.slot_ids.mapped("turn"), [0, 0], "no repeated span")
        self.assertEqual(len(schedule.slot_ids), 2)

    def test_clock_set_back_over_a_time_of_the_day(self):
        schedule = self.schedule(times="13:00, 13:30")
        for clock in ("13:00", "12:30", "13:00", "13:30"):
            self.at(clock)
            self.done(self.begin())
        self.assertEqual(len(schedule.slot_ids), 2, "never twice")
        self.at("12:00", day=29)
        self.done(self.begin())
        self.at("12:00", day=28)
        self.done(self.begin())
        self.at("13:00", day=28)
        self.assertTrue(self.begin(), "nor left waiting for a day that was never to come")

    def test_clock_set_forward(self):
        self.at("07:00")
        polling, nightly = self.polling(), self.schedule(times="08:30", misfire="skip")
        self.at("08:00")
        self.done(self.begin())
        self.at("09:00")
        slots = self.begin()
        self.assertEqual((slots.schedule_id, slots.planned_at, slots.missed), (polling, self.now, 239))
        self.assertEqual(nightly.slot_ids.state, "skipped")

    def test_days_of_standing_still_are_one_slot(self):
        self.at("07:00", day=1)
        schedule = self.polling()
        self.at("12:00", day=28)
        self.assertEqual(self.begin().planned_at, self.at("09:59:45", day=28))
        self.assertEqual(len(schedule.slot_ids), 1)

    def test_a_pause_drops_what_was_still_to_do(self):
        schedule = self.schedule()
        schedule._ask()
        self.at("12:01")
        schedule.active = False
        self.assertEqual(schedule.slot_ids.state, "skipped")
        self.assertFalse(self.begin())

    def test_asked_twice_is_done_once(self):
        schedule = self.schedule(kind="demand", times=False)
        schedule._ask(self.now + timedelta(minutes=5))
        schedule._ask(self.now + timedelta(minutes=5))
        schedule._ask(self.now + timedelta(minutes=9))
        self.assertFalse(self.begin())
        self.now += timedelta(minutes=5)
        self.assertEqual(self.begin().origin, "asked")
        self.assertEqual(len(schedule.slot_ids), 1)


@tagged("post_install", "-at_install")
class TestDoing(ScheduleCase):
    """The doing commits: it has cursors of its own, on the test's transaction."""

    def run_due(self):
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            schedules = self.Schedule.with_env(self.env(cr=cr))
            begin, _look_at = schedules._look([])
            for slot in schedules.env["hospital.schedule.slot"].browse(begin):
                slot._run()
        self.env.invalidate_all()

    def test_done(self):
        schedule = self.schedule()
        schedule._ask()
        self.now = datetime(9999, 1, 1)
        self.run_due()
        self.assertEqual(self.ran, ["job"])
        slot = schedule.slot_ids
        self.assertEqual((slot.state, slot.attempts, slot.message), ("done", 1, False))
        self.assertTrue(slot.host and slot.pid and slot.started_at <= slot.finished_at)
        self.assertEqual((schedule.last_slot_id, schedule.state), (slot, "done"))
        self.run_due()
        self.assertEqual(self.ran, ["job"], "what is done is done")

    def test_failed_without_a_name_in_the_log(self):
        def job(_schedule):
            raise self.error

        self.job = job
        for self.error, message in ((ValueError("张三"), "ValueError (test_schedule.py:"), (Problem("内科"), "内科")):
            schedule = self.schedule()
            schedule._ask()
            self.now = datetime(9999, 1, 1)
            with self.assertLogs("odoo.addons.hospital_base.models.hospital_schedule_slot", "ERROR") as logs:
                self.run_due()
            self.assertEqual(schedule.state, "failed")
            self.assertIn(message, schedule.last_message)
            self.assertNotIn("张三", "".join(logs.output))
            self.now = NOON

    def test_killed_once_taken_up_killed_twice_given_up(self):
        for attempts, state, ran in ((1, "done", ["job"]), (2, "interrupted", [])):
            self.ran = []
            schedule = self.schedule()
            self.env.cr.execute(
                """INSERT INTO hospital_schedule_slot (schedule_id, planned_at, turn, origin, state, attempts, missed)
                   VALUES (%s, %s, 0, 'plan', 'running', %s, 0)""",
                [schedule.id, NOON, attempts],
            )
            self.run_due()
            self.assertEqual((schedule.state, self.ran), (state, ran))

    def test_claimed_and_not_begun_before_it_was_too_late(self):
        for misfire, state, ran in (("once", "done", ["job"]), ("skip", "skipped", [])):
            self.ran, self.now = [], NOON
            schedule = self.schedule(times="13:00", misfire=misfire)
            self.at("13:00")
            self.assertEqual(self.begin().schedule_id, schedule, "claimed by a process that dies at once")
            self.at("17:00")
            self.run_due()
            self.assertEqual((schedule.state, self.ran), (state, ran))

    def test_the_fallback_acts_only_while_no_service_lives(self):
        schedule = self.schedule()
        cron = self.env.ref("hospital_base.ir_cron_schedule")
        heartbeat = """INSERT INTO hospital_service (name, host, pid, leader, state, heartbeat_at)
                       VALUES ('sync', 'test', 1, true, 'running', clock_timestamp() AT TIME ZONE 'UTC')"""
        self.env.cr.execute(heartbeat)
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        schedule._ask()
        self.assertEqual(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]), triggers)
        self.now = datetime(9999, 1, 1)
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(self.ran, [])
        self.env.cr.execute("UPDATE hospital_service SET heartbeat_at = heartbeat_at - interval '21 s'")
        schedule._ask()
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - triggers)
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(self.ran, ["job"])
        self.assertEqual(schedule.slot_ids.mapped("state"), ["done"])


@tagged("post_install", "-at_install")
class TestEditing(ScheduleCase):
    def test_times_as_a_chinese_keyboard_gives_them(self):
        schedule = self.schedule(times="2:00，1:00、02：30")
        self.assertEqual(schedule.times, "01:00, 02:00, 02:30")
        self.assertEqual(schedule.sentence, "Every day at 01:00, 02:00, 02:30")
        with self.assertRaisesRegex(ValidationError, "8点"):
            schedule.times = "8点"

    def test_the_sentence(self):
        schedule = self.polling()
        self.assertEqual(schedule.sentence, "Every day 08:00–10:00, every 15 s")
        abroad = schedule.with_context(tz="Europe/Berlin")
        self.assertEqual(abroad.sentence, "Every day 08:00–10:00, every 15 s (Asia/Shanghai)", "by whose clock")
        schedule.write({"saturday": False, "sunday": False, "period": 1800, "window_to": 24})
        self.assertEqual(schedule.sentence, "Monday–Friday 08:00–24:00, every 30 min")
        schedule.write({"tuesday": False, "period": 7200, "tz": "Europe/Berlin"})
        self.assertEqual(
            schedule.sentence, "Monday, Wednesday, Thursday, Friday 08:00–24:00, every 2 h (Europe/Berlin)"
        )

    def test_the_next_times_while_it_is_being_typed(self):
        with Form(self.Schedule) as form:
            form.name, form.job = "job", "refresh_care"
            self.assertFalse(form.preview)
            form.times = "1:0"
            self.assertFalse(form.preview)
            form.times = "1:00"
            self.assertEqual(form.preview.splitlines()[0], "2026-11-28 Sat 01:00:00")
            form.kind = "window"
            form.window_from, form.window_to, form.period = 23.5, 24, 900
            self.assertEqual(form.preview.splitlines()[1:3], ["2026-11-27 Fri 23:45:00", "2026-11-28 Sat 23:30:00"])

    def test_the_database_refuses_what_cannot_be_planned(self):
        schedule = self.polling()
        for values in (
            {"kind": "times", "times": False}, {"window_from": 24}, {"window_to": 0}, {"window_to": 24.5},
            {"window_from": 10}, {"period": 4}, {"period": 86401}, {"grace": -1},
            dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), False),
        ):  # fmt: skip
            with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.CheckViolation), self.cr.savepoint():
                schedule.write(values)
                schedule.flush_recordset()
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.CheckViolation), self.cr.savepoint():
            self.cr.execute("UPDATE hospital_schedule SET kind = 'times', times = '25:00' WHERE id = %s", [schedule.id])

    def test_one_row_per_slot(self):
        slot = """INSERT INTO hospital_schedule_slot (schedule_id, planned_at, turn, origin, state, attempts, missed)
                  VALUES (%s, %s, 0, 'plan', 'due', 0, 0)"""
        schedule = self.schedule()
        self.cr.execute(slot, [schedule.id, NOON])
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.UniqueViolation), self.cr.savepoint():
            self.cr.execute(slot, [schedule.id, NOON])

    def test_who_may_what(self):
        schedule = self.schedule()
        for role, configures in (("integration", True), ("admin", False)):
            mine = schedule.with_user(self.staff(role))
            mine.action_run()
            mine.action_archive()
            self.assertFalse(mine.active)
            self.assertRaises(UserError, mine.action_run)
            mine.action_unarchive()
            self.assertTrue(mine.slot_ids.mapped("state"))
            self.assertEqual(mine.has_access("create"), configures)
            with self.assertRaises(AccessError):
                mine.slot_ids.write({"state": "done"})
        for role in ("staff", "agent", "supervisor", "doctor", "head", "functional", "leader", "auditor"):
            theirs = schedule.with_user(self.staff(role))
            for attempt in (theirs.action_run, lambda theirs=theirs: theirs.read(["name"]), theirs.action_archive):
                self.assertRaises(AccessError, attempt)

    def test_what_others_ask_for_is_not_deleted(self):
        with self.assertRaises(UserError):
            self.schedule(kind="demand", times=False).unlink()
        self.schedule().unlink()

    def test_what_went_wrong_is_kept(self):
        schedule = self.schedule()
        for age, state in enumerate(("done", "skipped", "failed", "interrupted")):
            self.cr.execute(
                """INSERT INTO hospital_schedule_slot (schedule_id, planned_at, turn, origin, state, attempts, missed)
                   VALUES (%s, now() - interval '1 day' * %s, 0, 'plan', %s, 1, 0)""",
                [schedule.id, 40 + age, state],
            )
        self.env["hospital.schedule.slot"]._gc_slots()
        schedule.invalidate_recordset()
        self.assertEqual(schedule.slot_ids.mapped("state"), ["interrupted", "failed"])
