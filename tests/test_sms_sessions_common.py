"""The links of CMPP, SGIP and SMGP against gateways that do what real ones have been seen to do.

After each story, ``Place.check``: every part handed over has exactly one outcome, the gateway has seen nothing twice,
and what is acknowledged has been kept.
"""

import asyncio
import struct
import time
from datetime import datetime

import pytest
from sms_sessions_kit import (
    PROTOCOLS,
    Place,
    hasten,
    linked,
    parts,
    peer_of,
    story,
)

from odoo.addons.hospital_sms.protocols import session
from odoo.addons.hospital_sms.protocols.contract import Accepted, Rejected, Status, Unknown, Unsent

EACH = pytest.mark.parametrize("protocol", PROTOCOLS)
BEATING = pytest.mark.parametrize("protocol", ["cmpp2", "cmpp3", "smgp"])


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    hasten(monkeypatch)


# -- login ---------------------------------------------------------------------------------------------------------


@EACH
def test_a_wrong_password_is_tried_once(protocol):
    async def run(peer):
        place = Place(protocol, peer, connections=3)
        await asyncio.wait_for(place.link.run(), 5)
        return place.service.statuses

    with peer_of(protocol) as peer:
        peer.secret, wrong = "another", {"cmpp2": "3", "cmpp3": "3", "smgp": "21", "sgip": "1"}[protocol]

        async def with_the_old_one():
            place = Place(protocol, peer, connections=3)
            place.link.account = place.link.account._replace(secret="secret")
            await asyncio.wait_for(place.link.run(), 5)
            return place.service.statuses

        statuses = asyncio.run(with_the_old_one())
        assert [(status.state, status.code) for status in statuses] == [("connecting", ""), ("refused", wrong)]
        assert len(peer.logins) == 1 and not peer.submits


@EACH
def test_one_login_of_several_that_is_refused_is_not_hammered(protocol):
    """While another is open it may be the operator's mistake; once none is open, it is a refusal."""
    wrong = {"smgp": 21, "sgip": 1}.get(protocol, 3)

    async def tell(place):
        await place.until(lambda: len(place.link.ready) == 2)
        place.peer.refuse = wrong
        place.peer.do(place.peer.connections[0].transport.abort)
        await place.until(lambda: len(place.peer.logins) == 3)
        await place.feed(parts(5))
        await asyncio.sleep(0.2)
        assert place.last(Accepted) == set(range(5)) and len(place.peer.logins) == 3
        assert place.service.statuses[-1] == Status("connected", 1, str(wrong))
        place.peer.drop()
        await asyncio.wait_for(place.task, 5)
        assert place.service.statuses[-1] == Status("refused", 0, str(wrong)) and len(place.peer.logins) == 4

    story(protocol, tell, connections=2)


@EACH
def test_a_gateway_that_is_full_is_tried_again(protocol):
    """Too many connections is no wrong password."""
    busy = {"cmpp2": 10, "cmpp3": 10, "smgp": 2, "sgip": 3}[protocol]

    async def tell(place):
        await place.until(lambda: len(place.peer.logins) >= 3)
        place.peer.refuse = 0
        await place.feed(parts(5))
        assert place.last(Accepted) == set(range(5))
        assert ("failing", str(busy)) in [(status.state, status.code) for status in place.service.statuses]

    story(protocol, tell, {"refuse": busy}, wait=False)


@pytest.mark.parametrize("protocol, answers", [("cmpp2", 0x30), ("cmpp3", 0x20)])
def test_a_login_answered_in_the_other_version_counts(protocol, answers):
    async def tell(place):
        await place.feed(parts(5))
        assert place.last(Accepted) == set(range(5))

    story(protocol, tell, {"answer_version": answers})


@pytest.mark.parametrize("protocol", ["cmpp2", "cmpp3"])
def test_a_refusal_in_the_other_version_is_understood(protocol):
    async def run():
        place = Place(protocol, peer)
        await asyncio.wait_for(place.link.run(), 5)
        assert place.service.statuses[-1][::2] == ("refused", "3")

    with peer_of(protocol, refuse=3, answer_version=0x50 - (0x30 if protocol == "cmpp3" else 0x20)) as peer:
        asyncio.run(run())


