"""The service ``batches``: checks messages to many and lets them go.

It only fills the queue; what is in it leaves by the service ``messages``. Two lanes, so that a long check holds up no
release; each does a chunk of one batch in one transaction and looks again.
"""

import asyncio
import contextlib
import logging
import time

from odoo.addons.hospital_base.service import Service, register
from odoo.addons.hospital_base.service.post import describe

_logger = logging.getLogger(__name__)

LOOK = 30  # seconds after which a lane looks even if nobody has woken it
AGAIN = 0.5  # the same while something is being sent: the gateways make room
COUNT, COUNT_ALL = 10, 300  # how often the figures of the list are brought up to date: moving batches, lately done ones
LONGEST = 600  # a chunk; the first of an Excel list reads the whole file
LEAVE = 15  # a batch whose chunk failed is left alone for as long


@register
class Batches(Service):
    name = "batches"

    async def run(self):
        lanes = [asyncio.Event(), asyncio.Event(), asyncio.Event()]
        async with asyncio.TaskGroup() as group:
            for lane, wake in zip((self._check, self._release, self._count), lanes, strict=True):
                group.create_task(lane(wake))
            while not self.context.stopping:
                await self.context.wait(LOOK)
                for wake in lanes:
                    wake.set()

    async def _check(self, wake):
        left = {}
        while not self.context.stopping:
            wake.clear()
            todo = await self.context.transaction(to_check, deadline=60)
            todo = [batch_id for batch_id in todo if left.get(batch_id, 0) < time.monotonic()]
            if todo:
                await self._step(check, todo[0], left)
            else:
                await _sleep(wake, LEAVE if left else LOOK)

    async def _release(self, wake):
        left = {}
        while not self.context.stopping:
            wake.clear()
            todo, pause = await self.context.transaction(to_release, deadline=60)
            todo = [batch_id for batch_id in todo if left.get(batch_id, 0) < time.monotonic()]
            went = sum([await self._step(release, batch_id, left) for batch_id in todo])
            if not went:
                await _sleep(wake, AGAIN if todo else min(pause, LOOK))

    async def _count(self, wake):
        all_at = 0.0
        while not self.context.stopping:
            wake.clear()
            everything = time.monotonic() >= all_at
            if everything:
                all_at = time.monotonic() + COUNT_ALL
            moving = await self.context.transaction(count, everything, deadline=60)
            await _sleep(wake if not moving else asyncio.Event(), COUNT if moving else COUNT_ALL)

    async def _step(self, function, batch_id, left):
        """One chunk; a batch that cannot be worked on holds up no other."""
        try:
            return await self.context.transaction(function, batch_id, deadline=LONGEST)
        except Exception as error:
            _logger.warning("Batch %s: %s", batch_id, describe(error))
            left[batch_id] = time.monotonic() + LEAVE
            return 0


async def _sleep(wake, seconds):
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(wake.wait(), max(seconds, 0.01))


def to_check(env):
    return env["hospital.message.batch"]._to_check()


def to_release(env):
    return env["hospital.message.batch"]._to_release()


def check(env, batch_id):
    batch = env["hospital.message.batch"].browse(batch_id).exists()
    if batch:
        batch._sweep() if batch.stale else batch._check()


def release(env, batch_id):
    return env["hospital.message.batch"].browse(batch_id).exists()._release()


def count(env, everything):
    return env["hospital.message.batch"]._count_moving(everything)
