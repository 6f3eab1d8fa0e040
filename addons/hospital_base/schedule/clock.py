"""From a wall clock to the moment it shows, in zones that change their clocks too."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def moment(day: date, minute: int, zone: ZoneInfo, last: bool = False) -> datetime:
    """The moment at which the clocks of ``zone`` show ``minute`` (0 to 1440) of ``day``.

    A time that comes twice means its first coming, or its ``last``; one that the clocks leap over comes at the leap.
    So a later time never comes before an earlier one.

    >>> moment(date(2026, 11, 27), 8 * 60, ZoneInfo("Asia/Shanghai")).isoformat()
    '2026-11-27T00:00:00+00:00'
    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> [moment(date(2026, 10, 25), 150, berlin, last).isoformat() for last in (False, True)]  # 2:30 comes twice
    ['2026-10-25T00:30:00+00:00', '2026-10-25T01:30:00+00:00']
    >>> moment(date(2026, 3, 29), 150, berlin).astimezone(berlin).isoformat()  # 2:30 does not come
    '2026-03-29T03:00:00+02:00'
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if second < first:
        return _leap(second, first, zone)
    return second if last else first


def _leap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment between two at which the offset of ``zone`` becomes that of the later one."""

    def new(second: int) -> bool:
        return (before + timedelta(seconds=second)).astimezone(zone).utcoffset() == offset

    offset = after.astimezone(zone).utcoffset()
    return before + timedelta(seconds=bisect_left(range(int((after - before).total_seconds())), True, key=new))
