"""The link of SMPP against a gateway of our own and against smpplib's reading of the specification.

After each story, ``Place.check``: every part handed over has exactly one outcome, the gateway has seen nothing twice,
and what is acknowledged has been kept.
"""

import asyncio
import struct

import pytest
import smpplib.smpp
from hypothesis import given
from hypothesis import strategies as st
from smpplib.client import Client
from sms_peer_smpp import SmppPeer
from sms_sessions_kit import Place, hasten, linked, parts

from odoo.addons.hospital_sms.protocols import smpp, text
from odoo.addons.hospital_sms.protocols.contract import Accepted, Part, Rejected, Report, Unknown
from odoo.addons.hospital_sms.protocols.frames import Malformed


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    hasten(monkeypatch)


def story(tell, peer=None, **settings):
    """Run ``await tell(place)`` against a gateway with these faults."""

    async def run():
        async with linked("smpp", there, **settings) as place:
            await tell(place)

    with SmppPeer(**(peer or {})) as there:
        asyncio.run(run())
        return there


# -- login ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [0x0D, 0x0E, 0x0F])
def test_a_refused_login_is_tried_once(status):
    async def run():
        place = Place("smpp", peer, connections=3, smpp_system_type="VMA")
        await asyncio.wait_for(place.link.run(), 5)
        return [(one.state, one.code) for one in place.service.statuses]

    with SmppPeer(refuse=status) as peer:
        assert asyncio.run(run()) == [("connecting", ""), ("refused", f"0x{status:02x}")]
        assert len(peer.logins) == 1 and peer.system_type == "VMA"


def test_a_login_that_is_bound_elsewhere_is_tried_again():
    async def tell(place):
        await place.until(lambda: len(place.peer.logins) >= 3)
        place.peer.refuse = 0
        await place.feed(parts(5))
        assert ("failing", "0x05") in [(one.state, one.code) for one in place.service.statuses]

    story(tell, {"refuse": 5}, wait=False)


# -- submits, answers, reports ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form, ids", [("text", None), ("tlv", None), ("decimal", "hex_decimal")])
@pytest.mark.parametrize("when", ["after", "before"])
def test_reports_name_the_submit_in_every_form(form, ids, when):
    """By TLV, by text, in another number system than the answer; doubled, and even before the answer."""

    async def tell(place):
        await place.feed(parts(100))
        await place.until(lambda: len(place.service.kept) == 200 and not place.peer.unacknowledged)
        accepted = {outcome.provider_id: part_id for part_id, (outcome,) in place.service.outcomes.items()}
        assert {report.provider_id for report in place.service.kept} == set(accepted) and len(accepted) == 100
        for report in place.service.kept:
            assert report.state == "delivered" and report.number == place.parts[accepted[report.provider_id]].number

    story(tell, {"form": form, "reports": when, "times": 2}, smpp_ids=ids)


def test_a_byte_at_a_time():
    async def tell(place):
        await place.feed(parts(1))
        await place.until(lambda: place.service.kept)

    story(tell, {"piece": 1})


def test_what_reports_say():
    stats = ["DELIVRD", "UNDELIV", "EXPIRED", "ENROUTE", "XX:0012"]

    async def tell(place):
        await place.feed(parts(5))
        await place.until(lambda: len(place.service.kept) == 5)
        assert sorted((report.state, report.code) for report in place.service.kept) == [
            ("delivered", "DELIVRD"),
            ("failed", "EXPIRED"),
            ("failed", "UNDELIV"),
            ("failed", "XX:0012"),
            ("pending", "ENROUTE"),
        ]

    story(tell, {"stat": lambda submit: stats[int(submit.number[-1])]})


def test_refusals_by_their_code():
    """A vendor's own status too, which is none of the specification's."""
    results = [0x0B, 0x58, 0x14, 0x08, 0x400]

    async def tell(place):
        place.give(*parts(5))
        await place.until(lambda: len(place.service.outcomes) == 5)
        kinds = [(one.code, one.kind) for (one,) in (place.service.outcomes[n] for n in range(5))]
        assert kinds == [
            ("0x0b", "failed"),
            ("0x58", "throttled"),
            ("0x14", "throttled"),
            ("0x08", "busy"),
            ("0x400", "failed"),
        ]
        place.service.again.clear()
        place.peer.result = 0
        await place.feed(parts(3, first=10))
        assert place.last(Accepted) == {10, 11, 12}

    story(tell, {"result": lambda submit: results[int(submit.number[-1])]})


