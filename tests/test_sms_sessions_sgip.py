"""China Unicom: reports on the gateway's own connection to our listener, and a connection that is opened for a part."""

import asyncio
import contextlib
import socket
import struct

import pytest
from conftest import free_port
from sms_peer_sgip import SgipPeer
from sms_sessions_kit import hasten, linked, parts

from odoo.addons.hospital_sms.protocols import sgip_link, sgip_listener
from odoo.addons.hospital_sms.protocols.contract import Accepted, Status, Unknown, Unsent

LISTENER = {"listen_host": "127.0.0.1", "listen_login": "smg", "listen_secret": "push", "listen_peers": "127.0.0.0/8"}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    hasten(monkeypatch)


def listening(tell, peer=None, **settings):
    """Run ``await tell(place)`` with a listener of ours, to which the gateway's reports go."""
    port = free_port()

    async def run():
        async with linked("sgip", there, **(LISTENER | {"listen_port": port} | settings)) as place:
            place.port = port
            await tell(place)

    with SgipPeer(**({"listener": ("127.0.0.1", port), "reports": None} | (peer or {}))) as there:
        asyncio.run(run())
        return there


def test_reports_come_to_the_listener():
    async def tell(place):
        await place.feed(parts(100))
        await place.until(lambda: len(place.service.kept) == 100 and not place.peer.unacknowledged)
        assert {report.provider_id for report in place.service.kept} == set(place.references)
        assert {report.reference for report in place.service.kept} == set(place.references)
        place.peer.push_text("13900000001", "好的")
        await place.until(lambda: len(place.service.kept) == 101)
        assert place.service.kept[-1][:3] == ("13900000001", "10690001", "好的")

    peer = listening(tell)
    assert peer.bound == [0] and len(peer.logins) == 1


@pytest.mark.parametrize(
    "faults", [{"times": 2}, {"blank": True}, {"reports": "after"}, {"reports": "before"}], ids=str
)
def test_reports_doubled_without_a_number_and_on_both_connections(faults):
    async def tell(place):
        await place.feed(parts(20))
        count = 20 * faults.get("times", 1) * (2 if "reports" in faults else 1)
        await place.until(lambda: len(place.service.kept) == count and not place.peer.unacknowledged)
        assert {report.provider_id for report in place.service.kept} == set(place.references)

    listening(tell, faults)


def test_what_the_listener_could_not_keep_comes_again():
    async def tell(place):
        place.service.refuse = lambda item: True
        await place.feed(parts(5))
        await place.until(lambda: sum(place.service.calls) >= 5)
        assert not place.peer.acknowledged
        place.service.refuse = lambda item: False
        await place.until(lambda: not place.link.held)
        place.peer.push_again()
        await place.until(lambda: not place.peer.unacknowledged)
        assert len(place.service.kept) == 5

    listening(tell)


@pytest.mark.parametrize("faults, result", [({"listener_secret": "wrong"}, 1), ({"listener_login": "other"}, 1),
                                            ({"listener_type": 1}, 4)], ids=str)  # fmt: skip
def test_the_listener_refuses_who_cannot_prove_himself(faults, result):
    async def tell(place):
        await place.feed(parts(1))
        await place.until(lambda: place.peer.bound)
        assert place.peer.bound == [result] and not place.service.kept

    listening(tell, faults)


def test_a_listener_without_a_password_lets_nobody_in():
    async def tell(place):
        await place.feed(parts(1))
        await place.until(lambda: place.peer.bound)
        assert place.peer.bound == [1] and not place.service.kept

    listening(tell, {"listener_secret": ""}, listen_secret="")


async def ended(reader):
    """What came until the listener closed."""
    with contextlib.suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), 5)
    return b""


def test_the_listener_is_for_those_on_the_list():
    async def tell(place):
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        assert await ended(reader) == b""
        writer.close()

    listening(tell, listen_peers="10.0.0.0/8, 192.168.1.7")


def bind(password=b"push"):
    return struct.pack(">II12sB16s16s8x", 61, 1, bytes(12), 2, b"smg", password)


@pytest.mark.parametrize("raw", [b"", b"\0\0\0\x14\0\0\0\5" + bytes(12), b"\0\0\x08\x01", b"GET / HTTP/1.1\r\n\r\n"],
                         ids=["nothing", "report", "large", "http"])  # fmt: skip
def test_who_does_not_bind_is_left(raw, monkeypatch):
    """Nor is anything taken from him: nothing to keep, nothing acknowledged."""
    monkeypatch.setattr(sgip_listener, "BIND", 0.2)

    async def tell(place):
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        writer.write(raw)
        assert await ended(reader) == b""
        writer.close()
        assert not place.service.kept

    listening(tell, heartbeat=0.2, response_timeout=0.4)


