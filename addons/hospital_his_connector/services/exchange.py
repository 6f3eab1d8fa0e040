"""The service ``exchange``: writes to the HIS what is owed, and finishes transactions that were broken off."""

import asyncio
import logging
import time

from odoo.addons.hospital_base.service import Service, register
from odoo.addons.hospital_base.service.backoff import delay

from ..exchange import parent
from ..exchange.problems import ReadingFailed

_logger = logging.getLogger(__name__)

LOOK = 30  # seconds after which it looks even if nobody has woken it
RECOVER = 30
# Seconds that a system which does not answer is left alone: doubling from the first to the longest.
FIRST, LONGEST = 5, 300


@register
class Exchange(Service):
    name = "exchange"

    def __init__(self, context):
        super().__init__(context)
        self.busy = set()
        self.failures = {}  # (system, way) -> (failures in a row, monotonic time of the next try)

    async def run(self):
        await self.context.transaction(take_back, deadline=60)
        recover_at = 0.0
        async with asyncio.TaskGroup() as group:
            while not self.context.stopping:
                now = time.monotonic()
                if now >= recover_at and "recovery" not in self.busy:
                    recover_at = now + RECOVER
                    self.busy.add("recovery")
                    group.create_task(self._recover())
                pause = min(LOOK, recover_at - now)
                for *lane, seconds in await self.context.transaction(look, deadline=60):
                    lane = tuple(lane)
                    _count, again = self.failures.get(lane, (0, 0.0))
                    seconds = max(seconds, again - time.monotonic())
                    if seconds > 0:
                        pause = min(pause, seconds)
                    elif lane not in self.busy:
                        self.busy.add(lane)
                        group.create_task(self._write(lane))
                if "recover" in await self.context.wait(max(pause, 0.1)):
                    recover_at = 0.0

    async def _write(self, lane):
        """Lot after lot of one system by one way, so that a silent one holds up nobody else."""
        try:
            with parent.Session() as session:
                while not self.context.stopping and (lot := await self.context.transaction(take, *lane, deadline=60)):
                    results = []
                    failure = lot.failure or await self.context.run_blocking(
                        send, session, lot, results, deadline=lot.limits.total + parent.START
                    )
                    await self.context.transaction(settle, lot, results, failure, deadline=60)
                    if failure:
                        _logger.warning("System %s cannot be written to: %s", lane[0], failure.code)
                        count = self.failures.get(lane, (0, 0.0))[0] + 1
                        self.failures[lane] = count, time.monotonic() + delay(count, FIRST, LONGEST)
                        break
                    self.failures.pop(lane, None)
                    if self.context.stopping:
                        break
        finally:
            self.busy.discard(lane)
            self.context.wake("")  # for what came while the last lot was under way

    async def _recover(self):
        try:
            late = await self.context.transaction(recover, deadline=600)
            self.context.report(f"{late} transactions in doubt for more than a minute" if late else "")
        finally:
            self.busy.discard("recovery")


def take_back(env):
    env["hospital.his.outbox"]._take_back()


def look(env):
    return env["hospital.his.outbox"]._look()


def take(env, source_id, endpoint_id):
    return env["hospital.his.outbox"]._take(source_id, endpoint_id)


def settle(env, lot, results, failure):
    env["hospital.his.outbox"]._settle(lot, results, failure)


def recover(env):
    env["hospital.his.booking"]._expire()
    env.cr.commit()  # the rest waits for systems, and uses cursors of its own
    return env["hospital.his.transaction"]._recover()


def send(session, lot, results):
    """Have a lot written; fill in the results of those that were, return the failure that ended it early, if any."""
    try:
        with session.reading(lot.job, lot.limits) as frames:
            for head, _blobs in frames:
                if head["type"] == "written":
                    results.append(head)
    except ReadingFailed as failure:
        return failure
    return None
