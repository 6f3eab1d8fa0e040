"""From the bytes of a message to what is kept of it, and what is answered."""

from typing import NamedTuple

from . import acknowledge, charset
from .message import Message, Unreadable

# Longer names than this are no names; an index has its limits too.
LONGEST = 200


class Received(NamedTuple):
    """What is kept of a message; with a ``code`` when it cannot be handled as it came."""

    kind: str
    number: str
    text: str
    answer: str
    encoding: str
    code: str = ""


def read(raw: bytes, default: str) -> Received:
    r"""
    >>> head = "MSH|^~\\&|HIS|A|||||ADT^A01|%d|P|2.4\rPID|1||1||张三"
    >>> good = read((head % 7).encode(), "utf-8")
    >>> good.kind, good.number[:7], good.text[-2:], good.answer.split("\r")[1], good.code
    ('ADT^A01', 'HIS|A|7', '张三', 'MSA|AA|7', '')

    What cannot be read is kept too, and refused: sent again it would be no better.

    >>> bad = read((head % 8).encode("gbk"), "utf-8")
    >>> bad.kind, bad.text[-16:], bad.answer.split("\r")[1], bad.code
    ('ADT^A01', '\\xd5\\xc5\\xc8\\xfd', 'MSA|AR|8|hl7_characters', 'hl7_characters')
    >>> junk = read(b"GET / HTTP/1.1", "utf-8")
    >>> junk.kind, junk.answer.split("\r")[1], junk.code
    ('', 'MSA|AR||hl7_unreadable', 'hl7_unreadable')
    """
    encoding, code = charset.charset(raw, default), ""
    try:
        text = charset.decode(raw, encoding)
    except charset.Undecodable:
        text, code = raw.decode(encoding, "backslashreplace"), "hl7_characters"
    text = text.replace("\x00", "")  # which the database does not take
    try:
        message = Message(text)
    except Unreadable:
        message, code = None, "hl7_unreadable"
    number = acknowledge.number(message, text, LONGEST) if message else f"#{acknowledge.digest(text)}"
    answer = acknowledge.answer(message, acknowledge.REFUSED if code else acknowledge.ACCEPTED, code)
    return Received(message.kind[:LONGEST] if message else "", number, text, answer, encoding, code)


def again(raw: bytes, default: str) -> bytes:
    """The answer to a message that could not be kept: it is to be sent once more."""
    encoding = charset.charset(raw, default)
    try:
        message = Message(raw.decode(encoding, "replace"))
    except Unreadable:
        message = None
    return acknowledge.answer(message, acknowledge.AGAIN, "not kept").encode(encoding, "replace")
