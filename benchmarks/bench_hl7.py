"""HL7 messages through the real service: sent over a socket, kept, acknowledged, handled.

Beside it, of the same run: a socket loop that acknowledges and does nothing else (the limit for one sender who waits
for each answer), the bare reading of the same messages, and how fast python-hl7 parses them (the alternative).
Aim: 300 messages a second, all kinds mixed, from the first byte to the last visit written.
"""

import asyncio
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hl7
from hl7.client import MLLPClient

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import odoo_here  # noqa: E402, F401
from hl7_kit import hospital, story  # noqa: E402

from odoo.addons.hospital_his_connector.hl7 import reading  # noqa: E402

from benchmarks.common import print_table  # noqa: E402

STORIES, SENDERS, AIM = 300, 4, 300


def rate(count, call):
    started = time.perf_counter()
    call()
    return count / (time.perf_counter() - started)


def send(port, texts):
    with MLLPClient("127.0.0.1", port) as client:
        for text in texts:
            assert b"MSA|AA|" in client.send_message(text)


def send_all(port, stories, senders):
    with ThreadPoolExecutor(senders) as pool:
        parts = [[text for story in stories[n::senders] for text in story] for n in range(senders)]
        list(pool.map(lambda part: send(port, part), parts))


def acknowledging():
    """A server that only answers; returns its port."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    ports = []

    async def answer(reader, writer):
        while await reader.read(65536):
            writer.write(b"\x0bMSH|^~\\&|\rMSA|AA|1\r\x1c\r")

    async def serve():
        listening = await asyncio.start_server(answer, "127.0.0.1", 0)
        ports.append(listening.sockets[0].getsockname()[1])
        ready.set()

    threading.Thread(target=lambda: (loop.run_until_complete(serve()), loop.run_forever()), daemon=True).start()
    ready.wait()
    return ports[0]


def main():
    stories = [story(n) for n in range(STORIES)]
    texts = [text for story in stories for text in story]
    raws, count = [text.encode() for text in texts], len(texts)
    parsed = rate(count, lambda: [hl7.parse(text) for text in texts])
    read = rate(count, lambda: [reading.read(raw, "utf-8") for raw in raws])
    bare_port = acknowledging()
    bare = {senders: rate(count, lambda n=senders: send_all(bare_port, stories, n)) for senders in (1, SENDERS)}
    kept, handled = {}, {}
    for senders in (1, SENDERS):
        with hospital("bench_hl7") as place:
            started = time.perf_counter()
            kept[senders] = rate(count, lambda n=senders, port=place.port: send_all(port, stories, n))
            place.handled()
            handled[senders] = count / (time.perf_counter() - started)
            assert place.states() == {"done": count}
    print_table(
        ["", "messages/s", "of the bare loop"],
        [
            ["python-hl7 parses them", f"{parsed:,.0f}", ""],
            ["we read them and make the answer", f"{read:,.0f}", ""],
            *(
                [
                    f"{senders} sender(s) waiting for each answer: {what}",
                    f"{figures[senders]:,.0f}",
                    f"{figures[senders] / bare[senders]:.2f}",
                ]
                for senders in (1, SENDERS)
                for what, figures in (
                    ("bare loop", bare),
                    ("kept and acknowledged", kept),
                    ("handled to the end", handled),
                )
            ),
        ],
    )
    return handled[SENDERS] >= AIM


if __name__ == "__main__":
    sys.exit(0 if main() else f"fewer than {AIM} messages a second are handled")
