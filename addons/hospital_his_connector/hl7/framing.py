"""MLLP, the frame around a message on a TCP connection: VT, the message, FS CR.

None of the three bytes occurs inside a character of GBK or UTF-8, so frames are cut before anything is decoded.
"""

START, END = b"\x0b", b"\x1c"
LARGEST = 10 * 1024 * 1024


class TooLong(Exception):
    """A message longer than anybody needs: the connection is to be closed."""


class Framer:
    r"""Cuts what a connection brings, however it is split or joined, into messages.

    >>> framer = Framer()
    >>> list(framer.feed(b"\x0bMSH|1")), framer.inside
    ([], True)
    >>> list(framer.feed(b"\x1c\r\x0bMSH|2\x1c\r\n\x0bMSH"))
    [b'MSH|1', b'MSH|2']

    What stands between frames says nothing. A frame that begins within another shows that the end was lost.

    >>> list(framer.feed(b"|3\x0bMSH|4\x1c"))
    [b'MSH|4']
    >>> list(Framer(3).feed(b"\x0bMSH|"))
    Traceback (most recent call last):
    odoo.addons.hospital_his_connector.hl7.framing.TooLong
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self.largest = largest
        self.inside = False
        self._parts: list[bytes] = []
        self._length = 0

    def feed(self, data: bytes):
        """Yield each message that is complete now."""
        place = 0
        while place < len(data):
            if not self.inside:
                place = data.find(START, place) + 1
                if not place:
                    return
                self.inside = True
            end = data.find(END, place)
            part = data[place : len(data) if end < 0 else end]
            if (again := part.rfind(START)) >= 0:
                self._parts, self._length, part = [], 0, part[again + 1 :]
            self._parts.append(part)
            self._length += len(part)
            if self._length > self.largest:
                raise TooLong
            if end < 0:
                return
            message = b"".join(self._parts)
            self._parts, self._length, self.inside = [], 0, False
            place = end + 1
            yield message


def frame(message: bytes) -> bytes:
    """The message as it goes over the wire."""
    return START + message + END + b"\r"