def test_idle_connections_make_room(monkeypatch):
    monkeypatch.setattr(sgip_listener, "CONNECTIONS", 3)

    async def tell(place):
        await place.feed(parts(1))
        await place.until(lambda: place.service.kept)
        crowd = [await asyncio.open_connection("127.0.0.1", place.port) for _ in range(12)]
        await place.until(lambda: len(place.link.open) <= 4)  # three, and our own
        place.peer.push_report(place.peer.submits[0])  # the one that is bound is still there
        await place.until(lambda: len(place.service.kept) == 2)
        for _reader, writer in crowd:
            writer.close()

    peer = listening(tell)
    assert peer.bound == [0]


def test_a_connection_that_has_gone_quiet_is_closed(monkeypatch):
    monkeypatch.setattr(sgip_listener, "IDLE", 0.3)

    async def tell(place):
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        writer.write(bind())
        answer = await ended(reader)
        assert answer[:8] == struct.pack(">II", 29, 0x80000001) and answer[20] == 0
        writer.close()

    listening(tell, response_timeout=0.4)


def test_a_port_that_is_taken_is_said_and_tried_again():
    async def tell(place):
        await place.feed(parts(3))
        assert place.service.statuses[-1] == Status("connected", 1, "port_taken")
        taken.close()
        await place.until(lambda: place.service.statuses[-1] == Status("connected", 1, ""))

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listening(tell, {"listener": None, "reports": "after"}, listen_port=taken.getsockname()[1])


# -- binding for a part ----------------------------------------------------------------------------------------------


def test_an_idle_connection_is_given_up_and_bound_again_for_the_next_part(monkeypatch):
    """We log out before the gateway would close: a part written at that moment would be unknown."""
    monkeypatch.setattr(sgip_link, "IDLE", 0.2)

    async def tell(place):
        await place.until(lambda: not place.peer.connections and place.link.free == 32)
        assert place.peer.goodbyes == 2 and not place.link.ready
        assert place.service.statuses[-1] == Status("connected", 2, "")
        place.give(*parts(40))  # more than two windows
        assert len(place.last(Unsent)) == 8
        await place.feed([])
        assert place.last(Accepted) == set(range(40))
        await place.until(lambda: len(place.service.kept) == 40)

    peer = listening(tell, response_timeout=0.4, connections=2)
    assert len(peer.logins) == 4


def test_one_part_wakes_one_connection(monkeypatch):
    monkeypatch.setattr(sgip_link, "IDLE", 0.1)

    async def tell(place):
        await place.until(lambda: not place.peer.connections and place.link.free == 48)
        await place.feed(parts(1))
        assert len(place.peer.logins) == 4

    listening(tell, response_timeout=0.4, connections=3)


def test_a_gateway_that_closes_first_is_bound_again_for_the_next_part():
    async def tell(place):
        await place.feed(parts(2))
        await place.until(lambda: not place.peer.connections)
        await place.until(lambda: place.link.free == 16)
        assert len(place.peer.logins) == 1
        await place.feed(parts(2, first=5))
        assert place.last(Accepted) == {0, 1, 5, 6} and len(place.peer.logins) == 2

    listening(tell, {"idle": 0.2})


def test_parts_that_wait_for_a_login_that_fails_are_unsent(monkeypatch):
    monkeypatch.setattr(sgip_link, "IDLE", 0.1)

    async def tell(place):
        await place.until(lambda: not place.peer.connections and place.link.free)
        place.peer.shut()
        place.give(*parts(3))
        await place.until(lambda: place.last(Unsent) == {0, 1, 2})
        assert place.service.statuses[-1][::2] == ("failing", "unreachable")
        place.peer.open()
        await place.feed([])
        assert place.last(Accepted) == {0, 1, 2}

    listening(tell, response_timeout=0.4)


def test_without_a_listener_the_connection_is_the_way_for_reports():
    async def run():
        async with linked("sgip", peer) as place:
            await place.feed(parts(2))
            await place.until(lambda: len(place.peer.logins) >= 3)
            place.peer.idle = 60
            await place.until(lambda: place.peer.connections and place.link.ready)
            place.peer.report(place.peer.submits[0])
            await place.until(lambda: len(place.service.kept) == 1)

    with SgipPeer(idle=0.1, reports=None) as peer:
        asyncio.run(run())


def test_sequences_are_ours_and_unique():
    async def tell(place):
        await place.feed(parts(30))
        sequences = [struct.unpack(">III", bytes.fromhex(submit.sequence)) for submit in place.peer.submits]
        assert {node for node, _stamp, _counter in sequences} == {3010099999}
        assert all(101000000 <= stamp <= 1231235959 for _node, stamp, _counter in sequences)
        assert len({counter for _node, _stamp, counter in sequences}) == 30
        assert not place.last(Unknown)

    listening(tell)
