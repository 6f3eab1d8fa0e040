"""CMPP 2.0 and 3.0 (China Mobile): the PDUs, the authenticators, the text of a report.

Header: length, command, sequence, each four bytes. Message ids are hex text of eight bytes. PDUs are tuples: tell them
by their class, for those without fields are all equal.
"""

import hashlib
import struct
from typing import Any, NamedTuple

from .frames import Malformed
from .layout import Layout

V20, V30 = 0x20, 0x30
ANSWER = 0x80000000
NO_ID = "0" * 16
_HEADER = struct.Struct(">III")


class Connect(NamedTuple):
    """``timestamp``: MMDDHHMMSS as a number."""

    source_addr: str
    authenticator: bytes
    version: int
    timestamp: int


class ConnectResp(NamedTuple):
    status: int
    authenticator: bytes = b""
    version: int = V20


class Terminate(NamedTuple):
    pass


class TerminateResp(NamedTuple):
    pass


class Submit(NamedTuple):
    """``content`` begins with the user data header where ``tp_udhi`` is 1. What only one version has: see SPECS."""

    msg_id: str = NO_ID
    pk_total: int = 1
    pk_number: int = 1
    registered_delivery: int = 1
    msg_level: int = 0
    service_id: str = ""
    fee_user_type: int = 2
    fee_terminal_id: str = ""
    fee_terminal_type: int = 0
    tp_pid: int = 0
    tp_udhi: int = 0
    msg_fmt: int = 8
    msg_src: str = ""
    fee_type: str = "01"
    fee_code: str = "000000"
    valid_time: str = ""
    at_time: str = ""
    src_id: str = ""
    dest_terminal_ids: tuple[str, ...] = ()
    dest_terminal_type: int = 0
    content: bytes = b""
    reserve: str = ""
    link_id: str = ""


class SubmitResp(NamedTuple):
    msg_id: str
    result: int


class Deliver(NamedTuple):
    """A text from a phone; ``content`` is a Receipt where ``registered_delivery`` is 1."""

    msg_id: str
    dest_id: str
    service_id: str = ""
    tp_pid: int = 0
    tp_udhi: int = 0
    msg_fmt: int = 0
    src_terminal_id: str = ""
    src_terminal_type: int = 0
    registered_delivery: int = 0
    content: bytes = b""
    reserve: str = ""
    link_id: str = ""


class DeliverResp(NamedTuple):
    msg_id: str
    result: int = 0


class Query(NamedTuple):
    time: str
    query_type: int = 0
    query_code: str = ""
    reserve: str = ""


class QueryResp(NamedTuple):
    time: str
    query_type: int = 0
    query_code: str = ""
    mt_tlmsg: int = 0
    mt_tlusr: int = 0
    mt_scs: int = 0
    mt_wt: int = 0
    mt_fl: int = 0
    mo_scs: int = 0
    mo_wt: int = 0
    mo_fl: int = 0


class Cancel(NamedTuple):
    msg_id: str


class CancelResp(NamedTuple):
    success_id: int


class ActiveTest(NamedTuple):
    pass


class ActiveTestResp(NamedTuple):
    reserved: int = 0


class Other(NamedTuple):
    """A command that an SP has no use for."""

    command: int
    body: bytes


