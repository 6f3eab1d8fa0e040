"""What happens after an attempt: another one (when), the next number, or the end of the task.

All times are local and naive. ``history`` is the list of ``(at, outcome)`` of the task, the
attempt just made last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from odoo.addons.hospital_base.gate.admission import Hours, next_allowed

from .hours import PARTS, USUAL, at_time, day_part, next_weekend, parts_with_calls

REACHED = ("reached_patient", "reached_family")
INVALID_NUMBER = {"wrong_person": "wrong_person", "empty_number": "empty_number", "suspended": "stopped"}
# The patient was not disturbed, or asked for another time: no reason to give up sooner.
NOT_COUNTED = ("call_later", "line_fault", *INVALID_NUMBER)
REJECTIONS = 2
MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class Reached:
    """Somebody answered: the result is recorded by the caller."""


@dataclass(frozen=True)
class Retry:
    """Call again at ``at``."""

    at: datetime


@dataclass(frozen=True)
class NextNumber:
    """This number is of no use: mark it with ``reason`` and dial the next one at once."""

    reason: str


@dataclass(frozen=True)
class GiveUp:
    """No further attempt: the task ends as ``state`` (``lost`` or ``refused``)."""

    state: str
    reason: str


Decision = Reached | Retry | NextNumber | GiveUp
History = Sequence[tuple[datetime, str]]


def decide(
    history: History,
    *,
    numbers_left: int = 1,
    asked: datetime | None = None,
    max_attempts: int = MAX_ATTEMPTS,
    hours: Hours = USUAL,
) -> Decision:
    """Return what follows from the last attempt of ``history``.

    ``numbers_left`` counts the patient's other usable numbers; ``asked`` is the time the patient
    named; ``hours`` are those in which calls are welcome.

    >>> monday = datetime(2026, 3, 2, 9, 30)
    >>> decide([(monday, "reached_family")])
    Reached()
    >>> decide([(monday, "no_answer")])
    Retry(at=datetime.datetime(2026, 3, 2, 14, 30))
    >>> decide([(monday, "no_answer")], hours=USUAL[:1])  # mornings only
    Retry(at=datetime.datetime(2026, 3, 3, 9, 0))
    >>> decide([(monday, "busy")])
    Retry(at=datetime.datetime(2026, 3, 2, 9, 40))
    >>> decide([(monday, "power_off")])
    Retry(at=datetime.datetime(2026, 3, 3, 9, 30))
    >>> decide([(monday, "call_later")], asked=datetime(2026, 3, 2, 20, 15))
    Retry(at=datetime.datetime(2026, 3, 2, 20, 15))
    >>> decide([(monday, "empty_number")])
    NextNumber(reason='empty_number')
    >>> decide([(monday, "empty_number")], numbers_left=0)
    GiveUp(state='lost', reason='no_valid_number')
    >>> decide([(monday, "rejected")])
    Retry(at=datetime.datetime(2026, 3, 3, 14, 30))
    >>> decide([(monday, "rejected"), (datetime(2026, 3, 3, 14, 30), "rejected")])
    GiveUp(state='refused', reason='hung_up')
    """
    at, outcome = history[-1]
    if outcome in REACHED:
        return Reached()
    if outcome in INVALID_NUMBER:
        return NextNumber(INVALID_NUMBER[outcome]) if numbers_left else GiveUp("lost", "no_valid_number")
    if outcome == "rejected" and sum(past == "rejected" for _at, past in history) >= REJECTIONS:
        return GiveUp("refused", "hung_up")
    if exhausted(history, max_attempts, hours):
        return GiveUp("lost", "max_attempts")
    if outcome == "call_later" and asked and asked > at:
        # A time the patient named is kept even outside the hours.
        return Retry(asked)
    return Retry(next_allowed(hours, _next_attempt(history, max_attempts)))


def exhausted(history: History, max_attempts: int, hours: Hours = USUAL) -> bool:
    """Whether enough has been tried: often enough, on two days and in two parts of the day.

    >>> morning, noon, evening = (datetime(2026, 3, 2, hour) for hour in (9, 15, 18))
    >>> exhausted([(morning, "no_answer"), (noon, "no_answer"), (evening, "no_answer")], 3)
    False
    >>> exhausted([(morning, "no_answer"), (noon, "no_answer"), (evening + timedelta(days=1), "no_answer")], 3)
    True

    Where nobody is called but in the morning, mornings are enough.

    >>> exhausted([(morning + timedelta(days=day), "no_answer") for day in range(3)], 3, USUAL[:1])
    True
    """
    counted = [at for at, outcome in history if outcome not in NOT_COUNTED]
    return (
        len(counted) >= max_attempts
        and len({at.date() for at in counted}) >= 2
        and len({day_part(at) for at in counted}) >= min(2, len(parts_with_calls(hours)))
    )


def _next_attempt(history: History, max_attempts: int) -> datetime:
    """Return the earliest moment of the next attempt; it is made at the first opening from then on."""
    at, outcome = history[-1]
    if outcome == "call_later":
        return at + timedelta(hours=2)
    if outcome == "line_fault":
        return at + timedelta(minutes=10)
    tries = sum(past not in NOT_COUNTED for _at, past in history)
    if tries >= max_attempts or outcome in ("rejected", "language"):
        return at_time(at + timedelta(days=1), PARTS[_following(day_part(at))])
    if outcome == "busy":
        return at + timedelta(minutes=10)
    if outcome == "power_off":
        return at + timedelta(days=1)
    if tries == 1:
        return _other_half_day(at)
    if tries == 2:
        return at_time(at + timedelta(days=1), PARTS["evening"])
    return next_weekend(at)


def _other_half_day(at: datetime) -> datetime:
    """Return three hours on, but not in the same part of the day.

    >>> [_other_half_day(datetime(2026, 3, 2, hour)).strftime("%d %H:%M") for hour in (8, 9, 15, 18)]
    ['02 12:00', '02 12:00', '02 18:00', '03 00:00']
    """
    part = _following(day_part(at))
    return max(at + timedelta(hours=3), at_time(at + timedelta(days=part == "morning"), PARTS[part]))


def _following(part: str) -> str:
    """
    >>> [_following(part) for part in PARTS]
    ['afternoon', 'evening', 'morning']
    """
    parts = list(PARTS)
    return parts[(parts.index(part) + 1) % len(parts)]
