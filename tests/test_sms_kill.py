"""kill -9 of the service that sends, at random moments: nothing is lost, nothing leaves twice, what may have left is
*unknown* until its report comes."""

import contextlib
import os
import random
import signal
import subprocess
import time

import pytest
from conftest import ODOO, ROOT
from sms_kit import hospital
from sms_peer_cmpp import CmppPeer

MESSAGES, KILLS, WHOLE = 5000, 100, 1
NUMBERS = [f"1390000{n:04}" for n in range(MESSAGES)]

# Starting Odoo a hundred times would take minutes: one process loads it and forks what is then the real command.
NURSERY = """
import asyncio, os, sys
import odoo.sql_db
from odoo.addons.hospital_base.cli.hospital_service import HospitalService
name = env.cr.dbname
env.cr.close()
odoo.sql_db.close_all()
for _line in open(LINES):
    pid = os.fork()
    if not pid:
        asyncio.run(HospitalService()._serve(name, "messages"))
        os._exit(0)
    print(pid, flush=True)
    os.waitpid(pid, 0)
"""


@contextlib.contextmanager
def nursery(place, folder):
    """A function that starts the service and returns its pid; the process before it must have ended."""
    lines = folder / "lines"
    os.mkfifo(lines)
    with place.log.open("a") as log, subprocess.Popen(
        [*ODOO, "shell", "-d", place.name, "--no-http", "--log-level=warn"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT,
    ) as process:  # fmt: skip
        process.stdin.write(NURSERY.replace("LINES", repr(str(lines))))
        process.stdin.close()
        with lines.open("w") as asking:

            def start():
                print("start", file=asking, flush=True)
                return int(process.stdout.readline())

            yield start


@pytest.fixture
def peer():
    # Answers and reports take a moment, so that kills find parts in every state.
    with CmppPeer(secret="", lag=0.02) as peer:
        yield peer


def test_killed_anywhere(peer, tmp_path):
    chance = random.Random(4)
    gateway = {"protocol": "cmpp2", "host": "127.0.0.1", "port": peer.port, "login": peer.login, "rate": 150}
    with hospital("kill", gateway) as place:
        place.fill(NUMBERS)
        for _kill in range(WHOLE):
            place.start()
            seen = len(peer.submits)
            peer.wait(lambda seen=seen: len(peer.submits) > seen, 60)
            time.sleep(chance.uniform(0, 0.2))
            place.kill()
        lives = 0
        with nursery(place, tmp_path) as start:
            for _kill in range(KILLS - WHOLE):
                seen = len(peer.submits)
                pid = start()
                # Half of them while it sends, the others wherever it is, also while it starts.
                if chance.random() < 0.5:
                    peer.wait(lambda seen=seen: len(peer.submits) > seen)
                time.sleep(chance.uniform(0, 0.25))
                os.kill(pid, signal.SIGKILL)
                lives += len(peer.submits) > seen
        assert lives > KILLS / 3, "too few kills hit a service that was sending"
        assert len(peer.submits) < MESSAGES, "the last kill found nothing to do"

        place.edit("rate = 0")
        place.start()
        place.until(lambda: not place.states().get("queued"), "all has left")
        left = {submit.number for submit in peer.submits}
        assert len(left) == len(peer.submits), "sent twice"
        # What was reported to a process that is no more is reported again, as operators do.
        for submit in list(peer.submits):
            peer.report(submit)
        place.until(lambda: place.states().get("delivered") == len(left), "all that left has arrived")
        states = dict(place.read("SELECT number, state FROM hospital_message"))
        assert set(states) == set(NUMBERS), "none is lost"
        assert {number for number, state in states.items() if state == "delivered"} == left
        assert {state for number, state in states.items() if number not in left} == {"unknown"}
        unknown = place.value("SELECT count(*) FROM hospital_message_part WHERE state = 'unknown'")
        print(f"{unknown} may have left and have not; {len(left)} arrived; {lives} kills while sending")
        place.stop()
