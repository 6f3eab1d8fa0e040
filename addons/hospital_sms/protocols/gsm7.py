r"""The alphabet of GSM phones as an encoding of Python, "gsm7": SMPP's default alphabet, mostly, a byte a septet.

Only what takes one septet can be written in it, so that a text is cut anywhere. A text with a brace or a euro sign goes
out as UCS2.

>>> "I pay $5 @ é".encode("gsm7").hex(), b"\x1be".decode("gsm7")
('492070617920023520002005', '€')
>>> "{".encode("gsm7")
Traceback (most recent call last):
UnicodeEncodeError: 'gsm7' codec can't encode character '\x7b' in position 0: takes two septets
"""

import codecs

from aiosmpplib.codec import GSM7BitCodec

_CODEC = GSM7BitCodec()


def _encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
    raw, length = _CODEC.encode(text, errors)
    if len(raw) != length:
        raise UnicodeEncodeError("gsm7", text, 0, length, "takes two septets")
    return raw, length


def _decode(raw: bytes, errors: str = "strict") -> tuple[str, int]:
    return _CODEC.decode(bytes(raw), errors)


codecs.register(lambda name: codecs.CodecInfo(_encode, _decode, name="gsm7") if name == "gsm7" else None)
