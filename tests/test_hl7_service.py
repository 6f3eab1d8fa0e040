"""A real HL7 library's client speaks to the real service process: every kind of message, poison, resends, kill -9."""

import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import hl7
import pytest
from hl7.client import MLLPClient
from hl7_kit import hospital, message, story

PATIENTS, CLIENTS = 1000, 16
KINDS = 12


@pytest.fixture(scope="module")
def listening():
    with hospital("hl7") as place:
        yield place


@pytest.fixture
def place(listening):
    """The hospital without messages and what they left."""
    tables = "hospital_his_inbox, hospital_his_deadletter, hospital_his_link, hospital_encounter, hospital_clinic_slot"
    listening.write(f"TRUNCATE {tables}, hospital_report CASCADE")
    listening.write("DELETE FROM res_partner WHERE is_patient")
    return listening


def send(place, texts):
    """Send one after the other; the answers as (code, number of the message answered)."""
    answers = []
    with MLLPClient("127.0.0.1", place.port) as client:
        for text in texts:
            answer = hl7.parse(client.send_message(text).decode().strip("\x0b\x1c\r"))
            answers.append((str(answer["MSA.F1"]), str(answer["MSA.F2"])))
    return answers


def send_stories(place, numbers, by_kind):
    stories = [story(n) for n in numbers]
    texts = [text for part in (zip(*stories, strict=True) if by_kind else stories) for text in part]
    answers = send(place, texts)
    assert answers == [("AA", text.split("|")[9]) for text in texts]


def spread(place, numbers, by_kind=False):
    """By many clients at once: each patient's messages one after the other, or all messages of a kind."""
    numbers = list(numbers)
    with ThreadPoolExecutor(CLIENTS) as clients:
        parts = [numbers[n::CLIENTS] for n in range(CLIENTS)]
        list(clients.map(lambda part: send_stories(place, part, by_kind), parts))


def check_stories(place, count):
    """One effect of each message, whatever was resent or broken off on the way."""
    assert place.read("SELECT count(*), min(state), max(state) FROM hospital_encounter") == [
        (count, *["cancelled"] * 2)
    ]
    events = place.read("SELECT kind, count(*) FROM hospital_encounter_event GROUP BY 1 ORDER BY 1")
    assert events == [("cancelled", 2 * count), ("transferred", count)]
    beds = "SELECT DISTINCT visit.bed, department.external_id FROM hospital_encounter visit" \
           " JOIN hr_department department ON department.id = visit.department_id"  # fmt: skip
    assert place.read(beds) == [("07", "0102")]
    patients = "SELECT active, name, count(*) FROM res_partner WHERE is_patient GROUP BY 1, 2 ORDER BY 1"
    assert place.read(patients) == [(False, "王明", count), (True, "王明", count)]
    assert place.read("SELECT DISTINCT merged_into_id IS NOT NULL, active FROM res_partner WHERE is_patient"
                      " ORDER BY 1") == [(False, True), (True, False)]  # fmt: skip
    assert place.read("SELECT state, count(*) FROM hospital_report GROUP BY 1") == [("reported", count)]
    assert place.read("SELECT state, count(*) FROM hospital_clinic_slot GROUP BY 1") == [("available", count)]
    assert place.value("SELECT count(*) FROM hospital_his_deadletter") == 0


def test_a_thousand_messages_of_each_kind(place):
    spread(place, range(100))
    spread(place, range(100, PATIENTS), by_kind=True)
    place.handled()
    kinds = place.read("SELECT operation, count(*) FROM hospital_his_inbox WHERE state = 'done' GROUP BY 1")
    assert len(kinds) == KINDS and {count for _kind, count in kinds} == {PATIENTS}
    check_stories(place, PATIENTS)
    assert place.value("SELECT count(*) FROM hospital_his_inbox WHERE payload LIKE '%%13900001234%%'") == 0


def test_a_follow_up_begins_at_the_discharge(place):
    tasks = "SELECT count(*) FROM hospital_followup_task"
    send(place, story(1)[:4])
    place.handled()
    assert place.value(tasks) == 0
    send(place, story(1)[4:5])
    place.handled()
    assert place.value(tasks) > 0


