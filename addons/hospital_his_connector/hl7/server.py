"""The listening side of MLLP: who may speak, how much and how long; what is said goes to whoever keeps it."""

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence

from .framing import Framer, TooLong, frame

_logger = logging.getLogger(__name__)

CONNECTIONS = 32
# Seconds: between messages, for the rest of a message that has begun, for a peer to take its answers.
IDLE, REST, TAKE = 3600.0, 60.0, 30.0
CHUNK = 256 * 1024

Keep = Callable[[list[bytes]], Awaitable[list[bytes]]]


def networks(text: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Addresses and networks of an allow list; ValueError names what is neither.

    >>> [str(network) for network in networks("127.0.0.1, 10.1.0.0/16")]
    ['127.0.0.1/32', '10.1.0.0/16']
    """
    return [ipaddress.ip_network(word) for word in text.replace(",", " ").split()]


class Server:
    """Accepts connections on one address; ``keep(messages)`` returns an answer for each."""

    def __init__(self, host: str, port: int, peers: str, keep: Keep) -> None:
        self.host, self.port = host, port
        self._peers = networks(peers)
        self._keep = keep
        self._server: asyncio.Server | None = None
        # Connection -> when it last brought a whole message, or was opened.
        self._tasks: dict[asyncio.Task, float] = {}
        self._said_at = float("-inf")

    async def start(self) -> None:
        """Bind; OSError if the address is not to be had."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port, limit=CHUNK)

    async def stop(self) -> None:
        """Take nothing more. What a peer has had no answer for, it sends again."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        try:
            if not self._welcome(writer):
                self._say("%s is not among those who may send", writer)
                return
            if len(self._tasks) >= CONNECTIONS:
                # Who has been silent longest, or never comes to the end of a message, makes room.
                idle = min(self._tasks, key=self._tasks.get)
                del self._tasks[idle]
                idle.cancel()
            self._heard(task)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            with contextlib.suppress(OSError, TimeoutError):
                await self._converse(reader, writer)
        except TooLong:
            self._say("%s began a message that is too long", writer)
        finally:
            self._tasks.pop(task, None)
            writer.close()

    def _heard(self, task: asyncio.Task | None) -> None:
        self._tasks[task] = asyncio.get_running_loop().time()

    def _say(self, words: str, writer: asyncio.StreamWriter) -> None:
        """Whoever looks for the reason finds it in the log; once a minute is enough."""
        now = asyncio.get_running_loop().time()
        if now - self._said_at >= REST:
            self._said_at = now
            _logger.warning(f"HL7 port %s: {words}", self.port, writer.get_extra_info("peername")[0])

    def _welcome(self, writer: asyncio.StreamWriter) -> bool:
        address = ipaddress.ip_address(writer.get_extra_info("peername")[0].partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._peers)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer, loop = Framer(), asyncio.get_running_loop()
        end = 0.0
        while True:
            if not framer.inside:
                end = loop.time() + IDLE
            async with asyncio.timeout_at(end):
                data = await reader.read(CHUNK)
            if not data:
                return
            began_inside = framer.inside
            messages = list(framer.feed(data))
            if messages or not began_inside:
                end = loop.time() + REST
            if messages:
                self._heard(asyncio.current_task())
                await self._answer(writer, await self._keep(messages))

    async def _answer(self, writer: asyncio.StreamWriter, answers: Sequence[bytes]) -> None:
        writer.write(b"".join(frame(answer) for answer in answers))
        async with asyncio.timeout(TAKE):
            await writer.drain()
