"""What the links of CMPP, SGIP and SMGP have in common: connections, windows, deadlines, reconnecting, keeping.

A part is written and noted as written in one go, without a wait between: whatever ends a connection, each part handed
over gets exactly one outcome. Nothing is ever written twice. There is no task or future per message.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar, NamedTuple

from odoo.addons.hospital_base.service.backoff import delay

from . import codes, text
from .contract import (
    Accepted,
    Account,
    Link,
    Outcome,
    Part,
    Rejected,
    Reply,
    Report,
    Service,
    Status,
    Unknown,
    Unsent,
)
from .frames import Malformed, Reader

_logger = logging.getLogger(__name__)

# Seconds.
LOGIN = 30.0  # for connecting and for the answer to the login
PAUSE, LONGEST_PAUSE = 0.04, 1.0  # after a throttled submit, while it repeats
FIRST_DELAY, LONGEST_DELAY = 1.0, 60.0  # before connecting again
REFUSED_DELAY = 600.0  # when only this one of several logins was refused
GOODBYE = 2.0  # for the answer to a logout
SAY = 60.0  # between complaints about a peer

TRIES = 3  # unanswered heartbeats
BATCH = 1000  # arrivals kept at once
HELD = 4000  # arrivals not kept yet, above which nothing more is read
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
    return Reply(
        national(number), destination, text.decode(piece.body, fmt), key, at, piece.ref, piece.index, piece.total
    )


class Refused(Exception):
    """The login: ``args[0]`` is the operator's code. Trying again by itself could lock the account."""


class Lost(Exception):
    """The connection ended before the login was answered; ``args[0]`` says how."""


class _Arrival(NamedTuple):
    connection: "Connection"
    item: Report | Reply
    acknowledgement: bytes


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

    def write(self, frame: bytes) -> None:
        """Goes out with the other answers to what has just been read, or with ``flush``."""
        self._out.append(frame)

    def flush(self) -> None:
        if self._out and not self.transport.is_closing():
            self.transport.write(b"".join(self._out))
        self._out.clear()

    def arrived(self, item: Report | Reply, acknowledgement: bytes) -> None:
        """To be kept, and acknowledged only then."""
        self.link.inbox.append(_Arrival(self, item, acknowledgement))

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
            self.write(self.logout())
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
            self.write(self.heartbeat())
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


