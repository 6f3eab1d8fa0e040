"""Submit, answer, report and its acknowledgement, for each protocol of the three operators and SMPP: the links alone.

Beside it, of the same run and against the same gateway in another process, with the same window: a bare socket loop
that sends frames made beforehand, counts answers and acknowledges reports without reading them (the limit). What a
core could carry is what the link's own processor time allows; the gateway of the tests costs more than the link.
Aim: 3,000 messages a second with their reports.
"""

import asyncio
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import odoo_here  # noqa: E402, F401
from sms_peer_cmpp import CmppPeer  # noqa: E402
from sms_peer_sgip import SgipPeer  # noqa: E402
from sms_peer_smgp import SmgpPeer  # noqa: E402
from sms_peer_smpp import SmppPeer  # noqa: E402
from sms_peers import apart  # noqa: E402

from odoo.addons.hospital_sms.protocols.contract import LINKS, Account, Part  # noqa: E402

from benchmarks.common import print_table  # noqa: E402

COUNT, WINDOW, AIM = 20000, 16, 3000
TEXT = "您好，请于明早八点空腹来院复查，地址门诊三楼。"
PEERS = {
    "cmpp2": (CmppPeer, {"version": 0x20}),
    "cmpp3": (CmppPeer, {"version": 0x30}),
    "smgp": (SmgpPeer, {}),
    "sgip": (SgipPeer, {}),
    "smpp": (SmppPeer, {}),
}
ANSWER = 0x80000000


class Service:
    """Counts; keeps nothing."""

    def __init__(self):
        self.settled = self.kept = 0

    def settle(self, outcomes):
        self.settled += len(outcomes)

    async def keep(self, arrived):
        self.kept += len(arrived)

    def status(self, status):
        pass


def parts(link, first, count):
    return [
        Part(first + n, reference, f"139{first + n:08d}", "10690001", TEXT)
        for n, reference in enumerate(link.reserve(count))
    ]


async def by_link(protocol, port, login):
    """Return seconds, seconds of this process's processor."""
    service = Service()
    link = LINKS[protocol](
        Account(1, protocol, "127.0.0.1", port, login, "secret", window=WINDOW, options={"node": 3010099999}), service
    )
    free = asyncio.Event()
    link.on_free(free.set)
    run = asyncio.create_task(link.run())
    while not link.free:
        await asyncio.sleep(0.01)
    sent, started, own = 0, time.perf_counter(), time.process_time()
    while service.kept < COUNT:
        if room := min(link.free, COUNT - sent):
            link.submit(parts(link, sent, room))
            sent += room
        free.clear()
        if sent == COUNT:
            await asyncio.sleep(0.002)
        else:
            await free.wait()
    seconds = time.perf_counter() - started, time.process_time() - own
    assert service.settled == COUNT
    await link.close(2)
    await run
    return seconds


def bare(protocol, port, login):
    """The same by a loop that does as little as can be; returns seconds, seconds of this process's processor."""
    header = {"sgip": 20, "smpp": 16}.get(protocol, 12)
    link = LINKS[protocol](
        Account(1, protocol, "127.0.0.1", port, login, "secret", options={"node": 3010099999}), Service()
    )

    async def made():
        client = link.client(link)
        return client.login(), [client.encode(part)[1] for part in parts(link, 0, COUNT)]

    hello, frames = asyncio.run(made())
    answered = ANSWER | {"smgp": 2, "sgip": 3}.get(protocol, 4)
    # What an acknowledgement repeats of a report's body, and what follows.
    repeats, result = {
        "cmpp2": (8, bytes(1)),
        "cmpp3": (8, bytes(4)),
        "smgp": (10, bytes(4)),
        "sgip": (0, bytes(9)),
        "smpp": (0, bytes(1)),
    }[protocol]
    size = header + repeats + len(result)
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.sendall(hello)
        line.recv(100)
        started, own = time.perf_counter(), time.process_time()
        line.sendall(b"".join(frames[:WINDOW]))
        sent, reports, rest = WINDOW, 0, b""
        while reports < COUNT:
            data, at, out, room = rest + line.recv(262144), 0, [], 0
            while len(data) - at >= 8:
                length, command = struct.unpack_from(">II", data, at)
                if len(data) - at < length:
                    break
                if command == answered:
                    room += 1
                else:
                    reports += 1
                    out.append(struct.pack(">II", size, command | ANSWER))
                    out.append(data[at + 8 : at + header + repeats] + result)
                at += length
            rest = data[at:]
            line.sendall(b"".join(out + frames[sent : sent + room]))
            sent += room
        return time.perf_counter() - started, time.process_time() - own


def main():
    rows, slowest = [], float("inf")
    for protocol, (make, settings) in PEERS.items():
        with apart(make, **settings) as peer:
            login = make.DEFAULTS["login"]
            limit, limit_own = bare(protocol, peer.port, login)
            seconds, own = asyncio.run(by_link(protocol, peer.port, login))
            assert peer.look("seen") == 2 * COUNT
        rate = COUNT / seconds
        slowest = min(slowest, COUNT / own)
        rows.append(
            [
                protocol,
                f"{COUNT / limit:,.0f}",
                f"{rate:,.0f}",
                f"{rate / (COUNT / limit):.2f}",
                f"{COUNT / limit_own:,.0f}",
                f"{COUNT / own:,.0f}",
                f"{1e6 * own / COUNT:.0f}",
            ]
        )
    head = ["", "bare loop/s", "link/s", "of it", "bare, per core", "link, per core", "µs a message"]
    print_table(head, rows)
    return slowest >= AIM


if __name__ == "__main__":
    sys.exit(0 if main() else f"a core would carry fewer than {AIM} messages a second")
