"""SMGP 3.0.3 (China Telecom): the PDUs, the authenticators, the text of a report.

Header: length, request, sequence, each four bytes. Message ids are ten bytes of BCD: as hex text their digits.
"""

import hashlib
import re
import struct
from typing import Any, NamedTuple

from .frames import Malformed
from .layout import Layout

ANSWER = 0x80000000
NO_ID = "0" * 20
# Login.login_mode
SEND, RECEIVE, BOTH = 0, 1, 2
# Tags of the optional parameters.
TP_PID, TP_UDHI, LINK_ID, CHARGE_USER_TYPE = 1, 2, 3, 4
PK_TOTAL, PK_NUMBER, SUBMIT_MSG_TYPE, MSG_SRC, M_SERVICE_ID = 9, 10, 11, 16, 18
_HEADER = struct.Struct(">III")


class Login(NamedTuple):
    """``timestamp``: MMDDHHMMSS as a number."""

    client_id: str
    authenticator: bytes
    login_mode: int
    timestamp: int
    client_version: int = 0x30


class LoginResp(NamedTuple):
    status: int
    authenticator: bytes = b""
    server_version: int = 0x30


class Submit(NamedTuple):
    """``content`` begins with the user data header where the parameter TP_UDHI is 1. ``tlvs``: {tag: bytes}."""

    msg_type: int = 6
    need_report: int = 1
    priority: int = 1
    service_id: str = ""
    fee_type: str = "00"
    fee_code: str = "000000"
    fixed_fee: str = "000000"
    msg_format: int = 15
    valid_time: str = ""
    at_time: str = ""
    src_term_id: str = ""
    charge_term_id: str = ""
    dest_term_ids: tuple[str, ...] = ()
    content: bytes = b""
    reserve: str = ""
    tlvs: dict[int, bytes] = {}


class SubmitResp(NamedTuple):
    msg_id: str
    status: int


class Deliver(NamedTuple):
    """A text from a phone; ``content`` is a Receipt where ``is_report`` is 1. ``recv_time``: YYYYMMDDHHMMSS."""

    msg_id: str
    is_report: int = 0
    msg_format: int = 0
    recv_time: str = ""
    src_term_id: str = ""
    dest_term_id: str = ""
    content: bytes = b""
    reserve: str = ""
    tlvs: dict[int, bytes] = {}


class DeliverResp(NamedTuple):
    msg_id: str
    status: int = 0


class ActiveTest(NamedTuple):
    pass


class ActiveTestResp(NamedTuple):
    pass


class Exit(NamedTuple):
    pass


class ExitResp(NamedTuple):
    pass


class Other(NamedTuple):
    """A request that an SP has no use for."""

    command: int
    body: bytes


# Request, class, the body's fields: see Layout.
SPECS: list[tuple[int, type, str]] = [
    (1, Login, "client_id:s8 authenticator:r16 login_mode:B timestamp:I client_version:B"),
    (ANSWER | 1, LoginResp, "status:I | authenticator:r16 server_version:B"),
    (
        2,
        Submit,
        "msg_type:B need_report:B priority:B service_id:s10 fee_type:s2 fee_code:s6 fixed_fee:s6 msg_format:B"
        " valid_time:s17 at_time:s17 src_term_id:s21 charge_term_id:s21 dest_term_ids:*21 content:+B | reserve:s8"
        " tlvs:tlv",
    ),
    (ANSWER | 2, SubmitResp, "msg_id:h10 status:I"),
    (
        3,
        Deliver,
        "msg_id:h10 is_report:B msg_format:B recv_time:s14 src_term_id:s21 dest_term_id:s21 content:+B | reserve:s8"
        " tlvs:tlv",
    ),
    (ANSWER | 3, DeliverResp, "msg_id:h10 status:I"),
    (4, ActiveTest, ""),
    (ANSWER | 4, ActiveTestResp, ""),
    (6, Exit, ""),
    (ANSWER | 6, ExitResp, ""),
]
_LAYOUTS = {command: Layout(cls, spec) for command, cls, spec in SPECS}
_COMMANDS = {cls: command for command, cls, _spec in SPECS}


def encode(pdu: Any, sequence: int) -> bytes:
    """The frame; raises Malformed where a value does not fit its field."""
    command = _COMMANDS[type(pdu)]
    body = _LAYOUTS[command].encode(pdu)
    return _HEADER.pack(12 + len(body), command, sequence) + body


