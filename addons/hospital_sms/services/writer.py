"""Persists what comes back: outcomes, reports, replies, states of gateways; what has come meanwhile, together."""

import asyncio
import contextlib
import logging

from odoo.addons.hospital_base.service.backoff import delay
from odoo.addons.hospital_base.service.post import describe

_logger = logging.getLogger(__name__)

LINGER = 0.02  # seconds that the first waits for others
MOST = 500  # of these at once it does not wait
LONGEST = 30.0  # seconds that a transaction may last


class Writer:
    """One transaction after the other, so that an answer and the report that came before it never miss each other.

    Outcomes cannot be lost: they are tried again until they are written. What came in is refused to its link when it
    cannot be written, and not acknowledged.
    """

    def __init__(self, context):
        self.context = context
        self._outcomes, self._arrived, self._statuses, self._unsent = [], [], {}, []
        self._lookers = set()
        self._some, self._many = asyncio.Event(), asyncio.Event()
        self._finishing = False

    def settle(self, outcomes, look):
        """``outcomes``: (outcome, reference under which its part was taken).

        ``look`` is called when some of them have gone back to the queue.
        """
        self._outcomes += outcomes
        self._lookers.add(look)
        self._tell()

    def give_back(self, gateway_id, references):
        """Parts that were taken under these references, if any were, have not been handed to a link."""
        self._unsent.append((gateway_id, references))
        self._tell()

    def note(self, gateway_id, status):
        self._statuses[gateway_id] = status
        self._tell()

    async def keep(self, gateway_id, arrived):
        """Returns when it is kept; raises when it cannot be."""
        kept = asyncio.get_running_loop().create_future()
        self._arrived.append((gateway_id, list(arrived), kept))
        self._tell()
        await kept

    def finish(self):
        """``run`` ends when all is written."""
        self._finishing = True
        self._some.set()

    def _tell(self):
        self._some.set()
        if len(self._outcomes) + sum(len(arrived) for _gateway, arrived, _kept in self._arrived) >= MOST:
            self._many.set()

    @property
    def held(self):
        """Ids of the parts whose outcome is not written yet."""
        return [outcome.part_id for outcome, _reference in self._outcomes]

    @property
    def _waiting(self):
        return bool(self._outcomes or self._arrived or self._statuses or self._unsent)

    async def run(self):
        failures = 0
        while self._waiting or not self._finishing:
            await self._some.wait()
            self._some.clear()
            if not self._finishing:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._many.wait(), LINGER)
            self._many.clear()
            try:
                await self._write()
                failures = 0
            except Exception as error:
                failures += 1
                _logger.error("What became of messages cannot be written: %s", describe(error))
                await asyncio.sleep(delay(failures, first=0.2, longest=10))
                self._some.set()

    async def _write(self):
        """Outcomes stay until they are written; what came in is tried together, then each for itself."""
        outcomes, arrived, unsent = self._outcomes[:], self._arrived, self._unsent[:]
        lookers, self._lookers = self._lookers, set()
        self._arrived = []
        back = False
        try:
            back = await self._persist(outcomes, arrived, unsent)
        except Exception as error:
            if not arrived:
                self._lookers |= lookers
                raise
            _logger.error("%s arrivals are tried one by one: %s", len(arrived), describe(error))
            try:
                back = await self._persist(outcomes, [], unsent)
            except Exception as again:
                for _gateway, _arrived, kept in arrived:
                    _settle(kept.set_exception, again)
                self._lookers |= lookers
                raise
            for one in arrived:
                try:
                    await self._persist([], [one], [])
                except Exception as own:
                    _settle(one[2].set_exception, own)
        del self._outcomes[: len(outcomes)]
        del self._unsent[: len(unsent)]
        for _gateway, _arrived, kept in arrived:
            _settle(kept.set_result, None)
        if back:
            for look in lookers:
                look()
        await self._note()

    async def _note(self):
        """For the board, by itself: somebody may be editing the gateway at this moment."""
        if statuses := dict(self._statuses):
            await self.context.transaction(note, statuses, deadline=LONGEST)
            for gateway_id, status in statuses.items():
                if self._statuses.get(gateway_id) is status:
                    del self._statuses[gateway_id]

    async def _persist(self, outcomes, arrived, unsent):
        if not (outcomes or arrived or unsent):
            return False
        arrived = [one[:2] for one in arrived]
        return await self.context.transaction(persist, outcomes, arrived, unsent, deadline=LONGEST)


def _settle(method, value):
    if not method.__self__.done():  # whoever waited may be gone
        method(value)


def note(env, statuses):
    env["hospital.gateway"]._note(statuses)


def persist(env, outcomes, arrived, unsent):
    """In one transaction, answers before reports; returns whether parts have gone back to the queue."""
    back = bool(unsent)
    for gateway_id, references in unsent:
        env["hospital.message.part"]._give_back(gateway_id, references)
    if outcomes:
        back |= env["hospital.message.part"]._settle(outcomes)
    by_gateway = {}
    for gateway_id, own in arrived:
        by_gateway.setdefault(gateway_id, []).extend(own)
    for gateway_id, own in by_gateway.items():
        env["hospital.message"]._keep(gateway_id, own)
    return back
