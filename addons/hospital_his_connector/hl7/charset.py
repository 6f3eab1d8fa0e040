"""Which characters the bytes of a message are."""

import re

# What senders write into MSH-18 (table 0211 and the words of makers), without signs and in small letters.
_NAMES = {
    "unicodeutf8": "utf-8",
    "utf8": "utf-8",
    "unicode": "utf-8",
    "ascii": "utf-8",
    "gb180302000": "gb18030",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "cp936": "gb18030",
    "big5": "big5",
    "88591": "latin-1",
    "iso88591": "latin-1",
}


class Undecodable(Exception):
    """The bytes are not what MSH-18 or the listener says they are."""


def charset(raw: bytes, default: str) -> str:
    r"""The encoding that MSH-18 names, or the listener's.

    >>> head = b"MSH|^~\\&|HIS|||||A|ADT^A01|1|P|2.4||||||"
    >>> charset(head + b"UNICODE UTF-8\rPID", "gb18030"), charset(head + b"GB 18030-2000", "utf-8")
    ('utf-8', 'gb18030')
    >>> charset(head + b"?", "gb18030"), charset(b"", "utf-8")
    ('gb18030', 'utf-8')
    """
    head = re.split(rb"[\r\n]", raw, maxsplit=1)[0].decode(default, "replace")
    fields = head.split(head[3:4] or "|")
    name = re.split(r"[~^]", fields[17])[0] if len(fields) > 17 else ""
    return _NAMES.get(re.sub(r"[^a-z0-9]", "", name.lower()), default)


def decode(raw: bytes, encoding: str) -> str:
    """The text; a message that lies about its characters is not guessed at."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        raise Undecodable from None