@pytest.mark.parametrize("padded", [False, True])
def test_short_client_ids_are_hashed_as_the_gateway_wants(padded):
    async def tell(place):
        await place.feed(parts(3))
        assert place.last(Accepted) == {0, 1, 2}

    story("smgp", tell, {"login": "333", "padded": padded}, padded_login=padded)


@EACH
def test_a_login_that_is_not_answered_is_tried_again(protocol, monkeypatch):
    monkeypatch.setattr(session, "LOGIN", 0.2)

    async def tell(place):
        await place.until(lambda: len(place.peer.logins) >= 2)
        place.peer.silent = ()
        await place.feed(parts(3))
        assert "silent" in [status.code for status in place.service.statuses]

    story(protocol, tell, {"silent": ("login",)}, wait=False)


def test_a_name_that_no_login_can_hold_is_refused_without_a_login():
    async def run():
        place = Place("cmpp2", peer)
        place.link.account = place.link.account._replace(login="much too long")
        await asyncio.wait_for(place.link.run(), 5)
        assert place.service.statuses[-1][::2] == ("refused", "unwritable")

    with peer_of("cmpp2") as peer:
        asyncio.run(run())
        assert not peer.logins


# -- submits and their answers ---------------------------------------------------------------------------------------


@EACH
def test_messages_go_out_and_their_reports_come_in(protocol):
    async def tell(place):
        await place.feed(parts(200))
        await place.until(lambda: len(place.service.kept) == 200 and not place.peer.unacknowledged)
        accepted = {outcome.provider_id for (outcome,) in place.service.outcomes.values()}
        assert {report.provider_id for report in place.service.kept} == accepted and len(accepted) == 200
        assert {report.state for report in place.service.kept} == {"delivered"}
        assert max(place.service.calls) > 1  # what comes together is kept together

    peer = story(protocol, tell)
    assert {submit.content.decode("utf-16-be") for submit in peer.submits} == {"您好"}
    assert {(submit.sender, submit.format, submit.udhi) for submit in peer.submits} == {("10690001", 8, 0)}
    assert len(peer.logins) == 1 and peer.goodbyes == 1 and peer.most_open <= 16


@EACH
@pytest.mark.parametrize("wide", [False, True])
def test_the_parts_of_a_long_message_find_each_other(protocol, wide):
    """Sent at different times, on different connections: the reference is the message's."""
    text = "请于明早八点空腹来院复查。" * 12

    async def tell(place):
        total = 3
        one = parts(1, text)[0]._replace(total=total, ref=0x1234)
        for index in (3, 1, 2):
            await place.feed([one._replace(id=index, index=index, number=f"1390000000{index}")])

    peer = story(protocol, tell, connections=2, wide_ref=wide)
    size = 7 if wide else 6
    found = sorted((submit.content[:size], submit.content[size:]) for submit in peer.submits)
    head = b"\6\x08\4\x12\x34\3" if wide else b"\5\0\3\x34\3"
    assert [header for header, _body in found] == [head + bytes([index]) for index in (1, 2, 3)]
    assert b"".join(body for _header, body in found).decode("utf-16-be") == text
    assert {submit.udhi for submit in peer.submits} == {1}


@EACH
def test_the_window_is_respected(protocol):
    async def tell(place):
        await place.until(lambda: place.link.free == 10)
        place.give(*parts(14))
        assert place.link.free == 0 and place.last(Unsent) == {10, 11, 12, 13}
        await place.until(lambda: len(place.peer.submits) == 10)
        place.give(*parts(1, first=20))
        assert place.last(Unsent) == {10, 11, 12, 13, 20}
        place.peer.release()
        await place.feed([])
        assert place.last(Accepted) == {*range(14), 20} and place.link.free == 10

    peer = story(protocol, tell, {"hold": True}, window=5, connections=2)
    assert peer.most_open == 5


