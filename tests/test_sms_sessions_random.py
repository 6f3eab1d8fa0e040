"""Gateways that misbehave at random, again and again: whatever happens, each part has one outcome and goes out once."""

import asyncio
import random
import struct
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sms_sessions_kit import (
    PROTOCOLS,
    Recorder,
    hasten,
    keepable,
    linked,
    parts,
    peer_of,
)

from odoo.addons.hospital_sms.protocols.contract import LINKS, Accepted, Account, Unknown, Unsent

ROUNDS = 12


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    hasten(monkeypatch)


def misbehave(peer, dice):
    """One more thing goes wrong, or right again."""
    kind = dice.randrange(14)
    step = dice.choice(["connect", "login", "logged", ("read", dice.randint(1, 9)), ("half", dice.randint(1, 9))])
    if kind < 3:
        peer.deaths, peer.die = dice.randint(1, 3), step
    elif kind == 3:
        peer.limit = dice.choice([0, 200])
    elif kind == 4:
        peer.reports = dice.choice(["after", "before", "elsewhere", None])
    elif kind == 5:
        peer.piece = dice.choice([0, 0, 7])
    elif kind == 6:
        peer.times = dice.choice([1, 2])
    elif kind == 7:
        peer.drop()
    elif kind == 8:
        peer.hold = True
    elif kind == 9:
        peer.release()
    elif kind == 10 and peer.connections:
        peer.write(dice.randbytes(dice.randint(1, 40)))
    elif kind == 11:
        peer.goodbye()
    elif kind == 12:
        peer.result = dice.choice([0, lambda submit: 5 if submit.number[-1] == "3" else 0])
    else:
        peer.again()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_gateway_that_misbehaves_at_random(protocol, seed):
    dice = random.Random(f"{protocol} {seed}")

    async def run():
        async with linked(protocol, peer, window=dice.choice([1, 4, 16]), connections=dice.choice([1, 3]),
                          response_timeout=0.4, heartbeat=0.2) as place:  # fmt: skip
            refuse = random.Random(seed)
            place.service.refuse = lambda item: refuse.random() < 0.02
            fed = asyncio.create_task(place.feed(parts(400), most=9))
            for _ in range(ROUNDS):
                await asyncio.sleep(dice.random() * 0.1)
                try:
                    misbehave(peer, dice)
                except IndexError:
                    pass  # that connection has just gone
            peer.deaths = peer.limit = peer.piece = 0
            peer.release()
            await fed
            assert place.last(Accepted) | place.last(Unknown) and len(place.service.outcomes) == 400
            # Whatever was not acknowledged comes again until it is: nothing is lost.
            place.service.refuse = lambda item: False
            await place.until(lambda: place.link.ready)
            for connection in list(peer.connections):
                place.peer.do(lambda one=connection: one.send(*one.unacknowledged.values()))
            await place.until(lambda: not peer.unacknowledged)

    with peer_of(protocol) as peer:
        asyncio.run(run())
        assert peer.most_open <= 16


# -- frames without a network ------------------------------------------------------------------------------------------


class Wire:
    """A transport that only remembers."""

    def __init__(self):
        self.written, self.closed, self.reading = b"", False, True

    def write(self, raw):
        self.written += raw

    def close(self):
        self.closed = True

    abort = close

    def is_closing(self):
        return self.closed

    def is_reading(self):
        return self.reading

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def get_write_buffer_size(self):
        return 0

    def get_extra_info(self, _name):
        return ("127.0.0.1", 1)


COMMANDS = st.sampled_from([1, 2, 3, 4, 5, 6, 8, 0x11, 77]).flatmap(
    lambda command: st.sampled_from([command, command | 0x80000000])
)


@st.composite
def frames(draw):
    """Frames of the right length with anything in them, and now and then none at all."""
    found = b""
    for _ in range(draw(st.integers(1, 8))):
        body = draw(st.binary(min_size=4, max_size=200))
        found += struct.pack(">II", 8 + len(body), draw(COMMANDS)) + body
    return found + draw(st.binary(max_size=10))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(raw=frames(), cuts=st.lists(st.integers(1, 90), max_size=6), said=st.booleans())