def test_throttling_under_load_loses_nothing():
    async def tell(place):
        await place.feed(parts(300))
        assert place.last(Accepted) == set(range(300))
        assert any(isinstance(one, Rejected) for found in place.service.outcomes.values() for one in found)

    peer = story(tell, {"limit": 150}, window=10, connections=2)
    assert peer.most_open <= 10


@pytest.mark.parametrize(
    "die", ["connect", "login", "logged", ("read", 1), ("read", 7), ("half", 3)], ids=lambda die: str(die)
)
def test_a_gateway_that_dies_at_any_step(die):
    """What has left and was not answered is unknown, and is not sent again; all the rest goes out."""

    async def tell(place):
        await place.feed(parts(40))
        assert place.last(Accepted) | place.last(Unknown) == set(range(40))
        lost = len(place.last(Unknown))
        assert 1 <= lost <= 16 if isinstance(die, tuple) else not lost

    story(tell, {"die": die}, wait=False)


def test_closing_waits_for_answers_and_says_goodbye():
    async def tell(place):
        place.give(*parts(10))
        await place.until(lambda: len(place.peer.submits) == 10)
        asyncio.get_running_loop().call_later(0.1, place.peer.release)
        await place.link.close(5)
        assert place.last(Accepted) == set(range(10))

    assert story(tell, {"hold": True}).goodbyes == 1


# -- the connection --------------------------------------------------------------------------------------------------


def test_both_ask_whether_the_other_lives():
    async def tell(place):
        place.peer.heartbeat()
        await place.until(lambda: place.peer.heartbeats >= 2 and place.peer.heartbeat_answers == 1)
        assert len(place.peer.logins) == 1

    story(tell, heartbeat=0.1)


def test_a_gateway_that_no_longer_answers_is_left():
    async def tell(place):
        await place.until(lambda: len(place.peer.logins) >= 2)
        place.peer.silent = ()
        await place.feed(parts(3))

    story(tell, {"silent": ("heartbeat",)}, heartbeat=0.05)


def test_a_gateway_that_unbinds_is_answered_and_bound_again():
    async def tell(place):
        await place.feed(parts(5))
        place.peer.goodbye()
        await place.until(lambda: place.peer.goodbye_answers == 1 and len(place.peer.logins) == 2 and place.link.free)
        await place.feed(parts(5, first=5))
        assert place.last(Accepted) == set(range(10))

    story(tell)


def test_what_cannot_be_read_is_refused_and_harms_nobody():
    """A command of another kind, a deliver that ends too early, nonsense after it."""

    async def tell(place):
        peer = place.peer
        peer.write(struct.pack(">IIII", 16, 0x103, 0, 77))
        peer.write(struct.pack(">IIII", 20, 5, 0, 78) + b"\0\1\1x")
        peer.write(struct.pack(">IIII", 16, 0x80000021, 0, 79))
        await place.until(lambda: len(peer.nacks) == 2)
        assert peer.nacks == [(77, 3), (78, 2)]
        await place.feed(parts(5))
        assert place.last(Accepted) == set(range(5)) and len(peer.logins) == 1

    story(tell)


@given(st.binary(max_size=200), st.dictionaries(st.sampled_from([0x1E, 0x427, 0x20C, 0x20E, 0x20F]), st.binary()))
def test_no_bytes_hurt_the_reader(raw, tlvs):
    """Whatever comes is read, or is Malformed."""
    try:
        pdu = smpp.deliver(struct.pack(">IIII", 16 + len(raw), 5, 0, 1) + raw)
    except Malformed:
        pdu = smpp.Deliver("1", "2", 0x44, 0, raw, tlvs)
    smpp.receipt(pdu)
    smpp.words(smpp.piece(pdu).body, pdu.coding)


# -- texts -------------------------------------------------------------------------------------------------------------


