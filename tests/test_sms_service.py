"""The real service against gateways of the three operators: whatever they do, each message ends in the one true state
and leaves once."""

import os
import time

import pytest
from conftest import free_port
from sms_kit import hospital
from sms_peer_cmpp import CmppPeer
from sms_peer_sgip import SgipPeer
from sms_peer_smgp import SmgpPeer

NUMBERS = [f"1390000{n:04}" for n in range(200)]
os.environ["HOSPITAL_SECRET_SMS_TEST"] = "secret"
ANY = {"host": "127.0.0.1", "port": 1, "login": "901234", "secret_ref": "SMS_TEST", "enabled": False, "connections": 2}


@pytest.fixture(scope="module")
def running():
    """A service whose gateways wait to be told which peer is theirs."""
    gateways = [
        {"name": "G", "protocol": "cmpp2"} | ANY,
        {"name": "other", "protocol": "cmpp2"} | ANY,
        {"name": "smgp", "protocol": "smgp"} | ANY,
        {"name": "sgip", "protocol": "sgip", "node": "3010099999", "corp_id": "99999", "listen_host": "127.0.0.1",
         "listen_port": free_port(), "listen_login": "smg", "listen_secret_ref": "SMS_TEST",
         "listen_peers": "127.0.0.1"} | ANY,
    ]  # fmt: skip
    with hospital("sms_service", *gateways) as place:
        place.start()
        yield place


@pytest.fixture
def place(running):
    """Nothing is left of the test before."""
    yield running
    for gateway in ("G", "other", "smgp", "sgip"):
        running.edit("enabled = FALSE, rate = 0, connections = 2", gateway)
    off = "SELECT count(*) FROM hospital_gateway WHERE active AND state <> 'off'"
    running.until(lambda: not running.value(off), "all gateways are off")
    running.clear()


def connect(place, peer, gateway="G", assignments=""):
    place.edit(f"enabled = TRUE, port = {peer.port}, login = '{peer.login}'{assignments}", gateway)


def once(peer, numbers=NUMBERS):
    assert peer.numbers == dict.fromkeys(numbers, 1)


@pytest.mark.parametrize("manner", [{"reports": "before"}, {"reports": "elsewhere"}, {"times": 3}])
def test_reports_in_any_manner(place, manner):
    with CmppPeer(**manner) as peer:
        place.fill(NUMBERS)
        connect(place, peer)
        place.settled(len(NUMBERS))
        once(peer)
        assert place.value("SELECT count(*) FROM hospital_message_report") == 0


def test_the_others_protocols(place):
    with SmgpPeer() as peer:
        place.fill(NUMBERS, gateway="smgp")
        connect(place, peer, "smgp")
        place.settled(len(NUMBERS))
        once(peer)


@pytest.mark.parametrize("own", [False, True])
def test_sgip_by_the_listener_and_on_our_own_socket(place, own):
    port = place.value("SELECT listen_port FROM hospital_gateway WHERE protocol = 'sgip'")
    with SgipPeer(
        listener=("127.0.0.1", port), reports="after" if own else "elsewhere", listener_secret="secret"
    ) as peer:
        place.fill(NUMBERS, gateway="sgip")
        connect(place, peer, "sgip")
        place.settled(len(NUMBERS))
        assert len(peer.submits) == len(NUMBERS)


def test_throttled_under_load(place):
    with CmppPeer(limit=60) as peer:
        place.fill(NUMBERS)
        connect(place, peer)
        place.settled(len(NUMBERS))
        taken = [submit.number for submit in peer.submits if not submit.result]
        assert sorted(taken) == NUMBERS, "each accepted once"
        assert len(peer.submits) > len(NUMBERS), "it was throttled"
        assert place.value("SELECT max(attempts) FROM hospital_message_part") == 1


@pytest.mark.parametrize("step", [("read", 30), ("half", 30), "logged"])
def test_a_peer_that_dies_is_not_sent_anything_twice(place, step):
    with CmppPeer(die=step) as peer:
        place.fill(NUMBERS)
        connect(place, peer, assignments=", connections = 1")
        place.until(lambda: not {"queued", "sent"} & set(place.states()), "all is settled")
        seen = {submit.number for submit in peer.submits}
        assert len(peer.submits) == len(seen)
        states = dict(place.read("SELECT number, state FROM hospital_message"))
        assert {state for number, state in states.items() if number not in seen} <= {"unknown"}
        for submit in list(peer.submits):
            peer.report(submit)
        place.until(lambda: place.states().get("delivered") == len(seen), "late reports find what is unknown")


def test_days_late_and_on_the_next_connection(place):
    with CmppPeer(reports=None) as peer:
        place.fill(NUMBERS[:3])
        connect(place, peer)
        place.settled(3, "sent")
        peer.drop()
        place.write("UPDATE hospital_message_part SET state = 'silent', sent_at = sent_at - interval '4 days'")
        place.until(lambda: peer.connected > 2, "it is connected again")
        for submit in list(peer.submits):
            peer.wait(lambda: any(one.logged_in for one in peer.connections))
            peer.report(submit, "EXPIRED")
        place.settled(3, "failed")
        assert place.read("SELECT DISTINCT code FROM hospital_message") == [("EXPIRED",)]


def test_switched_off_nothing_is_lost(place):
    with CmppPeer(lag=0.05) as peer:
        place.fill(NUMBERS)
        connect(place, peer, assignments=", rate = 100")
        peer.wait(lambda: len(peer.submits) > 20)
        place.edit("enabled = FALSE")
        place.until(lambda: peer.goodbyes, "it says goodbye")
        seen = len(peer.submits)
        place.until(lambda: place.states().get("queued") == len(NUMBERS) - seen, "the others wait")
        time.sleep(0.3)
        assert len(peer.submits) == seen
        place.edit("enabled = TRUE, rate = 0")
        place.until(lambda: len(peer.submits) == len(NUMBERS), "the others leave")
        once(peer)
        for submit in list(peer.submits):  # those whose report came while nobody was there
            peer.report(submit)
        place.settled(len(NUMBERS))


def test_an_urgent_one_overtakes(place):
    with CmppPeer(reports=None) as peer:
        place.fill(NUMBERS)
        connect(place, peer, assignments=", rate = 50")
        peer.wait(lambda: len(peer.submits) > 5)
        before = len(peer.submits)
        place.fill(["13800000000"], priority="0")
        peer.wait(lambda: "13800000000" in peer.numbers)
        at = [submit.number for submit in peer.submits].index("13800000000")
        assert at - before < 50, "it waited behind what had been taken, not behind the queue"


def test_texts_come_in_once(place):
    with CmppPeer() as peer:
        connect(place, peer)
        peer.wait(lambda: any(one.logged_in for one in peer.connections))
        peer.deliver("13900000001", "谢谢")
        texts = "SELECT number, destination, text FROM hospital_message_inbound"
        place.until(lambda: place.read(texts), "it is kept")
        peer.wait(lambda: peer.acknowledged)
        assert place.read(texts) == [("13900000001", "10690001", "谢谢")]


def test_a_refused_login_is_not_tried_again_until_somebody_edits_it(place):
    with CmppPeer(refuse=3) as peer:
        connect(place, peer)
        state = "SELECT state, state_code FROM hospital_gateway WHERE name->>'en_US' = 'G'"
        place.until(lambda: place.read(state) == [("refused", "3")], "the board says so")
        assert len(peer.logins) == 1
        peer.refuse = 0
        place.fill(NUMBERS[:1])
        place.edit("sequence = sequence")
        place.settled(1)
