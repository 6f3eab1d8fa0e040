"""The service ``messages``: links to operators and vendors, what is due handed over, what comes back persisted."""

import asyncio
import contextlib
import logging
import time

from odoo.addons.hospital_base.service import Service, register
from odoo.addons.hospital_base.service.post import describe

from . import links  # noqa: F401  they name themselves in contract.LINKS
from .dispatch import Dispatcher
from .writer import Writer

_logger = logging.getLogger(__name__)

LOOK = 15  # seconds after which it looks what has changed even if nobody has woken it
CARE = 5  # seconds between looks at what has come in by other processes, and at gateways that are down
SELDOM = 60  # seconds between looks at what is overdue
LOST = 15  # minutes after which a part that nobody holds is not expected to be settled any more
DOWN = 60  # seconds that a gateway may be down before the other one takes over
CLOSE = 6  # seconds for an orderly goodbye


@register
class Messages(Service):
    name = "messages"
    grace = 15.0

    def __init__(self, context):
        super().__init__(context)
        self.dispatchers = {}  # gateway id -> Dispatcher
        self.writer = Writer(context)

    async def run(self):
        if lost := await self.context.transaction(recover, deadline=600):
            _logger.warning("%s parts were under way when the process before this one ended: unknown", lost)
        writing = asyncio.create_task(self.writer.run())
        caring = asyncio.create_task(self._care())
        edited = asyncio.Event()
        adjusting = asyncio.create_task(self._keep_adjusted(edited))
        try:
            while not self.context.stopping:
                if "gateways" in await self.context.wait(LOOK):
                    edited.set()
                for task in (writing, caring, adjusting):
                    if task.done():
                        task.result()
                for dispatcher in self.dispatchers.values():
                    dispatcher.look()
            adjusting.cancel()
            await asyncio.wait({adjusting})
            await self._close(list(self.dispatchers))
            self.writer.finish()
            await writing
        finally:
            for own in (writing, caring, adjusting, *self.dispatchers.values()):
                own.cancel()

    async def _keep_adjusted(self, edited):
        """By itself: while one gateway says goodbye the others go on being woken."""
        while True:
            edited.clear()
            try:
                await self._adjust()
            except Exception as error:  # those that are open stay so
                _logger.error("Gateways cannot be looked at: %s", describe(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(edited.wait(), LOOK)

    async def _adjust(self):
        """Open, close and replace links as the gateways' forms say; one that is closed in order holds up no other."""
        wanted = await self.context.transaction(settings, deadline=60)
        await self._close([key for key, own in self.dispatchers.items() if own.outdated(wanted.get(key))])
        for key, own in wanted.items():
            if key not in self.dispatchers:
                self.dispatchers[key] = Dispatcher(self.context, self.writer, own)
        states = [own.status_now.state for own in self.dispatchers.values()]
        self.context.report(", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))))

    async def _close(self, keys):
        """They are let go of only when they are closed: what they hold is not lost till then."""
        await asyncio.gather(*(self.dispatchers[key].close(CLOSE) for key in keys))
        for key in keys:
            del self.dispatchers[key]

    # -- from time to time ---------------------------------------------------------------------------------------

    async def _care(self):
        matched_at, seldom_at = time.monotonic(), 0.0
        while not self.context.stopping:
            await asyncio.sleep(CARE)
            try:
                began = time.monotonic()
                await self.context.transaction(match, began - matched_at + 2 * CARE, deadline=60)
                matched_at = began
                for dispatcher in list(self.dispatchers.values()):
                    while self._stands_in(dispatcher):
                        if not await self.context.transaction(fail_over, dispatcher.gateway_id, deadline=60):
                            break
                if time.monotonic() >= seldom_at:
                    if lost := await self.context.transaction(recover, self._held(), LOST, deadline=60):
                        _logger.warning("%s parts were taken and never settled: unknown", lost)
                    while await self.context.transaction(care, deadline=300):
                        pass
                    seldom_at = time.monotonic() + SELDOM
            except Exception as error:  # sending goes on whatever it is
                _logger.error("Messages cannot be looked after: %s", describe(error))

    def _stands_in(self, dispatcher):
        """Whether another gateway is to take over what waits for this one: not one that is down or off itself."""
        other = self.dispatchers.get(dispatcher.settings.failover_id)
        return other and dispatcher.down_for > DOWN and not other.down_for

    def _held(self):
        """Ids of the parts about which something will still be said."""
        return [*self.writer.held, *(part_id for own in self.dispatchers.values() for part_id in own.held)]


def recover(env, held=(), minutes=0):
    return env["hospital.message"]._recover(held, minutes)


def settings(env):
    return env["hospital.gateway"]._settings()


def match(env, seconds):
    env["hospital.message"]._match_lately_parked(seconds)


def fail_over(env, gateway_id):
    return env["hospital.gateway"].browse(gateway_id)._fail_over()


def care(env):
    return env["hospital.message"]._care()