def test_long_texts_and_alphabets():
    """Parts with a header and esm_class 0x40; the GSM phones' alphabet where it has every character, else UCS2."""
    long, plain, braces = "【仁和医院】" + "您好𠮷" * 60, "Visit @ 8:30, £5_" + "x" * 100, "{a}"
    whole = [(1, long), (2, plain), (3, braces), (4, plain * 2)]

    async def tell(place):
        given = []
        for ref, words in whole:
            total = text.count(words, "gsm7")
            given += [
                Part(ref * 10 + n, "", f"139000000{ref}{n}", "10690001", words, n, total, ref=ref)
                for n in range(1, total + 1)
            ]
        await place.feed(given)

    peer = story(tell, alphabet="gsm7")
    got = {}
    for submit in peer.submits:
        assert submit.number.startswith("86139") and submit.sender == "10690001"
        ref, head, body = int(submit.number[-2]), submit.content[: 6 * submit.udhi], submit.content[6 * submit.udhi :]
        if submit.udhi:
            assert head[:4] == bytes((5, 0, 3, ref)) and head[5] == int(submit.number[-1])
        got.setdefault(ref, []).append((submit.number, submit.format, len(submit.content), body))
    for ref, words in whole:
        codings = {coding for _number, coding, _length, _body in got[ref]}
        joined = b"".join(body for *_rest, body in sorted(got[ref]))
        assert all(length <= (140 if codings == {8} else 160) for _number, _coding, length, _body in got[ref])
        assert codings == ({0} if ref in (2, 4) else {8})
        assert joined.decode("utf-16-be" if codings == {8} else "gsm7") == words
    assert [len(got[ref]) for ref in (1, 2, 3, 4)] == [text.count(long), 1, 1, 2]
    assert got[2][0][3][6] == 0  # "@" is the first of its alphabet


def test_replies_in_every_dress():
    async def tell(place):
        peer = place.peer
        peer.deliver("8613900000001", "好的", "1069000112")
        peer.deliver("8613900000002", "退订".encode("gbk"), coding=0)
        peer.deliver("8613900000003", b"\0 home", coding=0)
        peer.deliver("+85261234567", "é", coding=3)
        peer.deliver("8613900000004", "甲", esm_class=0x40, head=bytes((5, 0, 3, 9, 2, 1)))
        peer.deliver("8613900000004", "乙", esm_class=0x40, head=bytes((6, 8, 4, 1, 2, 2, 2)))
        sar = struct.pack(">HHHHHBHHB", 0x20C, 2, 7, 0x20E, 1, 2, 0x20F, 1, 1)
        peer.deliver("8613900000005", "丙", tlvs=sar)
        await place.until(lambda: len(place.service.kept) == 7 and not peer.unacknowledged)
        seen = [(one.number, one.destination, one.text, one.ref, one.index, one.total) for one in place.service.kept]
        assert seen == [
            ("13900000001", "1069000112", "好的", 0, 1, 1),
            ("13900000002", "10690001", "退订", 0, 1, 1),
            ("13900000003", "10690001", "@ home", 0, 1, 1),
            ("85261234567", "10690001", "é", 0, 1, 1),
            ("13900000004", "10690001", "甲", 9, 1, 2),
            ("13900000004", "10690001", "乙", 258, 2, 2),
            ("13900000005", "10690001", "丙", 7, 1, 2),
        ]
        assert len({one.key for one in place.service.kept}) == 7

    story(tell)


def test_what_was_not_kept_is_not_acknowledged_and_comes_again():
    async def tell(place):
        place.service.refuse = lambda item: True
        place.peer.deliver("8613900000001", "好的")
        await place.until(lambda: place.service.calls)
        assert place.peer.unacknowledged == 1 and not place.service.kept
        place.service.refuse = lambda item: False
        place.peer.again()
        await place.until(lambda: not place.peer.unacknowledged)
        place.peer.deliver("8613900000001", "好的")
        await place.until(lambda: len(place.service.kept) >= 2)
        assert len({one.key for one in place.service.kept if not isinstance(one, Report)}) == 1

    story(tell)


def test_smpplib_reads_what_we_write():
    client = Client("127.0.0.1", 1, allow_unknown_opt_params=True)
    bind = smpplib.smpp.parse_pdu(smpp.bind(1, "901234", "secret", "VMA"), client=client)
    assert (bind.command, bind.system_id, bind.password) == ("bind_transceiver", b"901234", b"secret")
    content = text.split("您好" * 40, ref=7)[1]
    raw = smpp.submit(5, "10690001", "8613900000001", 8, 1, content.header + content.body)
    pdu = smpplib.smpp.parse_pdu(raw, client=client)
    assert (pdu.command, pdu.sequence, pdu.data_coding, pdu.esm_class) == ("submit_sm", 5, 8, 0x40)
    assert (pdu.source_addr, pdu.destination_addr, pdu.dest_addr_ton) == (b"10690001", b"8613900000001", 1)
    assert pdu.short_message == content.header + content.body and pdu.registered_delivery == 1
