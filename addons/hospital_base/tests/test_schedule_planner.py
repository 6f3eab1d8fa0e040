from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.hospital_base.schedule import clock, times
from odoo.addons.hospital_base.schedule.planner import Times, Window, due, next_slots, slots

unhurried = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))

ALL_DAYS = frozenset(range(7))
# Without a change of clocks, with one, at midnight, by half an hour, a day left out.
ZONES = [
    ZoneInfo(name)
    for name in (
        "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia",
    )
]  # fmt: skip
zones = st.sampled_from(ZONES)
weekdays = st.frozensets(st.integers(0, 6), min_size=1)
# Around the changes of 2026, and around the day that Samoa left out.
moments = st.one_of(
    st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 20), timezones=st.just(UTC)),
    st.datetimes(datetime(2026, 9, 1), datetime(2026, 11, 20), timezones=st.just(UTC)),
    st.datetimes(datetime(2011, 12, 20), datetime(2012, 1, 10), timezones=st.just(UTC)),
)
minutes = st.integers(0, times.DAY - 1)
at_times = st.builds(Times, zones, weekdays, st.lists(minutes, min_size=1, max_size=4).map(tuple))
windows = st.builds(
    Window, zones, weekdays, minutes, st.integers(1, times.DAY), st.integers(300, 90000)
).filter(lambda window: window.opens != window.closes)  # fmt: skip
plans = st.one_of(at_times, windows)
BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")


def local(zone, *numbers, fold=0):
    return datetime(*numbers, tzinfo=zone, fold=fold)


