import asyncio
import logging
import time

from ..service import Service, register
from ..service.post import describe

_logger = logging.getLogger(__name__)

# Seconds between looks at the database's clock, which somebody may have set.
LOOK = 30
# A job waits for nothing outside as long as this (seconds): who does has failed.
LONGEST = 6 * 3600


@register
class Sync(Service):
    """Does the schedules: between looks at the clock it sleeps by the monotonic one, each job has its own thread."""

    name = "sync"

    async def run(self):
        jobs = {}
        try:
            while not self.context.stopping:
                begin, look_at = await self.context.transaction(look, list(jobs), deadline=LOOK)
                for slot_id in begin:
                    jobs[slot_id] = asyncio.create_task(self._do(slot_id, jobs))
                await self.context.wait(max(0.001, min(look_at - time.monotonic(), LOOK)))
            if jobs:
                await asyncio.wait(jobs.values())
        finally:
            for job in jobs.values():
                job.cancel()

    async def _do(self, slot_id, jobs):
        try:
            await self.context.transaction(run, slot_id, deadline=LONGEST)
        except TimeoutError as error:
            await self.context.transaction(fail, slot_id, error, deadline=LOOK)
        except Exception as error:
            # the row still says that it runs: the next look takes it up again
            _logger.warning("Slot %s was not finished: %s", slot_id, describe(error))
        finally:
            del jobs[slot_id]
            self.context.wake("")


def look(env, mine):
    return env["hospital.schedule"]._look(mine)


def run(env, slot_id):
    env["hospital.schedule.slot"].browse(slot_id)._run()


def fail(env, slot_id, error):
    slot = env["hospital.schedule.slot"].browse(slot_id)
    if slot.state == "running":
        slot._fail(error)
