"""The slots of a schedule: the moments at which it is due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from .clock import moment

# A week and a day: whatever is planned comes at least once, unless the clocks leap over it.
FAR = timedelta(days=8)


@dataclass(frozen=True)
class Times:
    """At these minutes of the day.

    >>> at = Times(ZoneInfo("Asia/Shanghai"), frozenset({0, 1, 2, 3, 4}), (60, 150))
    >>> friday = datetime.fromisoformat("2026-11-27T02:30:00+08:00")
    >>> [slot.astimezone(at.zone).strftime("%a %H:%M") for slot in next_slots(at, friday, 2)]
    ['Mon 01:00', 'Mon 02:30']
    """

    zone: ZoneInfo
    weekdays: frozenset[int]
    minutes: tuple[int, ...]

    def of_day(self, day: date, _after: datetime) -> Iterator[datetime]:
        return (moment(day, minute, self.zone) for minute in sorted(self.minutes))


@dataclass(frozen=True)
class Window:
    """Every ``period`` seconds from ``opens`` until before ``closes``; an end not after the beginning is tomorrow's.

    The weekday is that of the opening. Seconds are real ones: a window that holds an hour that comes twice is longer.

    >>> window = Window(ZoneInfo("Asia/Shanghai"), frozenset(range(7)), 23 * 60 + 59, 24 * 60, 30)
    >>> noon = datetime.fromisoformat("2026-11-27T12:00:00+08:00")
    >>> [slot.astimezone(window.zone).strftime("%d %H:%M:%S") for slot in next_slots(window, noon, 3)]
    ['27 23:59:00', '27 23:59:30', '28 23:59:00']
    """

    zone: ZoneInfo
    weekdays: frozenset[int]
    opens: int
    closes: int
    period: int

    def of_day(self, day: date, after: datetime) -> Iterator[datetime]:
        tomorrow = day + timedelta(days=1)
        first = moment(day, self.opens, self.zone)
        end = moment(day if self.closes > self.opens else tomorrow, self.closes, self.zone, last=True)
        # An end that comes twice may reach into the next opening.
        end = min(end, moment(tomorrow, self.opens, self.zone))
        period = timedelta(seconds=self.period)
        slot = first + max(0, (after - first) // period) * period
        while slot < end:
            yield slot
            slot += period


def slots(plan: Times | Window, after: datetime, until: datetime) -> Iterator[datetime]:
    """The moments (UTC) later than ``after``, up to ``until``, in order, each once."""
    # From the day before, whose window may reach over midnight; and zones lie up to a day apart.
    day = after.astimezone(plan.zone).date() - timedelta(days=2)
    last = until.astimezone(plan.zone).date() + timedelta(days=1)
    while day <= last:
        if day.weekday() in plan.weekdays:
            for slot in plan.of_day(day, after):
                if slot > until:
                    return
                if slot > after:
                    yield slot
                    after = slot
        day += timedelta(days=1)


def next_slots(plan: Times | Window, after: datetime, count: int) -> list[datetime]:
    return list(islice(slots(plan, after, after + count * FAR), count))


def due(plan: Times | Window, looked_at: datetime, now: datetime) -> tuple[datetime, int] | None:
    """The latest slot since the last look at the clock, which stands for all, and how many came before it.

    >>> at = Times(ZoneInfo("Asia/Shanghai"), frozenset(range(7)), (60, 120, 150))
    >>> look, now = (datetime.fromisoformat(f"2026-11-27T{time}+08:00") for time in ("00:30", "02:10"))
    >>> slot, earlier = due(at, look, now)
    >>> slot.astimezone(at.zone).strftime("%H:%M"), earlier
    ('02:00', 1)
    """
    latest, count = None, 0
    for slot in slots(plan, max(looked_at, now - FAR), now):
        latest, count = slot, count + 1
    return (latest, count - 1) if latest else None
