"""When a part that was refused is tried again."""

from datetime import datetime, timedelta

from odoo.addons.hospital_base.gate.admission import next_allowed, parse_hours

# A refusal of these times of the day is not repeated before the next morning.
MORNING = "08:00-20:00"
# About half an hour of pauses; after that the account is not slow, it is shut.
MOST_THROTTLED = 48
# Tries at one gateway that is in trouble; then the other one has as many.
TRIES = 3
# Mornings on which a part that was told "later" is tried.
MORNINGS = 5


def throttled_pause(times: int) -> float:
    """Seconds before the next try of a part that was throttled so many times before.

    >>> [throttled_pause(n) for n in (0, 1, 8, 30)]
    [0.5, 0.625, 2.9802322387695312, 60.0]
    """
    return min(60.0, 0.5 * 1.25 ** min(times, 30))


def busy_pause(tries: int) -> float:
    """Seconds before the next try of a part that so many times found the gateway in trouble.

    >>> [busy_pause(n) for n in (1, 2)]
    [5.0, 10.0]
    """
    return 5.0 * 2 ** (tries - 1)


def next_window(hours: str | None, at: datetime) -> datetime:
    """The beginning of the first window that opens after ``at`` (by the hospital's clock).

    >>> next_window("08:00-11:00,14:00-18:00", datetime(2026, 3, 2, 10, 0))
    datetime.datetime(2026, 3, 2, 14, 0)
    >>> next_window("", datetime(2026, 3, 2, 10, 0))
    datetime.datetime(2026, 3, 3, 8, 0)
    """
    windows = parse_hours(hours or MORNING)
    for start, _end in windows:
        if start > at.time():
            return datetime.combine(at.date(), start)
    return datetime.combine(at.date() + timedelta(days=1), windows[0][0])


def opens(hours: str | None, at: datetime) -> datetime:
    """``at`` when a gateway with these hours is open then, else when it opens.

    >>> opens("08:00-20:00", datetime(2026, 3, 2, 21, 0))
    datetime.datetime(2026, 3, 3, 8, 0)
    >>> opens(None, datetime(2026, 3, 2, 21, 0))
    datetime.datetime(2026, 3, 2, 21, 0)
    """
    return next_allowed(parse_hours(hours), at) if hours else at


def verdict(kind: str, attempts: int, throttled: int, other: bool) -> str | float:
    """What becomes of a part that was refused: seconds to wait, "later" (the next window), "other" (by the other
    gateway, where there is one) or "failed".

    attempts: tries that have counted before; throttled: tries that did not

    >>> [verdict("busy", n, 0, True) for n in range(6)]
    [5.0, 10.0, 'other', 5.0, 10.0, 'failed']
    >>> verdict("busy", 2, 0, False), verdict("elsewhere", 0, 0, True), verdict("elsewhere", 3, 0, True)
    ('failed', 'other', 'failed')
    >>> verdict("throttled", 0, 1, True), verdict("throttled", 0, 48, True), verdict("later", 4, 0, True)
    (0.625, 'failed', 'failed')
    """
    tries = attempts + 1
    if kind == "throttled" and throttled < MOST_THROTTLED:
        return throttled_pause(throttled)
    if kind == "later" and tries < MORNINGS:
        return "later"
    if kind == "busy" and tries % TRIES:
        return busy_pause(tries % TRIES)
    if kind in ("busy", "elsewhere") and other and tries <= TRIES:
        return "other"
    return "failed"
