"""SMPP 3.4: what goes out is written by aiosmpplib; what comes in is read here.

Its reader gives up on much of what real gateways send: statuses of a vendor, unknown data codings, a report without a
text, letters in ``err:``, seconds in dates. Here nothing of a report is lost that can be understood.
"""

import hashlib
import re
import struct
from typing import NamedTuple

from aiosmpplib.protocol import SubmitSm
from aiosmpplib.state import NPI, TON, PhoneNumber

from . import text
from .frames import Malformed

SUBMIT_SM, DELIVER_SM, UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK = 4, 5, 6, 9, 0x15
RESPONSE = GENERIC_NACK = 0x80000000
OK, INVALID_LENGTH, INVALID_COMMAND = 0, 2, 3
VERSION = 0x34
LAST_SEQUENCE = 0x7FFFFFFF

UDHI = 0x40
_HEADER = struct.Struct(">IIII")
_SAR = 0x020C, 0x020E, 0x020F  # reference, total, number of this one
_RECEIPTED_MESSAGE_ID, _MESSAGE_STATE, _MESSAGE_PAYLOAD = 0x001E, 0x0427, 0x0424
_STATES = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
# The names in a receipt's text, each with a value up to the next name; last, the beginning of the message.
_NAMES = re.compile(r"\b(id|sub|dlvrd|submit[ _]date|done[ _]date|stat|err):", re.IGNORECASE)
_TEXT = re.compile(r"\bte?xt:", re.IGNORECASE)


class Header(NamedTuple):
    length: int
    command: int
    status: int
    sequence: int


class Deliver(NamedTuple):
    """A text or a receipt, as it came.

    esm_class: its kind in bits 2-5; ``tlvs``: by tag
    """

    source: str
    destination: str
    esm_class: int
    coding: int
    content: bytes
    tlvs: dict[int, bytes]

    @property
    def is_receipt(self) -> bool:
        """Of the SMSC, also one on the way (bit 5)."""
        return bool(self.esm_class & 0x24)


class Receipt(NamedTuple):
    """message_id: as the report writes it; ``done``: YYMMDDhhmm, perhaps with seconds"""

    message_id: str
    stat: str
    err: str
    done: str


def frame(command: int, sequence: int, body: bytes = b"", status: int = OK) -> bytes:
    """
    >>> frame(ENQUIRE_LINK, 1).hex()
    '00000010000000150000000000000001'
    """
    return _HEADER.pack(16 + len(body), command, status, sequence) + body


def header(pdu: bytes) -> Header:
    return Header(*_HEADER.unpack_from(pdu))


def bind(sequence: int, login: str, secret: str, system_type: str = "") -> bytes:
    """A login for both directions. Passwords longer than the eight letters of the specification exist."""
    words = b"".join(word.encode("latin-1") + b"\0" for word in (login, secret, system_type))
    return frame(BIND_TRANSCEIVER, sequence, words + bytes((VERSION, 0, 0, 0)))


def submit(sequence: int, sender: str, number: str, coding: int, udhi: int, content: bytes) -> bytes:
    """One part, with a report asked for; ValueError where a number is too long.

    number: in international form, without +
    """
    message = SubmitSm(
        sequence_num=sequence,
        short_message=" ",
        source=PhoneNumber(sender),
        destination=PhoneNumber(number, TON.INTERNATIONAL, NPI.ISDN),
        esm_class=UDHI if udhi else 0,
        encoding="ucs2" if coding == 8 else None,
    )
    message.set_encoded_message(content)
    return message.pdu()


def message_id(pdu: bytes) -> str:
    """The id in the answer to a submit; a refusal may have no body."""
    return pdu[16:].partition(b"\0")[0].decode("latin-1").strip()


def deliver(pdu: bytes) -> Deliver:
    """A deliver_sm; raises Malformed."""
    try:
        at = pdu.index(b"\0", 16) + 3
        source, at = _word(pdu, at)
        destination, at = _word(pdu, at + 2)
        esm_class = pdu[at]
        at = pdu.index(b"\0", pdu.index(b"\0", at + 3) + 1) + 1
        coding, length = pdu[at + 2], pdu[at + 4]
        at += 5
    except (ValueError, IndexError):
        raise Malformed("short") from None
    tlvs = _tlvs(pdu, at + length)
    return Deliver(
        source, destination, esm_class, coding, pdu[at : at + length] or tlvs.get(_MESSAGE_PAYLOAD, b""), tlvs
    )


