"""What can be told to a HIS: the operations, and the values that each of them brings."""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo


class Operation(NamedTuple):
    """values: name -> type of what a statement or a message may use.

    together: a local change belongs to it, so that both can be committed together.
    must_change: a statement that changes no row has not done it: what was wanted is taken.
    """

    values: dict[str, str]
    together: bool = False
    must_change: bool = False


_BOOKING = {
    "slot": "text",
    "session": "text",
    "slot_at": "datetime",
    "appointment": "text",
    "patient": "text",
    "channel": "text",
    "at": "datetime",
    "reason": "text",
}
_PERSON = {
    "patient_name": "text",
    "patient_gender": "text",
    "patient_birth_date": "date",
    "patient_id_number": "text",
    "patient_phone": "text",
}

OPERATIONS: dict[str, Operation] = {
    "followed_up": Operation(
        {
            "visit": "text",
            "patient": "text",
            "followed": "boolean",
            "at": "datetime",
            "by": "text",
            "result": "text",
        }
    ),
    # 锁号, 预约成功, 预约解锁, 取消预约
    "lock_slot": Operation(_BOOKING | {"until": "datetime"}, must_change=True),
    "confirm_booking": Operation(_BOOKING | _PERSON, must_change=True),
    "unlock_booking": Operation(_BOOKING),
    "cancel_booking": Operation(_BOOKING),
    # 号表生成, 专家停诊, 预约就诊成功
    "number_table": Operation({"sessions": "json"}),
    "stop_clinic": Operation({"session": "text", "substitute": "text", "at": "datetime", "reason": "text"}),
    "attended": Operation({"appointment": "text", "visit": "text", "patient": "text", "at": "datetime"}),
    "list_bookings": Operation({"since": "datetime"}),
    "take_slot": Operation(_BOOKING, together=True, must_change=True),
}

# Every write carries these: the key that makes a repetition harmless, and a number that grows from write to write.
ALWAYS = {"key": "text", "version": "integer"}


def names(operation: str) -> dict[str, str]:
    """
    >>> sorted(names("followed_up"))
    ['at', 'by', 'followed', 'key', 'patient', 'result', 'version', 'visit']
    """
    return OPERATIONS[operation].values | ALWAYS


def bind(operation: str, payload: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """The values as a driver takes them: times by the HIS's own clock, yes and no as 1 and 0, None for what is missing.

    >>> zone = ZoneInfo("Asia/Shanghai")
    >>> values = bind("followed_up", {"visit": "7", "followed": True, "at": "2026-11-01 16:30:00", "key": "k"}, zone)
    >>> values["visit"], values["followed"], values["at"].isoformat(), values["by"]
    ('7', 1, '2026-11-02T00:30:00', None)
    """
    return {name: _FORMS[kind](payload.get(name), zone) for name, kind in names(operation).items()}


def _datetime(value: str | None, zone: ZoneInfo) -> datetime | None:
    if not value:
        return None
    return datetime.fromisoformat(value).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


_FORMS = {
    "text": lambda value, zone: None if value in (None, False, "") else str(value),
    "integer": lambda value, zone: None if value in (None, False) else int(value),
    "boolean": lambda value, zone: None if value is None else int(value),
    "json": lambda value, zone: value,
    "date": lambda value, zone: date.fromisoformat(value) if value else None,
    "datetime": _datetime,
}
