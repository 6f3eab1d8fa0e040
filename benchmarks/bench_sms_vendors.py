"""Submits to Aliyun and Tencent: signed, sent, answered, understood, one request each.

Beside the link, of the same run, with as many requests at once, against the same server in another process (it reads a
request and answers, and does nothing else): requests with a session per thread (the alternative) and bare sockets with
a thread each (the limit); both send what was signed beforehand and look at nothing of the answer but its status.
"""

import asyncio
import json
import multiprocessing
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import odoo_here  # noqa: E402, F401

from odoo.addons.hospital_sms.protocols.contract import LINKS, Accepted, Account, Part  # noqa: E402

from benchmarks.common import print_table  # noqa: E402

COUNT, WINDOW = 4000, 16
ANSWERS = {
    "aliyun": {"Code": "OK", "Message": "OK", "RequestId": "1", "BizId": "9006197469364984^0"},
    "tencent": {"Response": {"SendStatusSet": [{"SerialNo": "5000:1", "Code": "Ok", "Message": "send success"}]}},
}


def serve(vendor, pipe):
    body = json.dumps(ANSWERS[vendor]).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    async def talk(reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
                await reader.readexactly(length)
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run():
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class Service:
    def __init__(self):
        self.outcomes = []

    def settle(self, outcomes):
        self.outcomes += outcomes

    async def keep(self, arrived):
        pass

    def status(self, status):
        pass


def linked(vendor, port):
    options = {"signature": "仁和医院", "vendor_app": "1400006666"}
    return LINKS[vendor](
        Account(1, vendor, "http://127.0.0.1", port, "AK", "secret", window=WINDOW, options=options), Service()
    )


def parts(link):
    values = {"1": "张伟", "2": "周一上午八点"}
    return [
        Part(n, reference, f"139{n:08d}", "", "", template="SMS_1", values=values)
        for n, reference in enumerate(link.reserve(COUNT))
    ]


async def by_link(vendor, port):
    link = linked(vendor, port)
    free = asyncio.Event()
    link.on_free(free.set)
    run = asyncio.create_task(link.run())
    while not link.free:
        await asyncio.sleep(0.01)
    waiting, started, own = parts(link), time.perf_counter(), time.process_time()
    while len(link.service.outcomes) < COUNT:
        room = link.free
        link.submit([waiting.pop() for _ in range(min(room, len(waiting)))])
        free.clear()
        await free.wait()
    seconds = time.perf_counter() - started, time.process_time() - own
    assert all(isinstance(outcome, Accepted) for outcome in link.service.outcomes)
    await link.close(1)
    run.cancel()
    return seconds


async def signed(vendor, port):
    link = linked(vendor, port)
    return [link.compose(part) for part in parts(link)]


def by_requests(made, port):
    def work(own):
        with requests.Session() as session:
            for one in own:
                headers = {name: value for name, value in one.headers.items() if name.lower() != "host"}
                answer = session.post(f"http://127.0.0.1:{port}{one.path}", headers=headers, data=one.body, timeout=10)
                assert answer.status_code == 200

    return in_threads(made, work)


def by_sockets(made, port):
    def work(own):
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for one in own:
                head = "".join(f"{name}: {value}\r\n" for name, value in one.headers.items())
                line.sendall(
                    f"POST {one.path} HTTP/1.1\r\n{head}Content-Length: {len(one.body)}\r\n\r\n".encode() + one.body
                )
                assert b" 200 " in line.recv(65536)

    return in_threads(made, work)


def in_threads(made, work):
    started, own = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(WINDOW) as pool:
        list(pool.map(work, [made[n::WINDOW] for n in range(WINDOW)]))
    return time.perf_counter() - started, time.process_time() - own


def main():
    rows, slower = [], False
    context = multiprocessing.get_context("spawn")
    for vendor in ANSWERS:
        ours, theirs = context.Pipe()
        server = context.Process(target=serve, args=(vendor, theirs), daemon=True)
        server.start()
        port = ours.recv()
        made = asyncio.run(signed(vendor, port))
        limit, limit_own = by_sockets(made, port)
        other, other_own = by_requests(made, port)
        link, link_own = asyncio.run(by_link(vendor, port))
        server.terminate()
        slower |= link > other
        for what, seconds, own in (
            ("bare sockets", limit, limit_own),
            ("requests", other, other_own),
            ("the link, signing", link, link_own),
        ):
            rate = COUNT / seconds
            cells = [f"{rate:,.0f}", f"{seconds and limit / seconds:.2f}", f"{1e6 * own / COUNT:.0f}"]
            rows.append([f"{vendor}: {what}", *cells])
    print_table(["", "submits/s", "of bare sockets", "own µs a submit"], rows)
    return not slower


if __name__ == "__main__":
    sys.exit(0 if main() else "slower than requests")