@tagged("post_install", "-at_install")
class TestSchedulePlanner(BaseCase):
    def between(self, plan, start, end):
        return [f"{slot.astimezone(plan.zone):%d %H:%M:%S}" for slot in slots(plan, start, end)]

    # ------------------------------------------------------------------ whatever the plan
    @unhurried
    @given(plans, moments, st.timedeltas(timedelta(0), timedelta(days=4)), st.timedeltas(timedelta(0), timedelta(4)))
    def test_a_span_cut_in_two_has_the_same_slots(self, plan, start, first, second):
        middle, end = start + first, start + first + second
        whole = list(slots(plan, start, end))
        self.assertEqual(whole, [*slots(plan, start, middle), *slots(plan, middle, end)])
        self.assertTrue(all(start < slot <= end for slot in whole))
        self.assertTrue(all(earlier < later for earlier, later in pairwise(whole)), "in order, each once")

    @unhurried
    @given(plans, moments, st.timedeltas(timedelta(0), timedelta(days=7)))
    def test_what_is_due_stands_for_all_that_came(self, plan, start, passed):
        came = list(slots(plan, start, start + passed))
        self.assertEqual(due(plan, start, start + passed), (came[-1], len(came) - 1) if came else None)

    @unhurried
    @given(at_times, moments)
    def test_times_of_the_day_are_those_named_once_each(self, plan, start):
        days = {}
        for slot in slots(plan, start, start + timedelta(days=10)):
            shown = slot.astimezone(plan.zone)
            minute = shown.hour * 60 + shown.minute
            self.assertEqual(slot, clock.moment(shown.date(), minute, plan.zone), "the first coming of its time")
            days.setdefault(shown.date(), []).append(minute)
        for day, found in days.items():
            self.assertEqual(len(found), len(set(found)), day)
            leaps = {minute_shown(day, minute, plan.zone) for minute in plan.minutes}
            self.assertLessEqual(set(found), {*plan.minutes, *leaps, 0}, "only a leap moves a time")

    @unhurried
    @given(windows, moments)
    def test_a_window_polls_from_its_beginning_and_never_faster(self, plan, start):
        for earlier, later in pairwise(slots(plan, start, start + timedelta(days=10))):
            if later - earlier < timedelta(seconds=plan.period):
                day = later.astimezone(plan.zone).date()
                openings = [clock.moment(day - timedelta(days=n), plan.opens, plan.zone) for n in (0, 1)]
                self.assertIn(later, openings, "only a new opening comes sooner")

    @unhurried
    @given(zones, moments.map(datetime.date), minutes, minutes)
    def test_a_later_time_never_comes_before_an_earlier_one(self, zone, day, one, other):
        early, late = sorted((one, other))
        self.assertLessEqual(clock.moment(day, early, zone), clock.moment(day, late, zone))
        self.assertLess(clock.moment(day, late, zone), clock.moment(day + timedelta(days=2), 0, zone))

    # ------------------------------------------------------------------ China
    def test_the_window_of_the_tender(self):
        plan = Window(SHANGHAI, ALL_DAYS, 8 * 60, 10 * 60, 15)
        found = self.between(plan, local(SHANGHAI, 2026, 11, 27), local(SHANGHAI, 2026, 11, 28))
        self.assertEqual(
            (found[0], found[1], found[-1], len(found)), ("27 08:00:00", "27 08:00:15", "27 09:59:45", 480)
        )

    def test_windows_at_the_end_of_the_day(self):
        noon, next_noon = local(SHANGHAI, 2026, 11, 27, 12), local(SHANGHAI, 2026, 11, 28, 12)
        for closes, last, count in ((23 * 60 + 59, "27 23:58:30", 118), (times.DAY, "27 23:59:30", 120)):
            plan = Window(SHANGHAI, ALL_DAYS, 23 * 60, closes, 30)
            found = self.between(plan, noon, next_noon)
            self.assertEqual((found[0], found[-1], len(found)), ("27 23:00:00", last, count))
        night = Window(SHANGHAI, ALL_DAYS, 23 * 60 + 59, 1, 20)
        self.assertEqual(
            self.between(night, noon, next_noon),
            ["27 23:59:00", "27 23:59:20", "27 23:59:40", "28 00:00:00", "28 00:00:20", "28 00:00:40"],
        )
        whole = Window(SHANGHAI, ALL_DAYS, 0, times.DAY, 3600)
        self.assertEqual(len(self.between(whole, noon, next_noon)), 24)

    def test_the_weekday_is_that_of_the_opening(self):
        # 2026-11-27 is a Friday: a Friday's night reaches into Saturday, a Thursday's into Friday.
        friday = frozenset({4})
        night = Window(SHANGHAI, friday, 22 * 60, 2 * 60, 3600)
        found = self.between(night, local(SHANGHAI, 2026, 11, 26), local(SHANGHAI, 2026, 12, 3))
        self.assertEqual(found, ["27 22:00:00", "27 23:00:00", "28 00:00:00", "28 01:00:00"])
        found = self.between(night, local(SHANGHAI, 2026, 11, 28, 0, 30), local(SHANGHAI, 2026, 12, 3))
        self.assertEqual(found, ["28 01:00:00"], "looked at after midnight: Friday's window is still open")
        at = Times(SHANGHAI, friday, (0, times.DAY - 1))
        found = self.between(at, local(SHANGHAI, 2026, 11, 26), local(SHANGHAI, 2026, 12, 3))
        self.assertEqual(found, ["27 00:00:00", "27 23:59:00"])

    def test_a_schedule_looked_at_ever_so_seldom_comes(self):
        for day in range(7):
            plan = Times(SHANGHAI, frozenset({day}), (60,))
            (slot,) = next_slots(plan, local(SHANGHAI, 2026, 11, 27), 1)
            self.assertEqual(slot.astimezone(SHANGHAI).weekday(), day)

    # ------------------------------------------------------------------ clocks that change
    def test_an_hour_left_out(self):
        night, noon = local(BERLIN, 2026, 3, 28, 20), local(BERLIN, 2026, 3, 29, 12)
        at = Times(BERLIN, ALL_DAYS, (90, 130, 150, 180, 210))
        self.assertEqual(self.between(at, night, noon), ["29 01:30:00", "29 03:00:00", "29 03:30:00"])
        window = Window(BERLIN, ALL_DAYS, 90, 210, 1800)
        self.assertEqual(self.between(window, night, noon), ["29 01:30:00", "29 03:00:00"])
        self.assertEqual(self.between(Window(BERLIN, ALL_DAYS, 130, 150, 60), night, noon), [], "it never opens")

    def test_an_hour_that_comes_twice(self):
        night, noon = local(BERLIN, 2026, 10, 24, 20), local(BERLIN, 2026, 10, 25, 12)
        at = Times(BERLIN, ALL_DAYS, (120, 150, 180))
        found = list(slots(at, night, noon))
        self.assertEqual([slot.astimezone(BERLIN).fold for slot in found], [0, 0, 0])
        self.assertEqual(len(found), 3, "a time of the day comes once")
        window = Window(BERLIN, ALL_DAYS, 90, 150, 1800)
        self.assertEqual(
            self.between(window, night, noon),
            ["25 01:30:00", "25 02:00:00", "25 02:30:00", "25 02:00:00"],
            "polling goes on through the repeated hour",
        )

    def test_a_day_left_out(self):
        apia = ZoneInfo("Pacific/Apia")  # there was no 30 December 2011
        found = self.between(
            Times(apia, ALL_DAYS, (60, 120)), local(apia, 2011, 12, 29, 12), local(apia, 2011, 12, 31, 12)
        )
        self.assertEqual(found, ["31 00:00:00", "31 01:00:00", "31 02:00:00"])


def minute_shown(day: date, minute, zone):
    """The minute of the day that the clocks show when they should show ``minute``."""
    shown = clock.moment(day, minute, zone).astimezone(zone)
    return shown.hour * 60 + shown.minute
