"""What happens after an attempt: another one (when), the next number, or the end of the task.

All times are local and naive. ``history`` is the list of ``(at, outcome)`` of the task, the
attempt just made last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from . import hours

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
) -> Decision:
    """Return what follows from the last attempt of ``history``.

    ``numbers_left`` counts the patient's other usable numbers; ``asked`` is the time the patient named.

    >>> monday = datetime(2026, 3, 2, 9, 30)
    >>> decide([(monday, "reached_family")])
    Reached()
    >>> decide([(monday, "no_answer")])
    Retry(at=datetime.datetime(2026, 3, 2, 14, 30))
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
    if exhausted(history, max_attempts):
        return GiveUp("lost", "max_attempts")
    return Retry(_next_attempt(history, asked, max_attempts))


def exhausted(history: History, max_attempts: int) -> bool:
    """Whether enough has been tried: often enough, on two days and in two parts of the day.

    >>> morning, noon, evening = (datetime(2026, 3, 2, hour) for hour in (9, 15, 18))
    >>> exhausted([(morning, "no_answer"), (noon, "no_answer"), (evening, "no_answer")], 3)
    False
    >>> exhausted([(morning, "no_answer"), (noon, "no_answer"), (evening + timedelta(days=1), "no_answer")], 3)
    True
    """
    counted = [at for at, outcome in history if outcome not in NOT_COUNTED]
    return (
        len(counted) >= max_attempts
        and len({at.date() for at in counted}) >= 2
        and len({hours.day_part(at) for at in counted}) >= 2
    )


def _next_attempt(history: History, asked: datetime | None, max_attempts: int) -> datetime:
    at, outcome = history[-1]
    if outcome == "call_later":
        # A time the patient named is kept even outside the hours.
        return asked if asked and asked > at else hours.next_open(at + timedelta(hours=2))
    if outcome == "line_fault":
        return hours.next_open(at + timedelta(minutes=10))
    tries = sum(past not in NOT_COUNTED for _at, past in history)
    if tries >= max_attempts or outcome in ("rejected", "language"):
        return _next_day_other_part(at)
    if outcome == "busy":
        return hours.next_open(at + timedelta(minutes=10))
    if outcome == "power_off":
        return hours.next_open(at + timedelta(days=1))
    if tries == 1:
        return _other_half_day(at)
    if tries == 2:
        return hours.at_time(at + timedelta(days=1), hours.EVENING[0])
    return hours.next_weekend(at)


def _other_half_day(at: datetime) -> datetime:
    """Return three hours on, but not in the same part of the day.

    >>> [_other_half_day(datetime(2026, 3, 2, *clock)).strftime("%d %H:%M") for clock in ((9, 0), (15, 0), (18, 0))]
    ['02 14:30', '02 18:00', '03 09:00']
    """
    return hours.next_open(max(at + timedelta(hours=3), _next_part(at)))


def _next_part(at: datetime) -> datetime:
    part = hours.day_part(at)
    if part == "morning":
        return hours.at_time(at, hours.AFTERNOON[0])
    if part == "afternoon":
        return hours.at_time(at, hours.EVENING[0])
    return hours.at_time(at + timedelta(days=1), hours.MORNING[0])


def _next_day_other_part(at: datetime) -> datetime:
    part = {"morning": hours.AFTERNOON, "afternoon": hours.EVENING, "evening": hours.MORNING}[hours.day_part(at)]
    return hours.at_time(at + timedelta(days=1), part[0])
