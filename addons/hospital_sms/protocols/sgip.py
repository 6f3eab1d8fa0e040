"""SGIP 1.2 (China Unicom): the PDUs.

Header: length and command, four bytes each, then a sequence of twelve: node, MMDDHHMMSS, counter. It is hex text here,
and it is the message id: a Report names the sequence of the Submit. Numbers carry the country code 86.
"""

import struct
from typing import Any, NamedTuple

from .frames import Malformed
from .layout import Layout

ANSWER = 0x80000000
LARGEST = 2048
# Bind.login_type
TO_GATEWAY, FROM_GATEWAY = 1, 2
# Report.state
DELIVERED, PENDING, FAILED = 0, 1, 2
# Submit.charge_number: the sender pays.
SENDER_PAYS = "0" * 21
_HEADER = struct.Struct(">II12s")
_SEQUENCE = struct.Struct(">III")


class Bind(NamedTuple):
    login_type: int
    login_name: str
    login_password: str
    reserve: str = ""


class Unbind(NamedTuple):
    pass


class UnbindResp(NamedTuple):
    pass


class Submit(NamedTuple):
    """``content`` begins with the user data header where ``tp_udhi`` is 1."""

    sp_number: str = ""
    charge_number: str = SENDER_PAYS
    user_numbers: tuple[str, ...] = ()
    corp_id: str = ""
    service_type: str = ""
    fee_type: int = 1
    fee_value: str = "0"
    given_value: str = "0"
    agent_flag: int = 0
    morelate_to_mt_flag: int = 2
    priority: int = 0
    expire_time: str = ""
    schedule_time: str = ""
    report_flag: int = 1
    tp_pid: int = 0
    tp_udhi: int = 0
    message_coding: int = 8
    message_type: int = 0
    content: bytes = b""
    reserve: str = ""


class Deliver(NamedTuple):
    user_number: str
    sp_number: str
    tp_pid: int = 0
    tp_udhi: int = 0
    message_coding: int = 0
    content: bytes = b""
    reserve: str = ""


class Report(NamedTuple):
    """``submit_sequence``: hex, the header's of the Submit; ``error_code`` says why where ``state`` is FAILED."""

    submit_sequence: str
    report_type: int = 0
    user_number: str = ""
    state: int = DELIVERED
    error_code: int = 0
    reserve: str = ""


class UserRpt(NamedTuple):
    """A phone was closed (0), suspended (1), restored (2)."""

    sp_number: str
    user_number: str
    user_condition: int = 0
    reserve: str = ""


class Answer(NamedTuple):
    """What all answers but Unbind's consist of."""

    result: int = 0
    reserve: str = ""


class BindResp(Answer):
    __slots__ = ()


class SubmitResp(Answer):
    __slots__ = ()


class DeliverResp(Answer):
    __slots__ = ()


class ReportResp(Answer):
    __slots__ = ()


class UserRptResp(Answer):
    __slots__ = ()


class Other(NamedTuple):
    """A command that an SP has no use for."""

    command: int
    body: bytes


# Command, class, the body's fields: see Layout.
SPECS: list[tuple[int, type, str]] = [
    (1, Bind, "login_type:B login_name:s16 login_password:s16 | reserve:s8"),
    (2, Unbind, ""),
    (
        3,
        Submit,
        "sp_number:s21 charge_number:s21 user_numbers:*21 corp_id:s5 service_type:s10 fee_type:B fee_value:s6"
        " given_value:s6 agent_flag:B morelate_to_mt_flag:B priority:B expire_time:s16 schedule_time:s16 report_flag:B"
        " tp_pid:B tp_udhi:B message_coding:B message_type:B content:+I | reserve:s8",
    ),
    (
        4,
        Deliver,
        "user_number:s21 sp_number:s21 tp_pid:B tp_udhi:B message_coding:B content:+I | reserve:s8",
    ),
    (5, Report, "submit_sequence:h12 report_type:B user_number:s21 state:B | error_code:B reserve:s8"),
    (0x11, UserRpt, "sp_number:s21 user_number:s21 user_condition:B | reserve:s8"),
    (ANSWER | 1, BindResp, "result:B | reserve:s8"),
    (ANSWER | 2, UnbindResp, ""),
    (ANSWER | 3, SubmitResp, "result:B | reserve:s8"),
    (ANSWER | 4, DeliverResp, "result:B | reserve:s8"),
    (ANSWER | 5, ReportResp, "result:B | reserve:s8"),
    (ANSWER | 0x11, UserRptResp, "result:B | reserve:s8"),
]
_LAYOUTS = {command: Layout(cls, spec) for command, cls, spec in SPECS}
_COMMANDS = {cls: command for command, cls, _spec in SPECS}


def sequence(node: int, stamp: str, counter: int) -> str:
    """A sequence of ours. ``stamp``: MMDDHHMMSS.

    >>> sequence(3010099999, "1127153000", 1)
    'b36a7b1f432efd6800000001'
    """
    return _SEQUENCE.pack(node, int(stamp), counter & 0xFFFFFFFF).hex()


def encode(pdu: Any, sequence: str) -> bytes:
    """The frame; raises Malformed where a value does not fit its field."""
    command = _COMMANDS[type(pdu)]
    body = _LAYOUTS[command].encode(pdu)
    return _HEADER.pack(20 + len(body), command, bytes.fromhex(sequence)) + body


def decode(frame: bytes) -> tuple[str, Any]:
    """Return ``(sequence, PDU)`` of a whole frame; raises Malformed."""
    if len(frame) < 20:
        raise Malformed("short")
    _length, command, sequence = _HEADER.unpack_from(frame)
    if command not in _LAYOUTS:
        return sequence.hex(), Other(command, frame[20:])
    return sequence.hex(), _LAYOUTS[command].decode(frame, 20)[0]
