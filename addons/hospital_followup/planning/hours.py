"""Days and their parts, in the hospital's local time. When a call is welcome is the contact policy's to say."""

from datetime import datetime, time, timedelta

from odoo.addons.hospital_base.gate.admission import DEFAULT_HOURS, Hours, next_allowed, parse_hours

USUAL = parse_hours(DEFAULT_HOURS)
# Who is not reached in one part of the day may be in another: where each part begins.
PARTS = {"morning": time(0), "afternoon": time(12), "evening": time(17, 30)}
SATURDAY = 5


def day_part(at: datetime) -> str:
    """Return which part of the day ``at`` belongs to.

    >>> [day_part(datetime(2026, 3, 2, hour)) for hour in (9, 16, 18)]
    ['morning', 'afternoon', 'evening']
    """
    return [part for part, start in PARTS.items() if start <= at.time()][-1]


def parts_with_calls(hours: Hours) -> set[str]:
    """Return the parts of the day in which calls are welcome at all.

    >>> sorted(parts_with_calls(USUAL))
    ['afternoon', 'evening', 'morning']
    >>> sorted(parts_with_calls(parse_hours("08:00-17:00")))
    ['afternoon', 'morning']
    """
    day = datetime(2000, 1, 1)
    openings = (next_allowed(hours, at_time(day, start)) for start in PARTS.values())
    return {day_part(at) for at in openings if at.date() == day.date()}


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
