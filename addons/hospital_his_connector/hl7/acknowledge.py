"""The answer to a message, in original mode: MSA with AA, AE or AR and the number of the message."""

import hashlib
import re
import uuid
from datetime import datetime

from .message import Message

ACCEPTED, AGAIN, REFUSED = "AA", "AE", "AR"


def number(message: Message, text: str, longest: int = 200) -> str:
    r"""By what a resend is known: sender, number, and what is said.

    The number alone would not do: some systems begin anew every day. MSH itself does not count, for a resend may
    carry another time.

    >>> text = "MSH|^~\\&|HIS|A|||%s||ADT^A01|7\rPID|%d"
    >>> one, again, other = (text % pair for pair in (("1", 1), ("2", 1), ("1", 2)))
    >>> number(Message(one), one)
    'HIS|A|7#e029ace22cfb008e'
    >>> number(Message(one), one) == number(Message(again), again) != number(Message(other), other)
    True
    """
    said = re.split(r"[\r\n]+", text.strip(), maxsplit=1)[1:]
    names = "|".join(message[place] for place in ("MSH-3", "MSH-4", "MSH-10"))
    return f"{names[:longest]}#{digest(''.join(said))}"


def digest(text: str) -> str:
    """A short name for a text."""
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()


def answer(message: Message | None, code: str, words: str = "", at: datetime | None = None) -> str:
    r"""The acknowledgement; for what is no message, one that names none.

    >>> message = Message("MSH|^~\\&|HIS|XIEHE|FU|XIEHE|20261101||ADT^A01|7|P|2.4||||||UNICODE UTF-8")
    >>> answer(message, "AA", at=datetime(2026, 11, 1, 8)).split("\r")[1]
    'MSA|AA|7'
    >>> re.sub("(?<=ACK.)[0-9a-f]{20}", "n", answer(message, "AR", "no", datetime(2026, 11, 1, 8)))
    'MSH|^~\\&|FU|XIEHE|HIS|XIEHE|20261101080000||ACK^A01^ACK|n|P|2.4||||||UNICODE UTF-8\rMSA|AR|7|no\r'
    """
    message = message or Message("MSH|^~\\&|||||||ACK")
    at, own = at or datetime.now(), uuid.uuid4().hex[:20]
    field, part = message.separator, message.component
    kind = part.join(filter(None, ("ACK", message["MSH-9.2"], "ACK")))
    head = ["MSH", message.signs, *(_raw(message, place) for place in (5, 6, 3, 4)), f"{at:%Y%m%d%H%M%S}", ""]
    head += [kind, own, _raw(message, 11) or "P", _raw(message, 12) or "2.4", *[""] * 5, _raw(message, 18)]
    last = ["MSA", code, _raw(message, 10), words]
    return "".join(field.join(line).rstrip(field) + "\r" for line in (head, last))


def _raw(message: Message, place: int) -> str:
    """A field of the message's MSH as it stands: its escapes hold in the answer too."""
    head = message.segments[0]
    return head[place] if place < len(head) else ""
