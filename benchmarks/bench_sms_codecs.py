"""The codecs' part of one message: submit written, answer read, report read; frames cut; texts cut.

Beside it, of the same run: the same bytes by one bare struct.Struct each, without fields' names, hex or stripped NULs
(the limit). Aim: submit, answer and report together in under 60 µs.
"""

import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import odoo_here  # noqa: E402, F401

from odoo.addons.hospital_sms.protocols import cmpp, sgip, smgp, text  # noqa: E402
from odoo.addons.hospital_sms.protocols.frames import Reader  # noqa: E402

from benchmarks.common import print_table  # noqa: E402

COUNT, AIM = 20_000, 60
BODY = "【市一医院】张先生，您预约的心内科复诊时间为11月28日上午9点，请携带医保卡到门诊三楼。".encode("utf-16-be")
SEQUENCE = sgip.sequence(3010099999, "1127153000", 1)


def microseconds(call, count=COUNT):
    """The best of five."""
    runs = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(count // 5):
            call()
        runs.append((time.perf_counter() - started) / (count // 5))
    return 1e6 * min(runs)


def cmpp_once():
    submit = cmpp.Submit(src_id="10657777", dest_terminal_ids=("13900001234",), content=BODY)
    receipt = cmpp.Receipt("01" * 8, "DELIVRD", "2611271529", "2611271530", "13900001234").encode()
    answer = cmpp.encode(cmpp.SubmitResp("01" * 8, 0), 7)
    report = cmpp.encode(cmpp.Deliver("02" * 8, "10657777", registered_delivery=1, content=receipt), 8)

    def once():
        cmpp.encode(submit, 7)
        cmpp.decode(answer)
        cmpp.Receipt.decode(cmpp.decode(report)[1].content)

    return once


def sgip_once():
    submit = sgip.Submit("10655777", user_numbers=("8613000001234",), corp_id="99999", content=BODY)
    answer = sgip.encode(sgip.SubmitResp(), SEQUENCE)
    report = sgip.encode(sgip.Report(SEQUENCE, 0, "8613000001234"), SEQUENCE)

    def once():
        sgip.encode(submit, SEQUENCE)
        sgip.decode(answer)
        sgip.decode(report)

    return once


def smgp_once():
    submit = smgp.Submit(src_term_id="10659", dest_term_ids=("18900001234",), content=BODY)
    receipt = smgp.Receipt("01" * 10, "DELIVRD", "000", "2611271529", "2611271530").encode()
    answer = smgp.encode(smgp.SubmitResp("01" * 10, 0), 7)
    report = smgp.encode(smgp.Deliver("01" * 10, 1, content=receipt), 8)

    def once():
        smgp.encode(submit, 7)
        smgp.decode(answer)
        smgp.Receipt.decode(smgp.decode(report)[1].content)

    return once


def bare_once():
    """CMPP 2.0's three frames."""
    size = len(BODY)
    writing = struct.Struct(f">IIIQBBBB10sB21sBBB6s2s6s17s17s21sB21sB{size}sQ")
    values = (12 + 126 + 21 + size, 4, 7, 0, 1, 1, 1, 0, b"", 2, b"", 0, 0, 8, b"", b"01", b"000000", b"", b"",
              b"10657777", 1, b"13900001234", size, BODY, 0)  # fmt: skip
    answering, reporting = struct.Struct(">IIIQB"), struct.Struct(">IIIQ21s10sBBB21sBBQ7s10s10s21sIQ")
    answer, report = bytes(answering.size), bytes(reporting.size)

    def once():
        writing.pack(*values)
        answering.unpack(answer)
        reporting.unpack(report)

    return once


def main():
    bare = microseconds(bare_once())
    rows = [["bare struct", f"{bare:.1f}", "", ""]]
    messages = {"CMPP": cmpp_once(), "SGIP": sgip_once(), "SMGP": smgp_once()}
    taken = {name: microseconds(once) for name, once in messages.items()}
    for name, took in taken.items():
        rows.append([f"{name}: submit, answer, report", f"{took:.1f}", f"{took / bare:.1f}", f"< {AIM}"])
    chunk = cmpp.encode(cmpp.SubmitResp("01" * 8, 0), 7) * 1000
    slices = microseconds(lambda: [chunk[at : at + 21] for at in range(0, len(chunk), 21)], 500) / 1000
    rows.append(["a frame, bare slice", f"{slices:.2f}", "", ""])
    for size in (65536, 100, 1):
        parts = [chunk[at : at + size] for at in range(0, len(chunk), size)]

        def feed(parts=parts):
            reader = Reader()
            return [frame for part in parts for frame in reader.feed(part)]

        took = microseconds(feed, 50) / 1000
        rows.append([f"a frame, fed {size:,} bytes at a time", f"{took:.2f}", f"{took / slices:.1f}", ""])
    long = BODY.decode("utf-16-be") * 4
    for alphabet in ("ucs2", "gbk"):
        took = microseconds(lambda alphabet=alphabet: text.split(long, alphabet))
        rows.append([f"a text of {len(long)} characters in parts, {alphabet}", f"{took:.1f}", "", ""])
    print_table(["what", "µs", "of the bare one", "aim"], rows)
    return max(taken.values()) < AIM


if __name__ == "__main__":
    sys.exit(0 if main() else f"a message costs its codec more than {AIM} µs")