class OperatorLink(Link):
    """An account at an operator, with as many connections as it allows; parts go where the window is open.

    ``refusals``: answers to a login after which it is not tried again.
    """

    client: type[Client]
    refusals: frozenset[int]
    options: ClassVar[tuple[str, ...]] = (
        "alphabet",
        "codes",
        "heartbeat",
        "long_alphabet",
        "reserved",
        "response_timeout",
        "service_code",
        "wide_ref",
    )

    def __init__(self, account: Account, service: Service) -> None:
        super().__init__(account, service)
        self.wake: Callable[[], None] = lambda: None
        self.response_timeout = float(account.options.get("response_timeout") or 60)
        self.heartbeat = float(account.options.get("heartbeat") or 20)
        self.open: set[Connection] = set()
        self.ready: list[Client] = []
        self.outcomes: list[Outcome] = []
        self.inbox: list[_Arrival] = []
        self.trouble = ""
        # A service that starts again goes on elsewhere: late answers to the old one are not taken for ours.
        self._counter = random.getrandbits(32)
        self._segments: tuple[Any, list[text.Segment]] = (None, [])
        self._pause = self._paused_until = 0.0
        self._closing = False
        self._keeping = 0
        self._arrived, self._over = asyncio.Event(), asyncio.Event()
        self._door = asyncio.Lock()
        self._told: Status | None = None
        self._said_at = float("-inf")

    # -- the contract --------------------------------------------------------------------------------------------

    @property
    def free(self) -> int:
        if self.waits:
            return 0
        return sum(connection.room for connection in self.ready)

    @property
    def waits(self) -> bool:
        """Nothing is taken now, whatever the windows: we are closing, or the operator wants a pause."""
        return self._closing or time.monotonic() < self._paused_until

    def reserve(self, count: int) -> list[str]:
        first = self._counter + 1
        self._counter = (self._counter + count) & 0xFFFFFFFF
        return [f"{number & 0xFFFFFFFF:08x}" for number in range(first, first + count)]

    def submit(self, parts: Sequence[Part]) -> None:
        done = 0
        if not self.waits:
            for connection in sorted(self.ready, key=lambda one: one.room, reverse=True):
                taken = parts[done : done + connection.room]
                self.outcomes += connection.submit(taken)
                done += len(taken)
        if done < len(parts):
            self.outcomes += self.unplaced(parts[done:])
        self.took()

    async def run(self) -> None:
        self.tell()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(job) for job in self.jobs()]
                await self._over.wait()
                for task in tasks:
                    task.cancel()
        except* Refused as refused:
            self._closing = True
            self._told = Status("refused", 0, refused.exceptions[0].args[0])
            self.service.status(self._told)
        finally:
            self.given_up()
            for connection in list(self.open):
                connection.end("stopped")
            self.took()

    async def close(self, grace: float) -> None:
        self._closing = True
        self.given_up()
        self.took()
        end = time.monotonic() + grace
        while time.monotonic() < end and (
            self.inbox or self._keeping or any(connection.unanswered for connection in self.ready)
        ):
            await asyncio.sleep(0.02)
        ends = [connection.ended for connection in self.open]
        for client in list(self.ready):
            client.log_out("stopped")
        if ends:
            await asyncio.wait(ends, timeout=min(GOODBYE, max(end - time.monotonic(), GOODBYE / 4)))
        self._over.set()

    # -- what a protocol may add -----------------------------------------------------------------------------------

    def jobs(self) -> list[Awaitable]:
        """What runs for as long as the link does."""
        return [self._keep(), self._watch(), *(self._hold() for _ in range(self.account.connections))]

    def opened(self, connection: Client) -> None:
        self.ready.append(connection)
        self.tell()
        self.wake()

    def unplaced(self, parts: Sequence[Part]) -> list[Outcome]:
        """What becomes of parts for which there is no room: the window has closed since the service asked."""
        return [Unsent(part.id) for part in parts]

    def given_up(self) -> None:
        """Connecting has failed, or is over."""

    async def rest(self, connection: Client, reason: str) -> bool:
        """After a connection has ended: True if connecting again waits no longer."""
        return False

    @property
    def connected(self) -> int:
        return len(self.ready)

    # -- for connections -------------------------------------------------------------------------------------------

    def next(self) -> int:
        """A sequence for what is no submit."""
        return int(self.reserve(1)[0], 16)

    def content(self, part: Part) -> tuple[int, int, bytes]:
        """Return ``(format, udhi, bytes)`` of a part; ValueError if its message is split otherwise by now."""
        wanted = part.text, part.ref
        if self._segments[0] != wanted:
            options = self.account.options
            segments = text.split(
                part.text,
                options.get("alphabet") or "ucs2",
                ref=part.ref,
                wide=bool(options.get("wide_ref")),
                reserved=int(options.get("reserved") or 0),
                long=options.get("long_alphabet") or None,
            )
            self._segments = wanted, segments
        segments = self._segments[1]
        if len(segments) != part.total:
            error = ValueError("parts")
            error.code = "parts"
            raise error
        segment = segments[part.index - 1]
        return text.FORMATS[segment.alphabet], int(bool(segment.header)), segment.header + segment.body

    def passed(self) -> None:
        """A submit was accepted."""
        if self._pause and time.monotonic() >= self._paused_until:
            self._pause = 0.0

    def throttled(self) -> None:
        """The operator wants less: a pause, twice as long each time that all of what followed was refused again."""
        moment = time.monotonic()
        if moment >= self._paused_until:
            self._pause = min(LONGEST_PAUSE, self._pause * 2 or PAUSE)
            self._paused_until = moment + self._pause
            asyncio.get_running_loop().call_later(self._pause + 0.001, lambda: self.wake())

    def took(self) -> None:
        """Something was read or written: hand on what came of it."""
        if self.outcomes:
            outcomes, self.outcomes = self.outcomes, []
            self.service.settle(outcomes)
            self.wake()
        if self.inbox:
            self._arrived.set()
            if len(self.inbox) > HELD:
                for connection in self.open:
                    connection.transport.pause_reading()

    def tell(self, code: str = "") -> None:
        """The board: how many connections there are, and the last trouble."""
        if self._told and self._told.state == "refused":
            return
        state = "connected" if self.connected else "failing" if code else "connecting"
        status = Status(state, self.connected, code or self.trouble)
        if status != self._told:
            self._told = status
            self.service.status(status)

    def say(self, words: str, *args: Any) -> None:
        """A complaint for the log; once a minute is enough. Never what a message says."""
        moment = time.monotonic()
        if moment - self._said_at >= SAY:
            self._said_at = moment
            _logger.warning(f"Gateway %s (%s): {words}", self.account.id, self.account.protocol, *args)

    # -- connecting ------------------------------------------------------------------------------------------------

    async def _hold(self) -> None:
        """Keep one connection, as long as the account's login is accepted."""
        failures = 0
        while True:
            pause = None
            try:
                connection = await self._open()
                reason = await connection.ended
                if await self.rest(connection, reason):
                    failures = 0
                    continue
                failures = 0 if connection.proved else failures
            except Refused as refused:
                if not self.ready:
                    raise
                reason, pause = refused.args[0], REFUSED_DELAY
            except Lost as lost:
                reason = lost.args[0]
            except TimeoutError:
                reason = "silent"
            except OSError:
                reason = "unreachable"
            except ValueError:  # a name or password that no login of this protocol can hold
                raise Refused("unwritable") from None
            failures += 1
            self.given_up()
            self.took()
            self.tell(reason)
            await asyncio.sleep(pause or delay(failures, FIRST_DELAY, LONGEST_DELAY))

    async def _open(self) -> Client:
        """A connection that is logged in. One at a time: a wrong password is tried once."""
        async with self._door:
            connection = None
            try:
                async with asyncio.timeout(LOGIN):
                    loop = asyncio.get_running_loop()
                    _transport, connection = await loop.create_connection(
                        lambda: self.client(self), self.account.host, self.account.port
                    )
                    connection.write(connection.login())
                    connection.flush()
                    await connection.welcome
            except BaseException:
                if connection:
                    connection.end("silent")
                raise
            return connection

    async def _watch(self) -> None:
        """Deadlines."""
        pause = min(1.0, self.response_timeout / 4, self.heartbeat / 4 or 1.0)
        while True:
            await asyncio.sleep(pause)
            moment = time.monotonic()
            for connection in list(self.open):
                connection.check(moment)
            self.took()

    # -- keeping ---------------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """All that has arrived meanwhile is kept together; only then is it acknowledged.

        What could not be kept is forgotten: the operator sends it again. Then fewer at a time, so that one that can
        never be kept holds up none of the others.
        """
        most, failures = BATCH, 0
        while True:
            await self._arrived.wait()
            batch = self.inbox[:most]
            del self.inbox[:most]
            if not self.inbox:
                self._arrived.clear()
            self._keeping = len(batch)
            try:
                await self.service.keep([arrival.item for arrival in batch])
            except Exception as error:
                most, failures = max(1, most // 8), failures + 1
                self.say("what came in cannot be kept (%s)", type(error).__name__)
                await asyncio.sleep(delay(failures, 0.05, 5))
            else:
                most, failures = min(BATCH, most * 2), 0
                _acknowledge(batch)
            finally:
                self._keeping = 0
            if len(self.inbox) < HELD // 2:
                for connection in self.open:
                    connection.transport.resume_reading()


def _acknowledge(batch: Sequence[_Arrival]) -> None:
    for arrival in batch:
        arrival.connection.write(arrival.acknowledgement)
    for connection in {arrival.connection for arrival in batch}:
        connection.flush()