def test_whatever_a_gateway_says_each_part_has_one_outcome(protocol, raw, cuts, said):
    async def run():
        service = Recorder()
        link = LINKS[protocol](Account(1, protocol, login="901234", secret="s", options={"node": 3}), service)
        client, wire = link.client(link), Wire()
        client.connection_made(wire)
        client.login_answered(0)
        given = [part._replace(reference=one) for part, one in zip(parts(3), link.reserve(3), strict=True)]
        link.submit(given)
        written = wire.written
        rest = raw
        if said:  # the answer to the first, among all that
            rest = _answer(protocol, given[0].reference) + rest
        for cut in [*cuts, len(rest)]:
            if not wire.closed:
                client.data_received(rest[:cut])
            rest = rest[cut:]
        client.connection_lost(None)
        await asyncio.sleep(0)
        assert sorted(service.outcomes) == [0, 1, 2]
        assert all(len(outcomes) == 1 for outcomes in service.outcomes.values())
        assert wire.written.startswith(written) and not link.open and not link.ready
        if said:
            assert isinstance(service.outcomes[0][0], Accepted)
        client.welcome.cancel()

    asyncio.run(run())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    content=st.binary(max_size=140), report=st.booleans(), fmt=st.sampled_from([0, 4, 8, 15, 99]), udhi=st.booleans()
)
def test_whatever_a_phone_says_can_be_kept_and_is_acknowledged(protocol, content, report, fmt, udhi):
    async def run():
        service = Recorder()
        link = LINKS[protocol](Account(1, protocol, login="901234", secret="s", options={"node": 3}), service)
        client, wire = link.client(link), Wire()
        client.connection_made(wire)
        client.login_answered(0)
        running = asyncio.create_task(link._keep())
        client.data_received(_said(protocol, content, report, fmt, udhi))
        while link.held:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        running.cancel()
        keepable(service.kept)
        # Of what was not kept at most that it cannot be read is said.
        assert wire.written if service.kept else report and wire.written[-1:] != b"\0"
        client.connection_lost(None)

    asyncio.run(run())


def _said(protocol, content, report, fmt, udhi):
    """A text or a report with any content."""
    number, length = b"13900000001", len(content)
    if protocol == "sgip":
        body = struct.pack(">21s21s3BI", b"86" + number, b"1069", 0, udhi, fmt, length) + content + bytes(8)
        if report:
            body = struct.pack(">12sB21s", content[:12], 0, b"86" + number) + content[12:23].ljust(10, b"\0")
        return struct.pack(">II12s", 20 + len(body), 5 if report else 4, b"s" * 12) + body
    if protocol == "smgp":
        content = b"id:" + content[:10].ljust(10) + b" stat:" + content[10:] if report else content
        head = struct.pack(">10sBB14s21s21sB", b"k" * 10, report, fmt, b"20261127", number, b"1069", len(content))
        body = head + content + bytes(8) + struct.pack(">HHB", 2, 1, udhi)
        return struct.pack(">III", 12 + len(body), 3, 1) + body
    kind, tail = ("32sB", 20) if protocol == "cmpp3" else ("21s", 8)
    content = content.ljust(60, b"\0") if report else content
    values = [b"k" * 8, b"1069", b"", 0, udhi, fmt, number, *([0] if tail == 20 else []), report, len(content)]
    body = struct.pack(f">8s21s10s3B{kind}BB", *values) + content + bytes(tail)
    return struct.pack(">III", 12 + len(body), 5, 1) + body


def test_only_the_time_in_which_we_read_counts():
    async def run():
        service = Recorder()
        link = LINKS["cmpp2"](Account(1, "cmpp2", login="901234", options={"response_timeout": 60}), service)
        client, wire = link.client(link), Wire()
        client.connection_made(wire)
        client.login_answered(0)
        link.submit([parts(1)[0]._replace(reference=link.reserve(1)[0])])
        began = time.monotonic()
        wire.pause_reading()
        client.check(began + 100)
        wire.resume_reading()
        for later in (101, 159):
            client.check(began + later)
            assert not link.outcomes
        client.check(began + 161)
        assert link.outcomes == [Unknown(0, "timeout")] and client.room == 16

    asyncio.run(run())


def test_a_transport_that_is_closing_takes_nothing():
    """The other side has ended it, and asyncio has not told us yet."""

    async def run():
        service = Recorder()
        link = LINKS["smgp"](Account(1, "smgp", login="10690001"), service)
        client, wire = link.client(link), Wire()
        client.connection_made(wire)
        client.login_answered(0)
        wire.closed = True
        link.submit([parts(1)[0]._replace(reference=link.reserve(1)[0])])
        assert service.outcomes == {0: [Unsent(0)]} and not wire.written

    asyncio.run(run())


def _answer(protocol, reference):
    if protocol == "sgip":
        return struct.pack(">II", 29, 0x80000003) + bytes.fromhex(reference) + bytes(9)
    body = bytes.fromhex(reference) + bytes({"cmpp2": 9, "cmpp3": 12, "smgp": 14}[protocol])
    command = 0x80000002 if protocol == "smgp" else 0x80000004
    return struct.pack(">II", 8 + len(body), command) + body


def test_references_are_used_once():
    for protocol in PROTOCOLS:
        link = LINKS[protocol](Account(1, protocol, options={"node": 3}), None)
        link._counter = 0xFFFFFFF0  # it wraps
        references = [*link.reserve(10), *link.reserve(20), *link.reserve(1)]
        assert len(set(references)) == 31 and {len(reference) for reference in references} <= {8, 24}


def test_a_place_is_checked_at_all():
    """The check of these tests finds what it is there to find."""

    async def run():
        async with linked("cmpp2", peer) as place:
            await place.feed(parts(2))
            peer.submits.append(peer.submits[0])
            with pytest.raises(AssertionError, match="sent twice"):
                place.check()
            peer.submits.pop()
            place.service.outcomes[0].append(place.service.outcomes[0][0])
            with pytest.raises(AssertionError, match="handed over 1 times"):
                place.check()
            place.service.outcomes[0].pop()

    with peer_of("cmpp2") as peer:
        asyncio.run(run())
