import doctest
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.hospital_base.gate.admission import next_allowed, parse_hours

from ..planning import assignment, cadence, criteria, hours, window

OUTCOMES = ("no_answer", "busy", "power_off", "rejected", "language", "voicemail", "line_fault", "call_later")
HOURS = st.sampled_from(
    [hours.USUAL, *map(parse_hours, ("08:00-17:00", "09:00-11:30", "18:00-20:00", "10:00-10:30,13:00-13:10"))]
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31))


@tagged("post_install", "-at_install")
class TestPlanning(BaseCase):
    def test_doctests(self):
        for module in (assignment, cadence, criteria, hours, window):
            self.assertFalse(doctest.testmod(module).failed, module.__name__)

    @settings(max_examples=300, deadline=None)
    @given(MOMENTS, st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=12), st.integers(1, 5), HOURS)
    def test_retries_keep_the_hours_and_end(self, at, outcomes, max_attempts, allowed):
        history = []
        at = next_allowed(allowed, at)
        for outcome in outcomes:
            history.append((at, outcome))
            decision = cadence.decide(history, max_attempts=max_attempts, hours=allowed)
            if isinstance(decision, cadence.GiveUp):
                break
            self.assertGreater(decision.at, at)
            self.assertLessEqual(decision.at - at, timedelta(days=8))
            self.assertEqual(next_allowed(allowed, decision.at), decision.at)
            at = decision.at

    @settings(max_examples=200, deadline=None)
    @given(MOMENTS, st.sampled_from(("no_answer", "busy", "power_off", "voicemail")), st.integers(1, 6), HOURS)
    def test_nobody_is_called_for_ever_nor_given_up_in_a_day(self, at, outcome, max_attempts, allowed):
        history = [(next_allowed(allowed, at), outcome)]
        while isinstance(decision := cadence.decide(history, max_attempts=max_attempts, hours=allowed), cadence.Retry):
            history.append((decision.at, outcome))
            self.assertLessEqual(len(history), max_attempts + 2)
        self.assertEqual(decision, cadence.GiveUp("lost", "max_attempts"))
        self.assertGreaterEqual(len({at.date() for at, _outcome in history}), 2)
        parts = {hours.day_part(at) for at, _outcome in history}
        self.assertGreaterEqual(len(parts), min(2, len(hours.parts_with_calls(allowed))))

    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(st.integers(1, 40), max_size=80),
        st.dictionaries(st.integers(1, 8), st.integers(0, 20), min_size=1),
        st.dictionaries(st.integers(1, 40), st.integers(1, 8), max_size=10),
    )
    def test_shares_are_complete_and_even(self, patients, loads, previous):
        tasks = list(enumerate(patients))
        shares = assignment.share_out(tasks, loads, {}, previous)
        self.assertEqual(set(shares), {task for task, _patient in tasks})
        workers_of = {}
        for task, patient in tasks:
            workers_of.setdefault(patient, set()).add(shares[task])
            if previous.get(patient) in loads:
                self.assertEqual(shares[task], previous[patient])
        self.assertTrue(all(len(workers) == 1 for workers in workers_of.values()))
        if not previous and len(set(patients)) == len(patients):
            final = dict(loads)
            for worker in shares.values():
                final[worker] += 1
            busiest = max((final[worker] for worker in shares.values()), default=0)
            self.assertLessEqual(busiest - min(final.values()), 1)
