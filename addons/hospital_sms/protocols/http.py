"""HTTP as the links to vendors need it: it is known whether a request has left; answers have a deadline and a limit.

Streams of our own and not ``requests``: its threads cannot be stopped, its timeout starts anew with each byte, and its
errors do not tell for certain whether anything was written, which decides between "unsent" and "unknown".
"""

import asyncio
import ipaddress
import json
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

DEADLINE = 10.0  # seconds, for the whole of an exchange
LIMIT = 1 << 20  # bytes of an answer
IDLE = 4.0  # seconds; vendors close idle connections later than this


class Answer(NamedTuple):
    status: int
    body: bytes


class Unanswered(Exception):
    """There is no whole answer; the text is a short reason without anything of the request in it."""


class Endpoint(NamedTuple):
    host: str
    port: int
    tls: bool

    @property
    def authority(self) -> str:
        """What the Host header says.

        >>> endpoint("sms.example.com").authority, endpoint("http://10.1.2.3:8080").authority
        ('sms.example.com', '10.1.2.3:8080')
        """
        return self.host if self.port == (443 if self.tls else 80) else f"{self.host}:{self.port}"


def endpoint(host: str, port: int = 0) -> Endpoint:
    """Where requests go. ``http://`` (no TLS) is for a relay in the hospital's own network only, named by its address.

    >>> endpoint("sms.example.com")
    Endpoint(host='sms.example.com', port=443, tls=True)
    >>> endpoint("http://127.0.0.1", 9140)
    Endpoint(host='127.0.0.1', port=9140, tls=False)
    >>> endpoint("http://sms.example.com")
    Traceback (most recent call last):
    ValueError: http://sms.example.com
    """
    parts = urlsplit(host if "://" in host else f"https://{host}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.username:
        raise ValueError(host)
    if parts.scheme == "http":
        try:
            private = ipaddress.ip_address(parts.hostname).is_private
        except ValueError:
            private = False
        if not private:
            raise ValueError(host)
    tls = parts.scheme == "https"
    return Endpoint(parts.hostname, port or parts.port or (443 if tls else 80), tls)


def loads(body: bytes) -> Any:
    """Return what JSON says, or raise ValueError; a bomb of brackets is an error like any other.

    >>> loads(b"[" * 100_000)
    Traceback (most recent call last):
    ValueError: not JSON
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None


class Client:
    """Requests to one endpoint, over connections that are kept open between them."""

    def __init__(self, target: Endpoint, proxy: Endpoint | None = None, deadline: float = DEADLINE):
        self.target = target
        self.proxy = proxy
        self.deadline = deadline
        self._tls = ssl.create_default_context() if target.tls else None
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []

    async def post(
        self, path: str, headers: dict[str, str], body: bytes = b"", leaving: Callable[[], None] = lambda: None
    ) -> Answer:
        """Send one POST; ``leaving`` is called right before its first byte is written.

        Redirects are answers like others. Raises Unanswered.
        """
        lines = {"Host": self.target.authority, "Content-Length": str(len(body)), **headers}
        if any("\r" in part or "\n" in part for part in (path, *lines.values())):
            raise Unanswered("header")
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer = None
        whole = False
        try:
            async with asyncio.timeout(self.deadline):
                reader, writer = self._take() or await self._connect()
                leaving()
                writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
                answer, lasting = await self._read(reader)
                whole = lasting
                return answer
        except TimeoutError:
            raise Unanswered("deadline") from None
        except asyncio.IncompleteReadError:
            raise Unanswered("broken off") from None
        except (ValueError, asyncio.LimitOverrunError):
            raise Unanswered("not HTTP") from None
        except OSError as error:
            raise Unanswered(type(error).__name__) from None
        finally:
            if whole:
                self._idle.append((reader, writer, asyncio.get_running_loop().time()))
            elif writer:
                writer.transport.abort()

    def close(self) -> None:
        for _reader, writer, _since in self._idle:
            writer.transport.abort()
        self._idle.clear()

    def _take(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection that stands open, the one used last; what the other side has closed is thrown away."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            reader, writer, since = self._idle.pop()
            if now - since < IDLE and not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.transport.abort()
        return None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not self.proxy:
            return await asyncio.open_connection(self.target.host, self.target.port, ssl=self._tls)
        reader, writer = await asyncio.open_connection(self.proxy.host, self.proxy.port)
        try:
            where = f"{self.target.host}:{self.target.port}"
            writer.write(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n\r\n".encode())
            status = _status((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
            if status != 200:
                raise ConnectionRefusedError
            if self._tls:
                await writer.start_tls(self._tls, server_hostname=self.target.host)
        except BaseException:
            writer.transport.abort()
            raise
        return reader, writer

    async def _read(self, reader: asyncio.StreamReader) -> tuple[Answer, bool]:
        """Return the answer, and whether the connection can serve again."""
        first, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
        status = _status(first)
        headers = {}
        for line in lines:
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip().lower()
        lasting = first.startswith(b"HTTP/1.1") and headers.get(b"connection") != b"close"
        if status in (204, 304):
            return Answer(status, b""), lasting
        if headers.get(b"transfer-encoding") == b"chunked":
            return Answer(status, await _chunks(reader)), lasting
        if b"content-length" in headers:
            return Answer(status, await reader.readexactly(_bounded(int(headers[b"content-length"])))), lasting
        body = bytearray()
        while piece := await reader.read(65536):
            body += piece
            _bounded(len(body))
        return Answer(status, bytes(body)), False


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        size = _bounded(int((await reader.readuntil(b"\r\n")).split(b";")[0], 16))
        _bounded(len(body) + size)
        piece = await reader.readexactly(size + 2)
        if not piece.endswith(b"\r\n"):
            raise ValueError("not HTTP")
        if not size:
            return bytes(body)
        body += piece[:-2]


def _bounded(size: int) -> int:
    if not 0 <= size <= LIMIT:
        raise ValueError("too long")
    return size


def _status(line: bytes) -> int:
    """
    >>> _status(b"HTTP/1.1 200 OK")
    200
    """
    version, _, rest = line.partition(b" ")
    if not version.startswith(b"HTTP/1."):
        raise ValueError("not HTTP")
    return int(rest[:3])
