"""One gateway that is on: its link, its rate, what has been taken for it."""

import asyncio
import contextlib
import logging
import math
import time
from collections import deque

from odoo.addons.hospital_base.service.backoff import delay
from odoo.addons.hospital_base.service.post import describe

from ..messaging.bucket import Bucket
from ..protocols.contract import LINKS, Status, Unknown, Unsent

_logger = logging.getLogger(__name__)

LOOK = 15.0  # seconds after which it looks for due parts even if nobody has woken it
# Parts are taken ahead for so many seconds of the account's rate: what an urgent one may have to wait behind, and what
# is unknown after a kill although it has not left.
AHEAD = 0.1
MOST_AHEAD = 300
# Seconds between takes at the least, so that single messages do not cost a transaction each under load.
BREATH = 0.01
TAKE = 60.0  # seconds that a transaction may last


class Dispatcher:
    """The service's side of a link (``protocols.contract.Service``).

    Parts are taken ahead in one transaction, then handed over as fast as link and rate allow. Only while the link is
    connected: what has been taken for one that is not goes back.
    """

    def __init__(self, context, writer, settings):
        self.context = context
        self.writer = writer
        self.settings = settings
        self.gateway_id = settings.account.id
        self.bucket = Bucket(settings.account.rate)
        self.ahead = deque()
        self.out = {}  # part id -> handed over, not settled
        self.status_now = Status("connecting")
        self.hungry = asyncio.Event()
        self._most = self._capacity(settings.account)
        self._leaving = False
        self._due_at = 0.0  # when there may be something to take, by the monotonic clock
        self._turn = 0
        self._timer = None
        self._unwell_since = time.monotonic()
        self.link = self._new_link()
        self._linking = asyncio.create_task(self._keep_linked())
        self.task = asyncio.create_task(self._run())
        self.status(self.status_now)

    @staticmethod
    def _capacity(account):
        return min(MOST_AHEAD, max(1, math.ceil(account.rate * AHEAD))) if account.rate else MOST_AHEAD

    def _new_link(self):
        link = LINKS[self.settings.account.protocol](self.settings.account, self)
        link.on_free(self._pump)
        return link

    def outdated(self, wanted):
        """Whether this gateway is off now, or has another account; a refused login is tried again when it is edited."""
        over = self.task.done() or (self._linking.done() and self.status_now.state != "refused")
        if wanted is None or wanted.account != self.settings.account or over:
            return True
        refused = self.status_now.state == "refused" and wanted.edited != self.settings.edited
        self.settings = wanted
        return refused

    @property
    def held(self):
        """Ids of the parts that have been taken and not been settled."""
        return [*self.out, *(part.id for part in self.ahead)]

    @property
    def down_for(self):
        """Seconds since there was a connection, 0 while there is one."""
        return 0.0 if self.status_now.state == "connected" else time.monotonic() - self._unwell_since

    # -- what a link calls ---------------------------------------------------------------------------------------

    def settle(self, outcomes):
        """Only the first outcome of a part that is out counts."""
        parts = [(outcome, self.out.pop(outcome.part_id, None)) for outcome in outcomes]
        self.writer.settle([(outcome, part.reference) for outcome, part in parts if part], self.look)

    async def keep(self, arrived):
        await self.writer.keep(self.gateway_id, arrived)

    def status(self, status):
        if status.state != "connected" and self.status_now.state == "connected":
            self._unwell_since = time.monotonic()
        self.status_now = status
        self.writer.note(self.gateway_id, status)
        if status.state == "connected":
            self.look()
        else:
            self._return_ahead()

    # -- handing over --------------------------------------------------------------------------------------------

    def look(self):
        """Something may be due."""
        self._due_at = 0.0
        self.hungry.set()

    def _pump(self):
        """Hand over what link and rate allow now; called whenever one of them has grown."""
        while self.ahead and (count := min(self.link.free, len(self.ahead))) > 0:
            count = self.bucket.take(count)
            if not count:
                if not self._timer:
                    self._timer = asyncio.get_running_loop().call_later(self.bucket.wait(), self._pump_on)
                break
            parts = [self.ahead.popleft() for _ in range(count)]
            self.out.update((part.id, part) for part in parts)
            self.link.submit(parts)
        if self._room:
            self.hungry.set()

    def _pump_on(self):
        self._timer = None
        self._pump()

    @property
    def _room(self):
        """Whether so much of what was taken ahead has gone that it is worth a transaction to take more."""
        return len(self.ahead) <= self._most // 2

    def _return_ahead(self):
        if self.ahead:
            self.writer.settle([(Unsent(part.id), part.reference) for part in self.ahead], self.look)
            self.ahead.clear()

    # -- taking --------------------------------------------------------------------------------------------------

    async def _run(self):
        while not self._leaving:
            self.hungry.clear()
            if self._room and self.status_now.state == "connected" and time.monotonic() >= self._due_at:
                await self._take()
                await asyncio.sleep(BREATH)
            # Without room, handing over wakes it.
            pause = self._due_at - time.monotonic() if self._room else LOOK
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.hungry.wait(), max(0.0, min(pause, LOOK)))

    async def _take(self):
        """Take what is due, and note when there may be more."""
        references = self.link.reserve(self._most - len(self.ahead))
        self._turn += 1
        self._due_at = math.inf  # unless somebody wakes it meanwhile
        try:
            parts, seconds = await self.context.transaction(
                take, self.gateway_id, references, self._turn, deadline=TAKE
            )
        except Exception as error:
            _logger.error("Parts cannot be taken for gateway %s: %s", self.gateway_id, describe(error))
            # Whether it was committed is not known, but that nothing has left is.
            self.writer.give_back(self.gateway_id, references)
            self._due_at = time.monotonic() + 1
            return
        self.ahead.extend(parts)
        if self.status_now.state != "connected":
            self._return_ahead()
        self._due_at = min(self._due_at, time.monotonic() + min(seconds, LOOK))
        self._pump()

    # -- the link ------------------------------------------------------------------------------------------------

    async def _keep_linked(self):
        """A link that fails by a fault of ours is made anew; a refused login stays until somebody edits the gateway."""
        failures = 0
        while True:
            try:
                await self.link.run()
                if self.status_now.state == "refused" or self._leaving:
                    return
                raise ConnectionError("the link has ended")
            except Exception as error:
                failures += 1
                _logger.error("Link of gateway %s: %s", self.gateway_id, describe(error))
            self.status(Status("failing"))
            self._lose_out()
            await asyncio.sleep(delay(failures))
            self.link = self._new_link()

    def _lose_out(self):
        self.settle([Unknown(part_id, "the link has ended") for part_id in list(self.out)])

    async def close(self, grace):
        """In order: nothing more is taken, what has not left goes back, the link says goodbye."""
        self._leaving = True
        self.look()
        self._return_ahead()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(grace + 1):
                await self.link.close(grace)
        await asyncio.wait({self.task}, timeout=grace)
        self._return_ahead()
        self.cancel()
        self._lose_out()
        self.status(Status("off"))

    def cancel(self):
        """At once: what was handed over or taken ahead is unknown to whoever leads next."""
        self.task.cancel()
        self._linking.cancel()


def take(env, gateway_id, references, turn):
    return env["hospital.message.part"]._take(gateway_id, references, turn)
