"""Framing under fire, the listener's limits, and reading compared with an independent library."""

import asyncio
import contextlib
import random

import hl7
import odoo_here  # noqa: F401
from hl7_kit import message, story
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.hospital_his_connector.hl7 import reading, rows, server
from odoo.addons.hospital_his_connector.hl7.framing import Framer, TooLong, frame
from odoo.addons.hospital_his_connector.hl7.message import Message

BODY = st.binary(max_size=60).map(lambda raw: raw.translate(None, b"\x0b\x1c"))


@given(st.lists(BODY, max_size=8), st.lists(st.integers(1, 40), max_size=30))
def test_frames_are_cut_alike_however_they_are_split(bodies, cuts):
    stream, framer, found = b"".join(frame(body) for body in bodies), Framer(), []
    for cut in [*cuts, len(stream)]:
        part, stream = stream[:cut], stream[cut:]
        found += framer.feed(part)
    assert found == bodies and not framer.inside


@given(st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"MSH|^~\\&|", b"x", "张".encode()]), max_size=40))
def test_a_framer_survives_anything_and_finds_the_next_message(parts):
    framer = Framer(50)
    for part in parts:
        with contextlib.suppress(TooLong):
            list(framer.feed(part))
        if framer._length > 50:
            framer = Framer(50)
    assert list(framer.feed(frame(b"MSH|good")))[-1] == b"MSH|good"


@settings(max_examples=300)
@given(st.binary(max_size=200), st.sampled_from(["utf-8", "gb18030"]))
def test_whatever_comes_is_kept_and_answered(raw, charset):
    received = reading.read(raw, charset)
    assert "\x00" not in received.text and received.text.encode() and received.number or not raw.strip(b"\x00")
    assert hl7.parse(received.answer)["MSA.F1"] in ("AA", "AR")


WORD = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters='|^~\\&"'), max_size=8).map(
    str.strip
)
FIELD = st.lists(st.lists(st.lists(WORD, min_size=1, max_size=3).map("&".join), min_size=1, max_size=4).map("^".join),
                 min_size=1, max_size=3).map("~".join)  # fmt: skip


@settings(max_examples=200)
@given(
    st.lists(FIELD, min_size=1, max_size=6), st.integers(1, 6), st.integers(1, 3), st.integers(1, 4), st.integers(1, 3)
)
def test_values_are_those_that_another_library_reads(fields, field, repetition, component, part):
    text = "MSH|^~\\&|HIS|A|B|C|20261101||ADT^A01|1|P|2.4\r" + "|".join(["ZZZ", *fields])
    ours = Message(text)[f"ZZZ-{field}({repetition}).{component}.{part}"]
    try:
        theirs = hl7.parse(text)[f"ZZZ.F{field}.R{repetition}.C{component}.S{part}"]
    except (IndexError, KeyError, hl7.HL7Exception):
        theirs = ""
    assert ours == theirs.strip()


def test_escapes_are_those_of_another_library():
    raw = "a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f"
    text = f"MSH|^~\\&|HIS|A|B|C|20261101||ADT^A01|1|P|2.4\rZZZ|{raw}"
    assert Message(text)["ZZZ-1"] == hl7.parse(text).unescape(raw) == "a|b^c&d~e\\f"


def test_mutations_of_real_messages_never_raise():
    chance = random.Random(3)
    spec = {"kind": "patient", "key": "PID-3.1", "codemaps": {}, "fields": [
        {"target": "name", "column": "PID-5(*).1"}, {"target": "phone", "column": "NK1(2)-5(5=x).1"}]}  # fmt: skip
    for text in story(1) * 200:
        raw = bytearray(text.encode())
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(raw))
            raw[place : place + chance.randrange(3)] = bytes(chance.randrange(256) for _ in range(chance.randrange(3)))
        received = reading.read(bytes(raw), "utf-8")
        if not received.code:
            rows.rows(Message(received.text), spec, chance.choice(["", "PID", "OBX"]))