def test_poison_goes_to_the_dead_letters_and_the_queue_goes_on(place):
    poison = message("ADT^A01", "2", "P2", "V2", PV1_44="昨天上午")
    with MLLPClient("127.0.0.1", place.port) as client:
        junk = client.send(b"\x0bGET / HTTP/1.1\x1c\r")
        gbk = client.send(b"\x0b" + message("ADT^A01", "3", "P3", "V3").encode("gbk") + b"\x1c\r")
    assert b"MSA|AR||hl7_unreadable" in junk and b"MSA|AR|3|hl7_characters" in gbk
    assert send(place, [message("ADT^A01", "1"), poison, message("ADT^A01", "4", "P4", "V4")]) == [
        ("AA", "1"), ("AA", "2"), ("AA", "4")]  # fmt: skip
    place.handled()
    assert place.read("SELECT external_id FROM hospital_encounter ORDER BY 1") == [("V1",), ("V4",)]
    assert place.read("SELECT external_id, code, state FROM hospital_his_deadletter") == [("V2", "bad_date", "open")]
    failed = place.read("SELECT code, payload FROM hospital_his_inbox WHERE state = 'failed' ORDER BY id")
    assert failed[0] == ("hl7_unreadable", "GET / HTTP/1.1") and failed[1][0] == "hl7_characters"


def test_what_waits_is_taken_up_when_what_it_waits_for_comes(place):
    # The report tells of a patient who is not known yet; her admission comes later.
    send(place, [story(7)[3]])
    place.handled()
    assert place.value("SELECT state FROM hospital_his_deadletter") == "waiting"
    send(place, [story(7)[0]])
    place.until(lambda: place.value("SELECT count(*) FROM hospital_report") == 1, "the report came through")
    assert place.value("SELECT state FROM hospital_his_deadletter") == "resolved"


def test_resends_are_answered_again_and_leave_one_effect(place):
    texts = [text for n in range(5) for text in story(n)]
    with MLLPClient("127.0.0.1", place.port) as client:
        first = [client.send_message(text) for text in texts]
        assert [client.send_message(text) for text in texts] == first, "verbatim"
    place.handled()
    with MLLPClient("127.0.0.1", place.port) as client:
        assert [client.send_message(text) for text in texts] == first
    place.handled()
    assert place.states() == {"done": len(texts)}
    check_stories(place, 5)


def test_kill_9_loses_nothing_and_does_nothing_twice(place):
    """The sender resends what was not acknowledged, as every HIS does; the rest is the service's affair."""
    texts = [text for n in range(60) for text in story(n)]
    sure, kills, chance = 0, 0, random.Random(5)
    while sure < len(texts):
        victim_at = sure + chance.randrange(100, 400)
        try:
            with MLLPClient("127.0.0.1", place.port) as client:
                client.socket.settimeout(60)
                while sure < len(texts):
                    if sure == victim_at:
                        # What is under way now has been kept or not: the sender cannot know.
                        client.socket.sendall(b"\x0b" + texts[sure].encode() + b"\x1c\r")
                        place.kill()
                        kills += 1
                        place.start()
                        break
                    answer = client.send_message(texts[sure])
                    if not answer:
                        break
                    assert b"MSA|AA|" in answer
                    sure += 1
        except OSError:
            time.sleep(0.1)
    place.handled()
    assert kills >= 2
    assert place.states() == {"done": len(texts)}
    check_stories(place, 60)


def test_who_may_not_send_is_turned_away(place):
    with socket.create_connection(("127.0.0.1", place.port + 1), timeout=10) as stranger:
        stranger.sendall(b"\x0b" + message("ADT^A01", "1").encode() + b"\x1c\r")
        try:
            assert stranger.recv(100) == b""
        except ConnectionResetError:
            pass
    assert place.value("SELECT count(*) FROM hospital_his_inbox") == 0


def test_a_port_that_is_taken_stops_no_other(place):
    state = "SELECT listening, code FROM hospital_his_listener WHERE name = %s"
    assert place.read(state, "taken") == [(False, "hl7_port_taken")]
    assert place.read(state, "ADT") == [(True, None)]
