"""One connection to an operator: frames in, answers out; of our own connections also login, window and heartbeat.

A part is written and noted as written in one go, without a wait between: whatever ends a connection, each part handed
over gets exactly one outcome. Nothing is ever written twice.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from . import codes, text
from .contract import Accepted, Outcome, Part, Rejected, Reply, Report, Unknown, Unsent
from .frames import Malformed, Reader

if TYPE_CHECKING:
    from .session import OperatorLink

GOODBYE = 2.0  # seconds for the answer to a logout
TRIES = 3  # unanswered heartbeats
UNREAD = 1 << 20  # bytes that a peer may leave unread

BEIJING = timezone(timedelta(hours=8))


def now() -> datetime:
    """The operators' time, whatever the server's."""
    return datetime.now(UTC).astimezone(BEIJING)


def national(number: str) -> str:
    """The digits of a number, a mainland mobile's without the country code.

    >>> national("8613900001234"), national("+86 139 0000 1234"), national("85291234567"), national("10690001")
    ('13900001234', '13900001234', '85291234567', '10690001')
    """
    digits = "".join(character for character in number if character.isdecimal())
    short = digits.removeprefix("00").removeprefix("86")
    return short if len(short) == 11 and short[0] == "1" else digits


def reply(number: str, destination: str, udhi: int, fmt: int, content: bytes, key: str, at: datetime | None = None):
    """What a receiver wrote, or a part of it."""
    piece = text.unwrap(content) if udhi else text.Piece(0, 1, 1, content)
    words = text.decode(piece.body, fmt, cut=piece.total > 1)
    return Reply(national(number), destination, words, key, at, piece.ref, piece.index, piece.total)


class Refused(Exception):
    """The login: ``args[0]`` is the operator's code. Trying again by itself could lock the account."""


class Lost(Exception):
    """The connection ended before the login was answered; ``args[0]`` says how."""


class Connection(asyncio.Protocol):
    """One socket: frames are read and handled, what is to be written is collected and written at once.

    ``ended`` is done with a word for why, once the connection is over.
    """

    header, largest = 12, 4096

    def __init__(self, link: "OperatorLink") -> None:
        self.link = link
        self.transport: Any = None
        self.ended = asyncio.get_running_loop().create_future()
        self.heard = time.monotonic()
        self.asked = 0
        self.reason = "lost"
        self._reader = Reader(self.header, self.largest)
        self._out: list[bytes] = []

    def handle(self, frame: bytes) -> None:
        """One frame; Malformed where it cannot be read."""
        raise NotImplementedError

    def check(self, moment: float) -> None:
        """Called about once a second."""
        if self.transport.get_write_buffer_size() > UNREAD:
            self.end("silent")

    # -- called by asyncio ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.link.open.add(self)

    def data_received(self, data: bytes) -> None:
        self.heard, self.asked = time.monotonic(), 0
        try:
            for frame in self._reader.feed(data):
                try:
                    self.handle(frame)
                except Malformed as error:
                    self.link.say("a frame of command %s cannot be read: %s", frame[4:8].hex(), error)
                if self.transport.is_closing():
                    break
        except Malformed:
            self.end("garbled")
        self.flush()
        self.link.took()

    def eof_received(self) -> None:
        self.reason = "closed" if self.reason == "lost" else self.reason

    def connection_lost(self, _error: Exception | None) -> None:
        self.end(self.reason)
        self.link.took()

    # -- called by what derives from it ----------------------------------------------------------------------------

    def put(self, frame: bytes) -> None:
        """Goes out with the other answers to what has just been read, or with ``flush``."""
        self._out.append(frame)

    def flush(self) -> None:
        if self._out and not self.transport.is_closing():
            self.transport.write(b"".join(self._out))
        self._out.clear()

    def arrived(self, item: Report | Reply, acknowledgement: bytes) -> None:
        """To be kept, and acknowledged only then."""
        self.link.inbox.append((self, item, acknowledgement))

    def end(self, reason: str) -> None:
        """Cut the connection, if it is not over yet."""
        self.link.open.discard(self)
        self.transport.abort()
        if not self.ended.done():
            self.ended.set_result(reason)


