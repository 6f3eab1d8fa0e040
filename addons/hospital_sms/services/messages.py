"""The service ``messages``: links to operators and vendors, what is due handed over, what comes back persisted."""

import asyncio
import logging
import time
from datetime import timedelta

from odoo import fields

from odoo.addons.hospital_base.service import Service, register
from odoo.addons.hospital_base.service.post import describe

from . import links  # noqa: F401  they name themselves in contract.LINKS
from .dispatch import Dispatcher
from .writer import Writer

_logger = logging.getLogger(__name__)

LOOK = 15  # seconds after which it looks what has changed even if nobody has woken it
CARE = 5  # seconds between looks at what has come in by other processes, and at gateways that are down
SELDOM = 60  # seconds between looks at what is overdue
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
        try:
            await self._adjust()
            while not self.context.stopping:
                looked_at = time.monotonic()
                payloads = await self.context.wait(LOOK)
                if "gateways" in payloads or time.monotonic() - looked_at >= LOOK:
                    await self._adjust()
                for task in (writing, caring):
                    if task.done():
                        task.result()
                for dispatcher in self.dispatchers.values():
                    dispatcher.look()
            await self._close(list(self.dispatchers))
            self.writer.finish()
            await writing
        finally:
            for own in (writing, caring, *self.dispatchers.values()):
                own.cancel()

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
        leaving = [self.dispatchers.pop(key) for key in keys]
        await asyncio.gather(*(dispatcher.close(CLOSE) for dispatcher in leaving))

    # -- from time to time ---------------------------------------------------------------------------------------

    async def _care(self):
        since, seldom_at = fields.Datetime.now(), 0.0
        while not self.context.stopping:
            await asyncio.sleep(CARE)
            try:
                began = fields.Datetime.now()
                await self.context.transaction(match, since, deadline=60)
                since = began - timedelta(seconds=2 * CARE)
                for dispatcher in list(self.dispatchers.values()):
                    while dispatcher.down_for > DOWN and dispatcher.settings.failover_id:
                        if not await self.context.transaction(fail_over, dispatcher.gateway_id, deadline=60):
                            break
                if time.monotonic() >= seldom_at:
                    while await self.context.transaction(care, deadline=300):
                        pass
                    seldom_at = time.monotonic() + SELDOM
            except Exception as error:  # sending goes on whatever it is
                _logger.error("Messages cannot be looked after: %s", describe(error))


def recover(env):
    return env["hospital.message"]._recover()


def settings(env):
    return env["hospital.gateway"]._settings()


def match(env, since):
    env["hospital.message"]._match_lately_parked(since)


def fail_over(env, gateway_id):
    return env["hospital.gateway"].browse(gateway_id)._fail_over()


def care(env):
    return env["hospital.message"]._care()