def decode(frame: bytes) -> tuple[int, Any]:
    """Return ``(sequence, PDU)`` of a whole frame; raises Malformed."""
    if len(frame) < 12:
        raise Malformed("short")
    _length, command, sequence = _HEADER.unpack_from(frame)
    if command not in _LAYOUTS:
        return sequence, Other(command, frame[12:])
    return sequence, _LAYOUTS[command].decode(frame, 12)[0]


def authenticator(client_id: str, secret: str, stamp: str, padded: bool = False) -> bytes:
    """What proves the secret. ``stamp``: MMDDHHMMSS, ten digits.

    padded: fill a client id of less than eight characters with NULs first, as some gateways do

    >>> authenticator("35701234", "shared", "0301000000") == authenticator("35701234", "shared", "0301000000", True)
    True
    """
    client = client_id.encode().ljust(8 if padded else 0, b"\0")
    return hashlib.md5(client + bytes(7) + secret.encode() + stamp.encode(), usedforsecurity=False).digest()


def answer_authenticator(status: int, asked: bytes, secret: str) -> bytes:
    """What proves the gateway; implementations disagree on it, so it is never enforced."""
    return hashlib.md5(status.to_bytes(4, "big") + asked + secret.encode(), usedforsecurity=False).digest()


class Receipt(NamedTuple):
    """The content of a Deliver that is a report. Times: YYMMDDHHMM, Beijing; ``err``: three digits or more."""

    msg_id: str
    stat: str
    err: str = ""
    submit_date: str = ""
    done_date: str = ""
    sub: str = "001"
    dlvrd: str = "001"
    text: bytes = b""

    def encode(self) -> bytes:
        """As the specification spells it, 122 bytes."""
        return b"id:%b sub:%b dlvrd:%b submit date:%b done date:%b stat:%b err:%b text:%b" % (
            bytes.fromhex(self.msg_id),
            *(field.encode() for field in self[5:7]),
            *(field.encode().ljust(10, b"0") for field in self[3:5]),
            self.stat.encode().ljust(7),
            self.err.encode().rjust(3, b"0"),
            self.text.ljust(20, b"\0")[:20],
        )

    @classmethod
    def decode(cls, content: bytes) -> "Receipt":
        r"""Read a report whatever its spelling; raises Malformed where it has no id or no state.

        >>> Receipt.decode(b"id:\1 sub:: e\7\x08\x09sub:asf Submit_date:2611271529 Stat:DELIVERED Err:0 Txt:")[:3]
        ('01207375623a3a206507', 'DELIVERED', '0')
        """
        at = content.find(b"id:") + 3
        if at < 3:
            raise Malformed("id")
        # The id's ten bytes may be anything, so nothing is looked for in them. Some write it as hex.
        raw, digits = content[at : at + 10], content[at : at + 20]
        if len(raw) < 10:
            raise Malformed("id")
        in_hex = content[at + 10 : at + 11] not in (b" ", b"") and _HEX.fullmatch(digits)
        msg_id = digits.decode().lower() if in_hex else raw.hex()
        start = at + (20 if in_hex else 10)
        marks = list(_MARK.finditer(content, start))
        ends = [mark.start() for mark in marks[1:]] + [len(content)]
        found: dict[bytes, bytes] = {}
        for mark, end in zip(marks, ends, strict=True):
            name = mark[1].lower().replace(b"_", b" ")
            if name in (b"text", b"txt"):
                found[b"text"] = content[mark.end() :].rstrip(b"\0")
                break
            found.setdefault(name, content[mark.end() : end].replace(b"\0", b"").strip())
        if not found.get(b"stat"):
            raise Malformed("stat")
        words = {
            name: found.get(name.encode().replace(b"_", b" "), b"").decode("latin-1")
            for name in ("stat", "err", "submit_date", "done_date", "sub", "dlvrd")
        }
        return cls(msg_id, text=found.get(b"text", b""), **words)


_HEX = re.compile(rb"[0-9a-fA-F]{20}")
_MARK = re.compile(rb"(sub|dlvrd|submit[ _]date|done[ _]date|stat|err|te?xt):", re.IGNORECASE)