@EACH
def test_throttled_submits_wait_and_go_again(protocol):
    async def tell(place):
        free_after = []
        settle = place.service.settle

        def noting(outcomes):
            settle(outcomes)
            if any(getattr(outcome, "kind", "") == "throttled" for outcome in outcomes):
                free_after.append(place.link.free)

        place.service.settle = noting
        await place.feed(parts(60))
        assert place.last(Accepted) == set(range(60))
        assert free_after and set(free_after) == {0}
        throttled = sum(isinstance(one, Rejected) for found in place.service.outcomes.values() for one in found)
        assert throttled < 200  # it does not hammer

    story(protocol, tell, {"limit": 40})


@EACH
def test_what_the_operator_refuses_says_what_it_is(protocol):
    codes = {
        "cmpp2": {0: "13", 1: "10"},
        "cmpp3": {0: "13", 1: "10"},
        "smgp": {0: "58", 1: "46"},
        "sgip": {0: "23", 1: "5"},
    }[protocol]

    async def tell(place):
        bad = parts(1, first=90)[0]._replace(number="9" * 40)
        strange = parts(1, first=91)[0]._replace(total=2)
        await place.feed([*parts(3), bad, strange])
        found = {part_id: outcomes[0] for part_id, outcomes in place.service.outcomes.items()}
        assert found[0] == Rejected(0, codes[0], "elsewhere") and found[1] == Rejected(1, codes[1], "failed")
        assert isinstance(found[2], Accepted)
        assert found[90] == Rejected(90, "unwritable", "failed") and found[91] == Rejected(91, "parts", "failed")

    story(protocol, tell, {"result": lambda submit: int(codes.get(int(submit.number[3:]), 0))})


@EACH
def test_a_service_that_hands_over_the_next_at_once(protocol):
    """However many there are that cannot be written."""

    async def tell(place):
        waiting = [*parts(3000, "好" * 80), *parts(1, first=5000)]

        def hand_over():
            while waiting and place.link.free:
                place.give(waiting.pop(0))

        place.link.on_free(hand_over)
        hand_over()
        await place.until(lambda: len(place.service.outcomes) == 3001)
        assert place.last(Accepted) == {5000}

    story(protocol, tell, window=1)


@EACH
def test_an_answer_that_does_not_come_is_unknown_and_opens_the_window(protocol):
    async def tell(place):
        place.give(*parts(4))
        await place.until(lambda: len(place.service.outcomes) == 4)
        assert {outcome.reason for (outcome,) in place.service.outcomes.values()} == {"timeout"}
        place.peer.release()
        place.peer.hold = False
        await place.feed(parts(4, first=10))
        assert place.last(Accepted) == {10, 11, 12, 13} and place.last(Unknown) == {0, 1, 2, 3}

    story(protocol, tell, {"hold": True}, window=4, response_timeout=0.2)


@EACH
def test_parts_are_spread_over_connections_and_one_that_is_cut_takes_only_its_own_along(protocol):
    async def tell(place):
        await place.until(lambda: place.link.free == 12)
        place.give(*parts(9))
        await place.until(lambda: len(place.peer.submits) == 9)
        first = place.peer.connections[0]
        place.peer.do(first.transport.abort)
        await place.until(lambda: place.last(Unknown))
        own = {int(submit.number[3:]) for submit in place.peer.submits if submit.connection == first.number}
        assert place.last(Unknown) == own and 0 < len(own) <= 4
        place.peer.release()
        await place.feed(parts(20, first=100))
        assert place.last(Accepted) == {*range(9), *range(100, 120)} - own

    peer = story(protocol, tell, {"hold": True}, window=4, connections=3)
    assert len({submit.connection for submit in peer.submits}) >= 3


# -- reports and replies ---------------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("faults", [{"reports": "before"}, {"reports": "elsewhere"}, {"times": 2}, {"lag": 0.1}],
                         ids=["before", "elsewhere", "doubled", "later"])  # fmt: skip
def test_reports_come_whenever_and_wherever(protocol, faults):
    async def tell(place):
        await place.until(lambda: len(place.peer.logins) == 2)
        await place.feed(parts(30))
        count = 30 * faults.get("times", 1)
        await place.until(lambda: len(place.service.kept) == count and not place.peer.unacknowledged)
        accepted = {outcome.provider_id for (outcome,) in place.service.outcomes.values()}
        assert {report.provider_id for report in place.service.kept} == accepted

    story(protocol, tell, faults, connections=2)


