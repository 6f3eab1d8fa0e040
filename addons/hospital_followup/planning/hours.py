"""The hours in which a patient may be called, in the hospital's local time."""

from datetime import datetime, time, timedelta

MORNING = (time(9, 0), time(11, 45))
AFTERNOON = (time(14, 30), time(17, 30))
EVENING = (time(17, 30), time(19, 30))
DAY_PARTS = {"morning": MORNING, "afternoon": AFTERNOON, "evening": EVENING}
SATURDAY = 5


def day_part(at: datetime) -> str:
    """Return which part of the day ``at`` belongs to; the gaps count to the part before them.

    >>> [day_part(datetime(2026, 3, 2, hour)) for hour in (9, 16, 18)]
    ['morning', 'afternoon', 'evening']
    """
    if at.time() < AFTERNOON[0]:
        return "morning"
    return "afternoon" if at.time() < EVENING[0] else "evening"


def next_open(at: datetime) -> datetime:
    """Return ``at`` if a call is welcome then, else the next moment at which one is.

    >>> next_open(datetime(2026, 3, 2, 9, 30)).strftime("%d %H:%M")
    '02 09:30'
    >>> next_open(datetime(2026, 3, 2, 12, 10)).strftime("%d %H:%M")
    '02 14:30'
    >>> next_open(datetime(2026, 3, 2, 19, 31)).strftime("%d %H:%M")
    '03 09:00'
    >>> next_open(datetime(2026, 3, 2, 6, 0)).strftime("%d %H:%M")
    '02 09:00'
    """
    if at.time() < MORNING[0]:
        return at_time(at, MORNING[0])
    if at.time() < MORNING[1]:
        return at
    if at.time() < AFTERNOON[0]:
        return at_time(at, AFTERNOON[0])
    if at.time() < EVENING[1]:
        return at
    return at_time(at + timedelta(days=1), MORNING[0])


def at_time(at: datetime, clock: time) -> datetime:
    """Return the day of ``at`` at ``clock``."""
    return datetime.combine(at.date(), clock)


def next_weekend(at: datetime) -> datetime:
    """Return the morning of the first Saturday or Sunday after the day of ``at``.

    >>> next_weekend(datetime(2026, 3, 4, 18, 0)).strftime("%a %H:%M")
    'Sat 10:00'
    >>> next_weekend(datetime(2026, 3, 7, 18, 0)).strftime("%a %H:%M")
    'Sun 10:00'
    """
    day = at + timedelta(days=1)
    while day.weekday() < SATURDAY:
        day += timedelta(days=1)
    return at_time(day, time(10, 0))
