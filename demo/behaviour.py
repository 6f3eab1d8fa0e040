"""How people of the demonstration behave on the telephone: one task from its first call to its end.

Times are the hospital's clock, naive. What follows from a call is the product's own cadence.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from odoo.addons.hospital_followup.planning import cadence

from .dirt import EMPTY_PREFIX

REACHED = 0.62  # per call
REACHED_IN_THE_EVENING = 0.75
LATE, LATE_LOW = 0.06, 0.18  # first called when the window is over
_FAILURES = {
    "no_answer": 55,
    "busy": 12,
    "power_off": 14,
    "rejected": 9,
    "call_later": 6,
    "wrong_person": 2,
    "suspended": 2,
}
_CONDITIONS = {"good": 80, "fair": 16, "poor": 4}
_CONDITIONS_LOW = {"good": 62, "fair": 27, "poor": 11}
_CASES = {None: 970, "praise": 15, "complaint": 8, "suggestion": 7}
_CASES_LOW = {None: 920, "praise": 5, "complaint": 55, "suggestion": 20}


@dataclass(frozen=True)
class Call:
    at: datetime
    outcome: str
    phone: int | None  # id of the line


@dataclass
class Course:
    """What came of a task; `state` is still open (None) when `until` comes first."""

    calls: list[Call] = field(default_factory=list)
    state: str | None = None
    next_at: datetime | None = None
    lost_reason: str | None = None
    condition: str | None = None
    case: str | None = None


def first_call(rng: Random, earliest: date, due: date, latest: date, low: bool = False) -> datetime:
    """Mostly before it is due, sometimes too late; in the hours for calls.

    >>> days = [first_call(Random(n), *(date(2026, 3, day) for day in (2, 3, 5))).day for n in range(200)]
    >>> min(days), max(days), 0.02 < sum(day > 5 for day in days) / 200 < 0.12
    (2, 8, True)
    """
    if rng.random() < (LATE_LOW if low else LATE):
        day = latest + timedelta(days=rng.randrange(1, 4))
    else:
        day = earliest + timedelta(days=rng.randrange((due - earliest).days + 1))
    begin, minutes = rng.choice(((9 * 60, 165), (14 * 60 + 30, 180), (17 * 60 + 30, 110)))
    return datetime.combine(day, time()) + timedelta(minutes=begin + rng.randrange(minutes))


def play(
    rng: Random,
    at: datetime,
    until: datetime,
    phones: list[tuple[int, str]],
    earlier: list[tuple[datetime, str]],
    max_attempts: int,
    low: bool = False,
    diligent: bool = True,
) -> Course:
    """Call from `at` on as the cadence says, until there is a result or the time is up.

    >>> course = play(Random(3), datetime(2026, 3, 2, 9), datetime(2026, 3, 9), [(7, "16900000001")], [], 3)
    >>> course.state, course.lost_reason, [call.outcome for call in course.calls]
    ('lost', 'no_valid_number', ['empty_number'])
    >>> play(Random(3), datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 8), [], [], 3).calls
    []
    """
    course = Course(next_at=at if earlier else None)
    history = list(earlier)
    lines = list(phones)
    while at < until:
        line = lines[0] if lines else None
        outcome = _outcome(rng, at, line, diligent)
        course.calls.append(Call(at, outcome, line and line[0]))
        history.append((at, outcome))
        decision = cadence.decide(history, numbers_left=max(0, len(lines) - 1), max_attempts=max_attempts)
        if isinstance(decision, cadence.Reached):
            course.state, course.next_at = "done", None
            course.condition = _choice(rng, _CONDITIONS_LOW if low else _CONDITIONS)
            course.case = _choice(rng, _CASES_LOW if low else _CASES)
            break
        if isinstance(decision, cadence.GiveUp):
            course.state, course.lost_reason, course.next_at = decision.state, decision.reason, None
            break
        if isinstance(decision, cadence.NextNumber):
            lines.pop(0)
            at += timedelta(minutes=2)
        else:
            at = course.next_at = decision.at
    return course


def _outcome(rng: Random, at: datetime, line: tuple[int, str] | None, diligent: bool) -> str:
    if line is None or line[1].startswith(EMPTY_PREFIX):
        return "empty_number"
    reached = REACHED_IN_THE_EVENING if at.hour >= 17 else REACHED
    if not diligent or rng.random() < reached:
        return "reached_patient" if not diligent or rng.random() < 0.65 else "reached_family"
    return _choice(rng, _FAILURES)


def _choice(rng: Random, weights: dict):
    return rng.choices(list(weights), list(weights.values()))[0]