def receipt(pdu: Deliver) -> Receipt:
    """What a report says: TLVs before the text, whose names come in any order and spelling.

    >>> text = b"id:7F2 sub:001 dlvrd:001 submit date:2611271530 done date:261127153015 stat:UNDELIV err:0A5 Text:id:9"
    >>> receipt(Deliver("", "", 4, 0, text, {}))
    Receipt(message_id='7F2', stat='UNDELIV', err='0A5', done='261127153015')
    >>> receipt(Deliver("", "", 4, 0, b"", {0x1E: b"99", 0x427: bytes([2])}))
    Receipt(message_id='99', stat='DELIVRD', err='', done='')
    """
    said = _TEXT.split(pdu.content.decode("latin-1"), maxsplit=1)[0]
    _before, *pairs = _NAMES.split(said)
    found = {name.lower(): value.strip(" \0") for name, value in zip(pairs[::2], pairs[1::2], strict=True)}
    state = pdu.tlvs.get(_MESSAGE_STATE)
    named = pdu.tlvs.get(_RECEIPTED_MESSAGE_ID, b"").partition(b"\0")[0].decode("latin-1").strip()
    return Receipt(
        named or found.get("id", ""),
        _STATES.get(state[0], "UNKNOWN") if state else found.get("stat", "UNKNOWN"),
        found.get("err", ""),
        found.get("done date") or found.get("done_date", ""),
    )


def piece(pdu: Deliver) -> text.Piece:
    r"""Which part of a long text this is, by its header or by the TLVs that may stand for one.

    >>> sar = {0x20C: b"\0\7", 0x20E: b"\2", 0x20F: b"\1"}
    >>> piece(Deliver("", "", 0, 0, b"a", sar))
    Piece(ref=7, total=2, index=1, body=b'a')
    """
    if pdu.esm_class & UDHI:
        return text.unwrap(pdu.content)
    ref, total, index = (int.from_bytes(pdu.tlvs.get(tag, b"")) for tag in _SAR)
    if 1 <= index <= total <= text.MOST_PARTS:
        return text.Piece(ref, total, index, pdu.content)
    return text.Piece(0, 1, 1, pdu.content)


def words(body: bytes, coding: int, cut: bool = False) -> str:
    r"""Read an incoming text; the default alphabet is the GSM phones' unless the bytes are none of theirs.

    >>> words(b"\0 home", 0), words("你好".encode("gbk"), 0), words("你好".encode("utf-16-be"), 8), words(b"\xe9", 3)
    ('@ home', '你好', '你好', 'é')
    """
    if coding == 3:
        return body.decode("latin-1").replace("\0", "")
    if coding == 0 and body.isascii():
        return body.decode("gsm7", "replace")
    return text.decode(body, coding, cut)


def digest(pdu: Deliver, *more: object) -> str:
    """A key for a text, which has none of its own."""
    return hashlib.sha256(repr((pdu[:5], sorted(pdu.tlvs.items()), more)).encode()).hexdigest()[:32]


def same_id(written: str, form: str) -> str:
    """An id of a report as the answer to the submit had it, of an answer as it is kept.

    form: "" as it is, "hex", "decimal" for what is to be read that way; what is neither stays as it is

    >>> same_id("0007f2", "hex"), same_id("2034", "decimal"), same_id("7F2-x", "hex"), same_id("007", "")
    ('7f2', '7f2', '7F2-x', '007')
    """
    try:
        return f"{int(written, {'hex': 16, 'decimal': 10}[form]):x}"
    except (KeyError, ValueError):
        return written


def code(status: int) -> str:
    """A status as it is shown, and as ``codes`` knows it.

    >>> code(0x58), code(0x400), code(0)
    ('0x58', '0x400', '')
    """
    return f"0x{status:02x}" if status else ""


def _word(pdu: bytes, at: int) -> tuple[str, int]:
    end = pdu.index(b"\0", at)
    return pdu[at:end].decode("latin-1"), end + 1


def _tlvs(pdu: bytes, at: int) -> dict[int, bytes]:
    """As far as they can be read."""
    found = {}
    while at + 4 <= len(pdu):
        tag, length = struct.unpack_from(">HH", pdu, at)
        found[tag] = pdu[at + 4 : at + 4 + length]
        at += 4 + length
    return found
