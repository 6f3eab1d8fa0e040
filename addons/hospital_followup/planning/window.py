"""The window of a task: earliest, due and latest day of a point of a plan."""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Window:
    earliest: date
    due: date
    latest: date

    def expires_on(self, grace_days: int) -> date:
        """Return the first day on which the task, still without result, counts as expired.

        >>> window(date(2026, 3, 1), 3, 2, 5).expires_on(grace_days=7)
        datetime.date(2026, 3, 14)
        """
        return self.latest + timedelta(days=grace_days + 1)


def window(start: date, due_day: int, earliest_day: int, latest_day: int) -> Window:
    """Return the window of the point ``due_day`` days after the discharge on ``start``.

    >>> window(date(2026, 2, 27), 3, 2, 5)
    Window(earliest=datetime.date(2026, 3, 1), due=datetime.date(2026, 3, 2), latest=datetime.date(2026, 3, 4))
    """
    return Window(*(start + timedelta(days=days) for days in (earliest_day, due_day, latest_day)))


def margins(due_day: int) -> tuple[int, int]:
    """Return the usual earliest and latest day of a point: the later the point, the wider its window.

    >>> margins(1), margins(3), margins(7), margins(30), margins(365)
    ((1, 3), (2, 5), (6, 9), (27, 35), (351, 379))
    """
    if due_day <= 3:
        return max(1, due_day - 1), due_day + 2
    if due_day <= 14:
        return due_day - 1, due_day + 2
    if due_day <= 60:
        return due_day - 3, due_day + 5
    return due_day - 14, due_day + 14