@EACH
def test_a_report_days_late_on_a_new_connection(protocol):
    async def tell(place):
        await place.feed(parts(1))
        place.peer.drop()
        await place.until(lambda: len(place.peer.logins) == 2 and place.link.free)
        place.peer.report(place.peer.submits[0], "UNDELIV")
        await place.until(lambda: place.service.kept)
        (report,) = place.service.kept
        assert report.provider_id == place.service.outcomes[0][0].provider_id and report.state == "failed"
        assert report.number == "13900000000"
        assert report.code == {"smgp": "UNDELIV 001", "sgip": "25"}.get(protocol, "UNDELIV")

    story(protocol, tell, {"reports": None})


@pytest.mark.parametrize("width", [21, 32])
@pytest.mark.parametrize("protocol", ["cmpp2", "cmpp3"])
def test_reports_of_both_widths_on_both_versions(protocol, width):
    async def tell(place):
        await place.feed(parts(1))
        place.peer.report(place.peer.submits[0], "MK:0001", done=time.struct_time((2026, 11, 27, 7, 30, 0, 4, 331, 0)))
        await place.until(lambda: place.service.kept)
        (report,) = place.service.kept
        assert report[:4] == (place.peer.submits[0].key, "failed", "MK:0001", "13900000000")
        assert report.done_at == datetime(2026, 11, 26, 23, 30)  # Beijing's time is eight hours ahead

    story(protocol, tell, {"report_width": width, "reports": None})


@pytest.mark.parametrize("faults", [{}, {"spelling": "capital"}, {"spelling": "underline", "text_width": 13},
                                    {"text_width": 13}, {"hex_ids": True}, {"odd_ids": True}],
                         ids=str)  # fmt: skip
def test_reports_of_china_telecom_in_every_spelling(faults):
    async def tell(place):
        await place.feed(parts(2))
        await place.until(lambda: len(place.service.kept) == 2)
        assert {report[:3] for report in place.service.kept} == {
            (submit.key, "delivered", "DELIVRD") for submit in place.peer.submits
        }

    story("smgp", tell, faults)


@EACH
def test_an_intermediate_state_is_not_the_end(protocol):
    async def tell(place):
        await place.feed(parts(1))
        await place.until(lambda: place.service.kept)
        assert place.service.kept[0].state == "pending"

    story(protocol, tell, {"stat": "ACCEPTD"})


@EACH
def test_replies_come_in_whole_and_in_parts(protocol):
    async def tell(place):
        place.peer.deliver("13900000001", "好的，谢谢")
        place.peer.deliver("13900000001", "第一段", udh=b"\5\0\3\x2a\2\1")
        place.peer.deliver("13900000001", "TD", format=0)
        await place.until(lambda: len(place.service.kept) == 3 and not place.peer.unacknowledged)
        whole, piece, stop = place.service.kept
        assert (whole.number, whole.destination, whole.text) == ("13900000001", "10690001", "好的，谢谢")
        assert (piece.text, piece.ref, piece.index, piece.total) == ("第一段", 42, 1, 2)
        assert stop.text == "TD" and len({reply.key for reply in place.service.kept}) == 3

    story(protocol, tell)


@EACH
def test_nothing_is_acknowledged_before_it_is_kept(protocol):
    async def tell(place):
        place.service.gate.clear()
        await place.feed(parts(20))
        await place.until(lambda: place.peer.unacknowledged == 20)
        await asyncio.sleep(0.1)
        assert not place.peer.acknowledged and not place.service.kept
        place.service.gate.set()
        await place.until(lambda: not place.peer.unacknowledged)
        assert len(place.service.kept) == 20

    story(protocol, tell)


@EACH
def test_what_cannot_be_kept_comes_again(protocol):
    """And one that can never be kept holds up none of the others."""

    async def tell(place):
        bad = "13900000007"
        place.service.refuse = lambda item: True
        await place.feed(parts(20))
        await place.until(lambda: place.service.calls)
        await place.until(lambda: not place.link.held)
        assert not place.peer.acknowledged
        place.service.refuse = lambda item: item.number == bad
        for _ in range(60):
            place.peer.again()
            await asyncio.sleep(0.05)
            if place.peer.unacknowledged <= 1:
                break
        assert {report.number for report in place.service.kept} == {part.number for part in parts(20)} - {bad}
        place.service.refuse = lambda item: False
        place.peer.again()
        await place.until(lambda: not place.peer.unacknowledged)

    story(protocol, tell)


