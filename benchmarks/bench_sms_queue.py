"""The queue: put in, sent and reported by the real service to a CMPP gateway in another process, everything persisted.

Beside it, of the same run: bare INSERTs of the same rows (the limit for putting in), and a bare socket loop with the
same window to the same gateway, which keeps nothing (the limit for sending). Aims: 20,000 messages put in a second,
half of the bare rows where the gate is asked about a patient each time, 3,000 sent and reported a second, an urgent
message out within a second while 100,000 others wait.
"""

import os
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import odoo_here  # noqa: E402, F401
from sms_kit import hospital  # noqa: E402
from sms_peer_cmpp import CmppPeer  # noqa: E402
from sms_peers import apart  # noqa: E402

from odoo.addons.hospital_sms.models.hospital_message_queue import Draft, Terms  # noqa: E402
from odoo.addons.hospital_sms.protocols import cmpp  # noqa: E402

from benchmarks.common import environment, print_table  # noqa: E402

PUT_IN, CHUNK, SENT, WAITING = 100_000, 5_000, 20_000, 100_000
AIM_PUT_IN, AIM_SENT, AIM_URGENT = 20_000, 3_000, 1.0
AIM_OF_BARE = 0.5  # with patients each message also asks the gate
WINDOW, CONNECTIONS = 32, 2
PATIENTS = 20_000


os.environ["HOSPITAL_SECRET_BENCH"] = "secret"


def numbers(count, start=0):
    return [f"139{start + n:08}" for n in range(count)]


def put_in(name):
    """Seconds for drafts without a patient and for drafts with one, and for the bare rows."""
    spent = {}
    with environment(name) as env:
        env.cr.execute(
            """INSERT INTO res_partner (name, complete_name, is_patient, active, type, create_date)
               SELECT 'P' || n, 'P' || n, true, true, 'contact', now() FROM generate_series(1, %s) AS n RETURNING id""",
            [PATIENTS],
        )
        patients = [row[0] for row in env.cr.fetchall()]
        env["hospital.message"]._enqueue([Draft("x", "13700000000")], Terms("notice"))
        for what, own in (("without a patient", [None]), ("with a patient", patients)):
            drafts = [
                Draft(f"【人民医院】{n}号您好，请于明日上午九时到门诊三楼心内科复诊。", number, own[n % len(own)])
                for n, number in enumerate(numbers(PUT_IN))
            ]
            started = time.perf_counter()
            for place in range(0, PUT_IN, CHUNK):
                env["hospital.message"]._enqueue(drafts[place : place + CHUNK], Terms("notice"))
            spent[what] = time.perf_counter() - started
            env.cr.execute("SELECT * INTO TEMP kept FROM hospital_message ORDER BY id DESC LIMIT %s", [PUT_IN])
            env.cr.execute(
                "SELECT part.* INTO TEMP kept_part FROM hospital_message_part part JOIN kept ON kept.id = message_id"
            )
            env.cr.execute("DELETE FROM hospital_message_part; DELETE FROM hospital_message")
            started = time.perf_counter()
            env.cr.execute("INSERT INTO hospital_message SELECT * FROM kept")
            env.cr.execute("INSERT INTO hospital_message_part SELECT * FROM kept_part")
            spent[f"{what}, bare rows"] = time.perf_counter() - started
            env.cr.execute(
                "DELETE FROM hospital_message_part; DELETE FROM hospital_message; DROP TABLE kept, kept_part"
            )
    return {what: PUT_IN / seconds for what, seconds in spent.items()}