class Client(Connection):
    """A connection of ours to the gateway: login, submits and their answers, heartbeat, logout."""

    def __init__(self, link: "OperatorLink") -> None:
        super().__init__(link)
        self.welcome = asyncio.get_running_loop().create_future()
        self.unanswered: dict[Any, tuple[int, float]] = {}  # sequence -> (part, when it was written), oldest first
        self.ready = self.proved = False
        self.read_since = self.used = time.monotonic()
        self.logged_in_at = 0.0

    # What a protocol adds.

    def login(self) -> bytes:
        raise NotImplementedError

    def encode(self, part: Part) -> tuple[Any, bytes]:
        """Return the sequence by which the answer is known, and the frame; ValueError if it cannot be written."""
        raise NotImplementedError

    def heartbeat(self) -> bytes:
        raise NotImplementedError

    def logout(self) -> bytes:
        raise NotImplementedError

    # What happens.

    @property
    def room(self) -> int:
        return self.link.account.window - len(self.unanswered)

    def submit(self, parts: Iterable[Part]) -> list[Outcome]:
        """Write them; returns what became of those that were not written."""
        outcomes: list[Outcome] = []
        moment = self.used = time.monotonic()
        for part in parts:
            if self.transport.is_closing():
                outcomes.append(Unsent(part.id))
                continue
            try:
                sequence, frame = self.encode(part)
            except ValueError as error:
                code = getattr(error, "code", "unwritable")
                self.link.say("part %s cannot be written: %s", part.id, code)
                outcomes.append(Rejected(part.id, code))
                continue
            self.unanswered[sequence] = part.id, moment
            self._out.append(frame)
        self.flush()
        return outcomes

    def answered(self, sequence: Any, result: int, provider_id: str) -> None:
        """The answer to a submit. One that nobody waits for any more says nothing."""
        found = self.unanswered.pop(sequence, None)
        if not found:
            return
        link = self.link
        if not result:
            link.outcomes.append(Accepted(found[0], provider_id))
            link.passed()
            return
        code = str(result)
        kind = codes.kind(link.account.protocol, code, link.account.options.get("codes"))
        link.outcomes.append(Rejected(found[0], code, kind))
        if kind == "throttled":
            link.throttled()

    def login_answered(self, status: int) -> None:
        if self.welcome.done():
            return
        if not status:
            self.ready, self.logged_in_at = True, time.monotonic()
            self.welcome.set_result(None)
            self.link.opened(self)
            return
        refused = status in self.link.refusals
        self.welcome.set_exception(Refused(str(status)) if refused else Lost(str(status)))
        self.end("refused")

    def leave(self, reason: str) -> None:
        """Take nothing more; what is unanswered may still be answered."""
        self.reason = reason
        if self.ready:
            self.ready = False
            self.link.ready.remove(self)
            asyncio.get_running_loop().call_later(GOODBYE, self.end, reason)

    def log_out(self, reason: str) -> None:
        if self.ready:
            self.leave(reason)
            self.put(self.logout())
            self.flush()

    def data_received(self, data: bytes) -> None:
        self.proved = self.proved or self.ready
        super().data_received(data)

    def check(self, moment: float) -> None:
        super().check(moment)
        if not self.transport.is_reading():
            self.read_since = moment  # what we did not read is not the gateway's silence
            return
        self._expire(moment)
        beat = self.link.heartbeat
        if self.ready and beat and moment - max(self.heard, self.read_since) >= beat * (1 + self.asked):
            if self.asked == TRIES:
                self.end("silent")
                return
            self.asked += 1
            self.put(self.heartbeat())
            self.flush()

    def _expire(self, moment: float) -> None:
        limit = moment - self.link.response_timeout
        if self.read_since > limit:
            return
        late = []
        for sequence, (part_id, written) in self.unanswered.items():
            if written > limit:
                break
            late.append(sequence)
            self.link.outcomes.append(Unknown(part_id, "timeout"))
        for sequence in late:
            del self.unanswered[sequence]

    def end(self, reason: str) -> None:
        if self.ready:
            self.ready = False
            self.link.ready.remove(self)
        self.link.outcomes += [Unknown(part_id, reason) for part_id, _written in self.unanswered.values()]
        self.unanswered.clear()
        if not self.welcome.done():
            self.welcome.set_exception(Lost(reason))
            self.welcome.exception()  # nobody may be waiting
        super().end(reason)
