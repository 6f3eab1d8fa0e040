"""What the links of CMPP, SGIP and SMGP have in common: several connections, pauses, reconnecting, keeping.

There is no task or future per message: what comes together is handed on together.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar

from odoo.addons.hospital_base.service.backoff import delay

from . import text
from .connection import GOODBYE, Client, Connection, Lost, Refused
from .contract import Account, Link, Outcome, Part, Reply, Report, Service, Status, Unsent

_logger = logging.getLogger(__name__)

# Seconds.
LOGIN = 30.0  # for connecting and for the answer to the login
PAUSE, LONGEST_PAUSE = 0.04, 1.0  # after a throttled submit, while it repeats
FIRST_DELAY, LONGEST_DELAY = 1.0, 60.0  # before connecting again
REFUSED_DELAY = 600.0  # when only this one of several logins was refused
SAY = 60.0  # between complaints about a peer

BATCH = 1000  # arrivals kept at once
HELD = 4000  # arrivals not kept yet, above which nothing more is read

Arrival = tuple[Connection, Report | Reply, bytes]  # with its acknowledgement


class OtherParts(ValueError):
    """The message was counted with another alphabet or signature than the gateway has by now."""

    code = "parts"


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
        self.inbox: list[Arrival] = []
        self.trouble = ""
        # A service that starts again goes on elsewhere: late answers to the old one are not taken for ours.
        self._counter = random.getrandbits(32)
        self._segments: tuple[Any, list[text.Segment]] = (None, [])
        self._pause = self._paused_until = 0.0
        self._closing = self._handing_on = False
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
        while time.monotonic() < end and (self.held or any(connection.unanswered for connection in self.ready)):
            await asyncio.sleep(0.02)
        ends = [client.ended for client in self.ready]
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

    @property
    def held(self) -> int:
        """Arrivals that are not kept yet."""
        return len(self.inbox) + self._keeping

    # -- for connections -------------------------------------------------------------------------------------------

    def next(self) -> int:
        """A sequence for what is no submit."""
        return int(self.reserve(1)[0], 16)

    def content(self, part: Part) -> tuple[int, int, bytes]:
        """Return ``(format, udhi, bytes)`` of a part; ValueError if it cannot be made."""
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
            raise OtherParts
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
        if not self._handing_on:  # ``wake`` may submit, and so come here again
            self._handing_on = True
            try:
                while self.outcomes:
                    outcomes, self.outcomes = self.outcomes, []
                    self.service.settle(outcomes)
                    self.wake()
            finally:
                self._handing_on = False
        if self.inbox:
            self._arrived.set()
            if self.held > HELD:
                for connection in self.open:
                    connection.transport.pause_reading()

    def tell(self, code: str = "") -> None:
        """The board: how many connections there are, and the last trouble."""
        if self._closing:
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
        while not self._closing:
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
                    connection.put(connection.login())
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
                await self.service.keep([item for _connection, item, _acknowledgement in batch])
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


def _acknowledge(batch: Sequence[Arrival]) -> None:
    for connection, _item, acknowledgement in batch:
        connection.put(acknowledgement)
    for connection in {arrival[0] for arrival in batch}:
        connection.flush()
