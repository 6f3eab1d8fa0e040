"""What the tests of the links share: the service as a link sees it, parts handed over, what must be true in the end."""

import asyncio
import contextlib
import time
from collections import Counter, deque

import odoo_here  # noqa: F401
from sms_peer_cmpp import CmppPeer
from sms_peer_sgip import SgipPeer
from sms_peer_smgp import SmgpPeer

from odoo.addons.hospital_sms.protocols import connection, session
from odoo.addons.hospital_sms.protocols.contract import LINKS, Accepted, Account, Part, Rejected, Unsent

PATIENCE = 20
PROTOCOLS = ["cmpp2", "cmpp3", "smgp", "sgip"]


def peer_of(protocol, **settings):
    """A gateway that speaks this protocol."""
    if protocol == "smgp":
        return SmgpPeer(**settings)
    if protocol == "sgip":
        return SgipPeer(**settings)
    return CmppPeer(version={"cmpp2": 0x20, "cmpp3": 0x30}[protocol], **settings)


def hasten(monkeypatch):
    """Pauses as a test can bear them."""
    monkeypatch.setattr(session, "FIRST_DELAY", 0.02)
    monkeypatch.setattr(session, "LONGEST_DELAY", 0.1)
    monkeypatch.setattr(connection, "GOODBYE", 0.5)
    monkeypatch.setattr(session, "GOODBYE", 0.5)


class Recorder:
    """The service: keeps in lists what the real one keeps in tables.

    refuse: a function of one arrival; where it is true the whole call cannot be kept, as in a transaction
    gate: while it is clear, nothing is kept yet
    """

    def __init__(self):
        self.outcomes = {}
        self.kept, self.statuses, self.calls = [], [], []
        self.refuse = lambda item: False
        self.gate = asyncio.Event()
        self.gate.set()
        self.again = deque()

    def settle(self, outcomes):
        for outcome in outcomes:
            self.outcomes.setdefault(outcome.part_id, []).append(outcome)
            if isinstance(outcome, Unsent) or isinstance(outcome, Rejected) and outcome.kind == "throttled":
                self.again.append(outcome.part_id)

    async def keep(self, arrived):
        await self.gate.wait()
        self.calls.append(len(arrived))
        if any(self.refuse(item) for item in arrived):
            raise RuntimeError("cannot be kept")
        self.kept += arrived

    def status(self, status):
        self.statuses.append(status)


class Place:
    """A link with its service, against a peer."""

    def __init__(self, protocol, peer, window=16, connections=1, **options):
        self.peer, self.service = peer, Recorder()
        if protocol == "sgip":
            options.setdefault("node", "3010099999")
        account = Account(7, protocol, "127.0.0.1", peer.port, peer.login, peer.secret, "10690001", 0, window,
                          connections, options)  # fmt: skip
        self.link = LINKS[protocol](account, self.service)
        self.parts, self.handed, self.references = {}, Counter(), {}
        self.free = asyncio.Event()
        self.link.on_free(self.free.set)
        self.task = None

    def give(self, *parts):
        """Hand them over, whatever ``free`` says."""
        references = self.link.reserve(len(parts))
        given = [part._replace(reference=reference) for part, reference in zip(parts, references, strict=True)]
        for part in given:
            self.parts[part.id] = part
            self.handed[part.id] += 1
            self.references[part.reference] = part.id, self.handed[part.id] - 1
        self.link.submit(given)

    async def feed(self, parts, most=50):
        """As the service does: as many as are free, and again what did not leave or was throttled."""
        waiting = deque(parts)
        end = time.monotonic() + PATIENCE
        while waiting or len(self.service.outcomes) < len(self.parts) or self._open():
            while self.service.again:
                waiting.append(self.parts[self.service.again.popleft()])
            room = min(self.link.free, most, len(waiting))
            if room:
                await asyncio.sleep(0)  # the service commits here, and anything may happen meanwhile
                self.give(*(waiting.popleft() for _ in range(room)))
            else:
                self.free.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.free.wait(), 0.02)
            assert time.monotonic() < end, (len(waiting), self.service.statuses[-3:])

    def _open(self):
        return self.service.again or any(
            len(self.service.outcomes.get(part_id, ())) < count for part_id, count in self.handed.items()
        )

    async def until(self, found):
        end = time.monotonic() + PATIENCE
        while not found():
            assert time.monotonic() < end, (self.service.statuses[-3:], len(self.peer.submits), self.peer.logins)
            await asyncio.sleep(0.005)

    def last(self, kind):
        """The ids of the parts whose last outcome is of this kind."""
        return {part_id for part_id, outcomes in self.service.outcomes.items() if isinstance(outcomes[-1], kind)}

    def check(self):
        """What must be true after every story."""
        peer, service = self.peer, self.service
        for part_id, count in self.handed.items():
            found = service.outcomes.get(part_id, [])
            assert len(found) == count, f"part {part_id} was handed over {count} times, outcomes {found}"
        seen = Counter(submit.number for submit in peer.submits if submit.result != peer.THROTTLED)
        twice = {number: count for number, count in seen.items() if count > 1}
        assert not twice, f"sent twice: {twice}"
        sequences = {submit.sequence for submit in peer.submits}
        keys = {submit.key: submit.sequence for submit in peer.submits}
        for reference, (part_id, place) in self.references.items():
            outcome = service.outcomes[part_id][place]
            assert not (isinstance(outcome, Unsent) and reference in sequences), "unsent, and yet seen"
            if isinstance(outcome, Accepted):
                assert keys[outcome.provider_id] == reference
        assert len({key for key, result in peer.acknowledged if not result}) <= len(service.kept)
        keepable(service.kept)


def keepable(arrived):
    """Whatever the gateway sent, a database can keep it."""
    for item in arrived:
        for value in item:
            if isinstance(value, str):
                assert "\0" not in value
                value.encode()
        assert not item.number or item.number.isdecimal()


@contextlib.asynccontextmanager
async def linked(protocol, peer, wait=True, **settings):
    """A link that runs, and in the end is closed; then everything is checked."""
    place = Place(protocol, peer, **settings)
    place.task = asyncio.create_task(place.link.run())
    try:
        if wait:
            await place.until(lambda: place.link.free)
        yield place
        await place.link.close(1)
        await asyncio.wait_for(place.task, PATIENCE)
    finally:
        place.task.cancel()
        await asyncio.gather(place.task, return_exceptions=True)
    place.check()


def story(protocol, tell, peer=None, **settings):
    """Run ``await tell(place)`` against a peer with these faults."""

    async def run():
        async with linked(protocol, there, **settings) as place:
            await tell(place)

    with peer_of(protocol, **(peer or {})) as there:
        asyncio.run(run())
        return there


def parts(count, text="您好", first=0):
    """So many messages of one part; each number occurs once."""
    return [Part(first + n, "", f"139{first + n:08d}", "10690001", text, ref=first + n) for n in range(count)]