def bare_loop(port, count):
    """Submits, answers and reports a second by a socket that keeps nothing; the frames are made beforehand."""
    stamp = time.strftime("%m%d%H%M%S")
    with socket.create_connection(("127.0.0.1", port)) as gateway:
        proof = cmpp.authenticator("901234", "secret", stamp)
        gateway.sendall(cmpp.encode(cmpp.Connect("901234", proof, cmpp.V20, int(stamp)), 1, cmpp.V20))
        frames = [
            cmpp.encode(
                cmpp.Submit(
                    msg_src="901234", msg_fmt=8, src_id="10690001", dest_terminal_ids=(number,), content=b"\0a" * 30
                ),
                sequence,
                cmpp.V20,
            )
            for sequence, number in enumerate(numbers(count), 2)
        ]
        sent = answered = reported = 0
        buffer = b""
        while buffer[:12][4:8] != b"\x80\0\0\1":
            buffer = gateway.recv(65536)
        # Two small writes in a row would wait for the peer's acknowledgement of the first.
        gateway.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer, out, started = b"", [], time.perf_counter()
        while reported < count:
            room = min(WINDOW * CONNECTIONS - (sent - answered), count - sent)
            out += frames[sent : sent + room]
            sent += room
            if out:
                gateway.sendall(b"".join(out))
            buffer += gateway.recv(65536)
            place, out = 0, []
            while len(buffer) - place >= 12:
                length, command, sequence = struct.unpack_from(">III", buffer, place)
                if len(buffer) - place < length:
                    break
                if command == 0x80000004:
                    answered += 1
                elif command == 5:
                    reported += 1
                    out.append(struct.pack(">III", 21, 0x80000005, sequence) + buffer[place + 12 : place + 20] + b"\0")
                place += length
            buffer = buffer[place:]
        return count / (time.perf_counter() - started)


def sent_and_reported(place):
    place.clear()
    place.fill(numbers(SENT))
    place.write("ANALYZE")
    place.edit("enabled = TRUE")
    place.until(lambda: place.states().get("queued", 0) < SENT, "it has begun")
    started, already = time.perf_counter(), SENT - place.states().get("queued", 0)
    place.until(lambda: place.states() == {"delivered": SENT}, "all is delivered")
    return (SENT - already) / (time.perf_counter() - started)


def urgent(place):
    """Seconds until urgent messages are out, put in while others wait and leave."""
    place.clear()
    place.fill(numbers(WAITING))
    place.write("ANALYZE")
    place.edit("rate = 200")
    place.until(lambda: place.states().get("delivered", 0) > 200, "it has begun")
    spent = []
    for n in range(10):
        place.fill([f"1380000{n:04}"], priority="0")
        place.until(
            lambda n=n: place.value(
                "SELECT sent_at IS NOT NULL FROM hospital_message WHERE number = %s", f"1380000{n:04}"
            ),
            "out",
        )
        (seconds,) = place.read(
            """SELECT EXTRACT(EPOCH FROM sent_at - create_date)::float FROM hospital_message WHERE number = %s""",
            f"1380000{n:04}",
        )[0]
        spent.append(seconds)
    return sorted(spent)


def main():
    with apart(CmppPeer) as peer:
        gateway = {"protocol": "cmpp2", "host": "127.0.0.1", "port": peer.port, "login": "901234", "window": WINDOW,
                   "connections": CONNECTIONS, "secret_ref": "BENCH", "enabled": False}  # fmt: skip
        bare = bare_loop(peer.port, SENT)
        with hospital("bench_sms", gateway) as place:
            put = put_in(place.name)
            place.start()
            sent = sent_and_reported(place)
            late = urgent(place)
            place.stop()
    print_table(
        ["", "per second", "of the limit"],
        [
            *(
                [what, f"{figure:,.0f}", f"{figure / put.get(what + ', bare rows', figure):.2f}"]
                for what, figure in put.items()
            ),
            ["bare socket loop, nothing kept", f"{bare:,.0f}", ""],
            ["sent, reported, all persisted", f"{sent:,.0f}", f"{sent / bare:.2f}"],
        ],
    )
    print(f"urgent while {WAITING:,} wait: median {late[5]:.3f} s, longest {late[-1]:.3f} s")
    misses = []
    if put["without a patient"] < AIM_PUT_IN:
        misses.append(f"fewer than {AIM_PUT_IN:,} put in a second")
    if put["with a patient"] < AIM_OF_BARE * put["with a patient, bare rows"]:
        misses.append(f"with the gate's answers below {AIM_OF_BARE} of the bare rows")
    if sent < AIM_SENT:
        misses.append(f"fewer than {AIM_SENT:,} sent a second")
    if late[-1] > AIM_URGENT:
        misses.append("an urgent one waited for longer than a second")
    return "; ".join(misses)


if __name__ == "__main__":
    sys.exit(main())