# Command, class, and the body's fields: of both versions, or of 2.0 and of 3.0. See Layout.
SPECS: list[tuple[int, type, str, str]] = [
    (1, Connect, "source_addr:s6 authenticator:r16 version:B timestamp:I", ""),
    (
        ANSWER | 1,
        ConnectResp,
        "status:B authenticator:r16 version:B",
        "status:I authenticator:r16 version:B",
    ),
    (2, Terminate, "", ""),
    (ANSWER | 2, TerminateResp, "", ""),
    (
        4,
        Submit,
        "msg_id:h8 pk_total:B pk_number:B registered_delivery:B msg_level:B service_id:s10 fee_user_type:B"
        " fee_terminal_id:s21 tp_pid:B tp_udhi:B msg_fmt:B msg_src:s6 fee_type:s2 fee_code:s6 valid_time:s17"
        " at_time:s17 src_id:s21 dest_terminal_ids:*21 content:+B | reserve:s8",
        "msg_id:h8 pk_total:B pk_number:B registered_delivery:B msg_level:B service_id:s10 fee_user_type:B"
        " fee_terminal_id:s32 fee_terminal_type:B tp_pid:B tp_udhi:B msg_fmt:B msg_src:s6 fee_type:s2 fee_code:s6"
        " valid_time:s17 at_time:s17 src_id:s21 dest_terminal_ids:*32 dest_terminal_type:B content:+B | link_id:s20",
    ),
    (ANSWER | 4, SubmitResp, "msg_id:h8 result:B", "msg_id:h8 result:I"),
    (
        5,
        Deliver,
        "msg_id:h8 dest_id:s21 service_id:s10 tp_pid:B tp_udhi:B msg_fmt:B src_terminal_id:s21"
        " registered_delivery:B content:+B | reserve:s8",
        "msg_id:h8 dest_id:s21 service_id:s10 tp_pid:B tp_udhi:B msg_fmt:B src_terminal_id:s32 src_terminal_type:B"
        " registered_delivery:B content:+B | link_id:s20",
    ),
    (ANSWER | 5, DeliverResp, "msg_id:h8 result:B", "msg_id:h8 result:I"),
    (6, Query, "time:s8 query_type:B query_code:s10 | reserve:s8", ""),
    (
        ANSWER | 6,
        QueryResp,
        "time:s8 query_type:B query_code:s10 mt_tlmsg:I mt_tlusr:I mt_scs:I mt_wt:I mt_fl:I mo_scs:I mo_wt:I mo_fl:I",
        "",
    ),
    (7, Cancel, "msg_id:h8", ""),
    (ANSWER | 7, CancelResp, "success_id:B", "success_id:I"),
    (8, ActiveTest, "", ""),
    (ANSWER | 8, ActiveTestResp, "| reserved:B", ""),
]
# By command: the layouts of 2.0 and of 3.0.
_LAYOUTS = {command: (Layout(cls, older), Layout(cls, newer or older)) for command, cls, older, newer in SPECS}
_COMMANDS = {cls: command for command, cls, _older, _newer in SPECS}


def encode(pdu: Any, sequence: int, version: int = V20) -> bytes:
    """The frame; raises Malformed where a value does not fit its field."""
    command = _COMMANDS[type(pdu)]
    body = _LAYOUTS[command][version >= V30].encode(pdu)
    return _HEADER.pack(12 + len(body), command, sequence) + body


def decode(frame: bytes, version: int = V20) -> tuple[int, Any]:
    """Return ``(sequence, PDU)`` of a whole frame; raises Malformed.

    A peer's version is what its lengths say: a body that has exactly the other version's length is of that version.
    """
    if len(frame) < 12:
        raise Malformed("short")
    _length, command, sequence = _HEADER.unpack_from(frame)
    if command not in _LAYOUTS:
        return sequence, Other(command, frame[12:])
    newer = version >= V30
    own, other = _LAYOUTS[command][newer], _LAYOUTS[command][not newer]
    try:
        pdu, end = own.decode(frame, 12)
    except Malformed:
        pdu, end = None, -1
    if end != len(frame):
        try:
            other_pdu, other_end = other.decode(frame, 12)
        except Malformed:
            other_end = -1
        if other_end == len(frame):
            pdu = other_pdu
        elif pdu is None:
            raise Malformed("short")
    return sequence, pdu


def authenticator(source_addr: str, secret: str, stamp: str) -> bytes:
    """What proves the secret. ``stamp``: MMDDHHMMSS, ten digits.

    >>> authenticator("901234", "1234", "1021080403").hex()
    'd4c62fab6ea510ea5b94c0ebc1f34a3b'
    """
    return hashlib.md5(
        source_addr.encode().ljust(6, b"\0") + bytes(9) + secret.encode() + stamp.encode(), usedforsecurity=False
    ).digest()


def answer_authenticator(status: int, asked: bytes, secret: str, version: int = V20) -> bytes:
    """What proves the gateway; implementations disagree on the width of the status, so it is never enforced."""
    width = 4 if version >= V30 else 1
    return hashlib.md5(status.to_bytes(width, "big") + asked + secret.encode(), usedforsecurity=False).digest()


class Receipt(NamedTuple):
    """The content of a Deliver that is a report. Times: YYMMDDHHMM, Beijing."""

    msg_id: str
    stat: str
    submit_time: str = ""
    done_time: str = ""
    dest_terminal_id: str = ""
    smsc_sequence: int = 0

    def encode(self, version: int = V20) -> bytes:
        return _RECEIPTS[version >= V30].encode(self)

    @classmethod
    def decode(cls, content: bytes) -> "Receipt":
        """Both widths occur on both versions: the length tells. The number and what follows it may be missing."""
        return _RECEIPTS[len(content) >= 71].decode(content)[0]


_RECEIPTS = [
    Layout(Receipt, f"msg_id:h8 stat:s7 | submit_time:s10 done_time:s10 dest_terminal_id:s{width} smsc_sequence:I")
    for width in (21, 32)
]