async def flood(place, count):
    """So many reports at once, while none can be kept."""
    await place.feed(parts(1))
    await place.until(lambda: place.service.kept)
    place.service.gate.clear()
    submit, line = place.peer.submits[0], place.peer.connections[0]
    place.peer.do(lambda: line.send(*(line.a_report(submit, "DELIVRD") for _ in range(count))))
    await place.until(lambda: place.link.held > session.HELD)


@EACH
def test_a_slow_database_holds_back_the_gateway(protocol, monkeypatch):
    """What is held unkept is bounded, and nothing of it is lost."""
    monkeypatch.setattr(session, "HELD", 200)

    async def tell(place):
        await flood(place, 8000)
        await asyncio.sleep(0.2)
        assert place.link.held < 5000  # and one piece of what the socket brings
        place.service.gate.set()
        await place.until(lambda: not place.peer.unacknowledged)
        assert len(place.service.kept) == 8001

    story(protocol, tell)


@EACH
def test_an_answer_that_was_not_read_is_no_timeout(protocol, monkeypatch):
    monkeypatch.setattr(session, "HELD", 20)

    async def tell(place):
        await flood(place, 30)
        place.give(*parts(1, first=5))
        await asyncio.sleep(1)
        assert 5 not in place.service.outcomes
        place.service.gate.set()
        await place.feed([])
        assert place.last(Accepted) == {0, 5}

    story(protocol, tell, response_timeout=0.6)


# -- bytes -----------------------------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("piece", [1, 5])
def test_bytes_in_any_pieces(protocol, piece):
    async def tell(place):
        await place.feed(parts(10))
        await place.until(lambda: len(place.service.kept) == 10 and not place.peer.unacknowledged)

    story(protocol, tell, {"piece": piece})


@EACH
@pytest.mark.parametrize("garbage", [b"\0\0\0\3", b"\xff\xff\xff\xff", b"HTTP/1.1 400 Bad Request\r\n", b"\0\0\x20\0"],
                         ids=["short", "huge", "http", "long"])  # fmt: skip
def test_after_garbage_the_connection_is_made_anew(protocol, garbage):
    async def tell(place):
        place.give(*parts(3))
        await place.until(lambda: len(place.peer.submits) == 3)
        place.peer.write(garbage)
        await place.until(lambda: len(place.service.outcomes) == 3)
        assert {outcome for (outcome,) in place.service.outcomes.values()} == {Unknown(n, "garbled") for n in range(3)}
        place.peer.hold = False
        await place.feed(parts(3, first=10))
        assert place.last(Accepted) == {10, 11, 12}

    story(protocol, tell, {"hold": True})


@EACH
def test_a_frame_that_cannot_be_read_is_left_out(protocol):
    async def tell(place):
        commands = {"smgp": (3, 0x80000002, 77), "sgip": (4, 5, 0x80000003, 77)}.get(protocol, (5, 0x80000004, 77))
        head = 20 if protocol == "sgip" else 12
        for command in commands:
            body = bytes(head - 8) + b"\xff" * (0 if command >= 0x80000000 else 9)
            place.peer.write(struct.pack(">II", 8 + len(body), command) + body)
        await place.feed(parts(5))
        await place.until(lambda: len(place.service.kept) == 5)

    peer = story(protocol, tell)
    assert len(peer.logins) == 1


@pytest.mark.parametrize("protocol", ["cmpp2", "cmpp3", "smgp"])
def test_a_report_that_cannot_be_read_is_answered_so(protocol):
    """Unanswered it would come again and again, and hold a place of the gateway's window."""

    async def tell(place):
        extra = (b"",) if protocol == "smgp" else (0,)
        peer = place.peer
        peer.do(lambda: peer.connections[-1].send(peer.connections[-1].a_deliver("1069", "1069", b"id", 1, 0, *extra)))
        await place.until(lambda: peer.acknowledged)
        assert [result for _key, result in peer.acknowledged] == [10 if protocol == "smgp" else 1]
        assert not place.service.kept

    story(protocol, tell)