# -- the listener itself, on a real socket ---------------------------------------------------------------------


async def keep(messages):
    return [b"ACK " + text for text in messages]


def serve(play, peers="127.0.0.1", **limits):
    """Play against a listener; whatever it did, the listener still answers a good client afterwards."""

    async def run():
        listening = server.Server("127.0.0.1", 0, peers, keep)
        await listening.start()
        port = listening._server.sockets[0].getsockname()[1]
        try:
            async with asyncio.timeout(30):
                result = await play(port)
                if peers == "127.0.0.1":
                    assert await ask(port, [frame(b"MSH|ok")], 1) == [b"ACK MSH|ok"]
            return result
        finally:
            await listening.stop()

    before = {name: getattr(server, name) for name in limits}
    try:
        for name, value in limits.items():
            setattr(server, name, value)
        return asyncio.run(run())
    finally:
        for name, value in before.items():
            setattr(server, name, value)


async def ask(port, chunks, count):
    """Send chunk by chunk; the first ``count`` answers, fewer if the listener hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    framer, answers = Framer(), []
    with contextlib.suppress(ConnectionError):
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0)
        while len(answers) < count and (data := await reader.read(65536)):
            answers += framer.feed(data)
    writer.close()
    return answers


def test_split_and_joined_frames():
    stream = b"".join(frame(b"MSH|%d" % n) for n in range(50))
    whole = [b"ACK MSH|%d" % n for n in range(50)]
    assert serve(lambda port: ask(port, [stream], 50)) == whole
    assert serve(lambda port: ask(port, [stream[n : n + 7] for n in range(0, len(stream), 7)], 50)) == whole


def test_noise_breaks_nothing():
    chance = random.Random(1)

    async def play(port):
        for _ in range(100):
            await ask(port, [bytes(chance.choices(b"\x0b\x1c\rMSH|\xff", k=chance.randrange(1, 200)))], 0)

    serve(play)


def test_a_message_that_never_ends_is_hung_up_on():
    assert serve(lambda port: ask(port, [b"\x0b", *[b"x" * 2_000_000] * 6], 1)) == []


def test_a_message_that_is_dribbled_is_hung_up_on():
    async def dribble(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x0bMSH|")
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(1), 0.05)
        writer.close()

    serve(dribble, REST=0.5)


def test_a_silent_connection_is_given_up():
    async def silent(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        writer.close()

    serve(silent, IDLE=0.3)


def test_who_holds_all_connections_locks_nobody_out():
    async def crowd(port):
        crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for _reader, writer in crowd:
            writer.write(b"\x0bMSH|never ending")
        await asyncio.sleep(0.1)
        crowd[0][1].write(b"\x1c\r")  # but this one does
        assert b"ACK MSH" in await crowd[0][0].read(100)
        assert await ask(port, [frame(b"MSH|1")], 1) == [b"ACK MSH|1"]
        async with asyncio.timeout(5):
            assert await crowd[1][0].read() == b"", "who was silent longest has made room"
        crowd[0][1].write(frame(b"MSH|2"))
        assert b"ACK MSH|2" in await crowd[0][0].read(100)
        for _reader, writer in crowd:
            writer.close()
        await asyncio.sleep(0.1)

    serve(crowd, CONNECTIONS=3)


def test_a_stranger_is_turned_away():
    assert serve(lambda port: ask(port, [frame(b"MSH|1")], 1), peers="10.0.0.0/8, ::1") == []


def test_chinese_in_gbk_whose_bytes_look_like_separators():
    # The second bytes of these characters are | ^ ~ \ of ASCII.
    name = "".join(bytes(pair).decode("gbk") for pair in (b"\x82\x7c", b"\x82\x5e", b"\x81\x7e", b"\x82\x5c"))
    text = message("ADT^A01", "1", name=name).replace("UNICODE UTF-8", "GBK")
    received = reading.read(text.encode("gb18030"), "utf-8")
    assert Message(received.text)["PID-5.1"] == name and received.encoding == "gb18030"
