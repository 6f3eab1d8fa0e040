"""Frames: each PDU begins with its own length, four bytes; TCP splits and joins them as it likes."""

import struct
from collections.abc import Iterator

_LENGTH = struct.Struct(">I")


class Malformed(ValueError):
    """Not what the protocol says: a frame whose length cannot be, a PDU that ends too early, a value too long."""


class Reader:
    r"""Cuts what a connection brings into frames, length included.

    header: a frame has at least these bytes; largest: at most these

    >>> reader = Reader(4)
    >>> list(reader.feed(b"\0\0\0\5a\0\0")), list(reader.feed(b"\0\6bc\0"))
    ([b'\x00\x00\x00\x05a'], [b'\x00\x00\x00\x06bc'])

    Once a length cannot be, nobody knows where the next frame begins: close the connection.

    >>> list(reader.feed(b"\xff\0\0"))
    Traceback (most recent call last):
    odoo.addons.hospital_sms.protocols.frames.Malformed: length
    """

    def __init__(self, header: int = 12, largest: int = 4096) -> None:
        self.header, self.largest = header, largest
        self._rest = bytearray()
        self._wanted = 4

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each frame that is complete now; to be read to its end before the next ``feed``."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted:
                return
            data = bytes(self._rest)
        at, end = 0, len(data)
        while end - at >= 4:
            (length,) = _LENGTH.unpack_from(data, at)
            if not self.header <= length <= self.largest:
                raise Malformed("length")
            if end - at < length:
                break
            yield data[at : at + length]
            at += length
        # Nothing is looked at again before the frame that has begun can be complete.
        self._rest = bytearray(data[at:])
        self._wanted = length if end - at >= 4 else 4