# -- the end of connections --------------------------------------------------------------------------------------------

STEPS = ["connect", "login", "logged", ("read", 1), ("read", 7), ("half", 1), ("half", 5)]


@EACH
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_gateway_may_die_at_every_step(protocol, step):
    async def tell(place):
        await place.feed(parts(60))
        assert place.last((Accepted, Unknown)) == set(range(60)) and place.last(Accepted)
        if isinstance(step, tuple):
            assert place.last(Unknown)
        else:
            assert not place.last(Unknown) or step == "logged"
        assert not place.peer.deaths

    story(protocol, tell, {"die": step, "deaths": 2}, wait=False, window=8, connections=2)


@BEATING
def test_heartbeats_are_answered_and_given(protocol):
    async def tell(place):
        place.peer.heartbeat()
        await place.until(lambda: place.peer.heartbeat_answers == 1)
        await place.until(lambda: place.peer.heartbeats >= 3)

    peer = story(protocol, tell, heartbeat=0.1)
    assert len(peer.logins) == 1


@BEATING
def test_a_gateway_that_says_nothing_is_left(protocol):
    async def tell(place):
        place.give(*parts(2))
        await place.until(lambda: len(place.peer.logins) >= 2)
        assert {outcome for (outcome,) in place.service.outcomes.values()} == {
            Unknown(0, "silent"),
            Unknown(1, "silent"),
        }
        place.peer.silent, place.peer.hold = (), False
        await place.feed(parts(3, first=10))
        assert place.last(Accepted) == {10, 11, 12}

    peer = story(protocol, tell, {"silent": ("heartbeat",), "hold": True}, heartbeat=0.05)
    assert peer.heartbeats >= 3


@EACH
def test_a_gateway_may_log_out(protocol):
    async def tell(place):
        place.peer.goodbye()
        await place.until(lambda: place.peer.goodbye_answers == 1)
        await place.feed(parts(3))
        assert place.last(Accepted) == {0, 1, 2}

    peer = story(protocol, tell)
    assert len(peer.logins) == 2


@EACH
def test_closing_waits_for_answers_and_logs_out(protocol):
    async def tell(place):
        place.give(*parts(3))
        await place.until(lambda: len(place.peer.submits) == 3)
        place.peer.loop.call_soon_threadsafe(
            place.peer.loop.call_later, 0.2, lambda: [one.release() for one in place.peer.connections]
        )
        place.peer.hold = True
        await place.link.close(5)
        assert place.last(Accepted) == {0, 1, 2} and not place.link.free

    peer = story(protocol, tell, {"hold": True})
    assert peer.goodbyes == 1


def test_a_logout_may_be_answered_with_anything():
    async def tell(place):
        await place.feed(parts(2))

    assert story("smgp", tell, {"exit_answer": 4}).goodbyes == 1


@EACH
@pytest.mark.parametrize("how", ["close", "cancel"])
def test_what_is_unanswered_in_the_end_is_unknown(protocol, how):
    async def run(peer):
        async with linked(protocol, peer) as place:
            place.give(*parts(3))
            if how == "cancel":
                place.task.cancel()
                await asyncio.gather(place.task, return_exceptions=True)
            else:
                await place.link.close(0.1)
                await asyncio.wait_for(place.task, 5)
            assert place.last(Unknown) == {0, 1, 2}
            place.give(*parts(1, first=5))
            assert place.last(Unsent) == {5}
            place.task = asyncio.create_task(asyncio.sleep(0))

    with peer_of(protocol, hold=True, silent=("goodbye",)) as peer:
        asyncio.run(run(peer))


@EACH
def test_a_gateway_that_is_not_there_is_tried_until_it_is(protocol):
    async def tell(place):
        place.peer.shut()
        place.peer.drop()
        await place.until(lambda: place.service.statuses[-1][::2] == ("failing", "unreachable"))
        place.give(*parts(2))
        assert place.last(Unsent) == {0, 1}
        place.peer.open()
        await place.feed([])
        assert place.last(Accepted) == {0, 1} and place.service.statuses[-1].state == "connected"

    story(protocol, tell)
