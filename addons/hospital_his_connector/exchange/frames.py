"""The words of the two processes: a length, a JSON head, then blobs whose lengths the head gives."""

import json
import struct
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">I")


def write(stream: BinaryIO, frame: dict[str, Any]) -> None:
    """What of a frame is bytes travels as a blob, the rest in the head.

    >>> from io import BytesIO
    >>> stream = BytesIO(); write(stream, {"type": "batch", "copy": b"a", "raw": b"bc"}); _ = stream.seek(0)
    >>> read(stream)
    ({'type': 'batch'}, {'copy': b'a', 'raw': b'bc'})
    >>> read(stream) is None
    True
    """
    blobs = {name: value for name, value in frame.items() if isinstance(value, bytes)}
    head = {name: value for name, value in frame.items() if name not in blobs}
    encoded = json.dumps({"head": head, "blobs": {name: len(blob) for name, blob in blobs.items()}}).encode()
    stream.write(_LENGTH.pack(len(encoded)))
    stream.write(encoded)
    for blob in blobs.values():
        stream.write(blob)
    stream.flush()


def read(stream: BinaryIO) -> tuple[dict[str, Any], dict[str, bytes]] | None:
    """The next frame; None at the end, EOFError when the other side broke off inside one."""
    first = stream.read(1)
    if not first:
        return None
    (length,) = _LENGTH.unpack(first + _exactly(stream, _LENGTH.size - 1))
    envelope = json.loads(_exactly(stream, length))
    return envelope["head"], {name: _exactly(stream, length) for name, length in envelope["blobs"].items()}


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data
