"""The web service of the appointments in a real server: other libraries call it, attackers try it, a crowd wants it."""

import json
import random
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import soap_kit
from conftest import database, odoo_shell, server
from lxml import etree
from soap_kit import Database, Service, booking, envelope, operation, table, token

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"


@pytest.fixture(scope="module")
def hospital():
    """A hospital with client systems and its running server: (address, keys, database)."""
    soap_kit.give_secret()
    with database("soap") as name:
        keys = json.loads(odoo_shell(name, soap_kit.PREPARE).split("KEYS ")[1].splitlines()[0])
        with server(name) as url:
            db = Database(name)
            yield url, keys, db
            db.connection.close()


@pytest.fixture
def db(hospital):
    return hospital[2]


@pytest.fixture
def service(hospital):
    url, keys, _db = hospital
    return lambda code="his": Service(url, code, keys.get(code, ""))


@pytest.fixture
def his(service):
    return service()


@pytest.fixture
def clinic(his, request):
    """A clinic of ten slots of this test's own: (name of the test, keys of the slots)."""
    name = re.sub(r"\W+", "", request.node.name)[-24:]
    slots = [f"{name}.{number}" for number in range(10)]
    assert result(his.post(envelope(table(f"{name}.t", name, slots))))[0] == "1"
    return name, slots


def result(reply):
    """Code and error code of an answer in either form; a fault is no answer."""
    status, text = reply
    assert status == 200, text
    body = etree.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text).encode())[-1][0]
    if len(body) == 1 and (body[0].text or "").startswith("<Response>"):
        body = etree.fromstring(body[0].text.encode())[0]
    values = {etree.QName(part).localname.lower(): part.text for part in body}
    return values["resultcode"], values.get("errorcode")


def fault(reply):
    """Status and error code of a fault."""
    status, text = reply
    root = etree.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text).encode())
    assert root.find(".//{*}Fault") is not None, text
    return status, root.findtext(".//errorCode")


def consistent(db):
    """A slot is taken if and only if one living appointment is there, and the counts of the clinics are right."""
    assert not db.rows(
        """SELECT slot.external_id, slot.state, array_agg(appointment.state) FROM hospital_clinic_slot slot
             LEFT JOIN hospital_appointment appointment ON appointment.slot_id = slot.id
              AND appointment.state IN ('booked', 'checked_in', 'attended', 'missed')
            GROUP BY slot.id
           HAVING count(appointment.id) <> (slot.state IN ('booked', 'checked_in', 'attended', 'missed'))::int"""
    )
    assert not db.rows(
        """SELECT session.external_id
             FROM hospital_clinic_session session LEFT JOIN hospital_clinic_slot slot ON slot.session_id = session.id
            GROUP BY session.id
           HAVING free_count <> count(*) FILTER (WHERE slot.state = 'available')
               OR booked_count <> count(*) FILTER (
                  WHERE slot.state IN ('booked', 'checked_in', 'attended', 'missed'))"""
    )
    assert not db.rows("SELECT message_id FROM hospital_his_inbox WHERE state = 'done' AND response IS NULL")


# -- other libraries call it ---------------------------------------------------------------------------------


def suds_client(hospital):
    from suds.client import Client

    url, keys, _db = hospital
    return Client(f"{url}/his/soap/his?wsdl", headers={"X-API-Key": keys["his"]}, cache=None, port="AppointmentsSoap11")


def call_typed(client, name, request, **values):
    return int(getattr(client.service, name)(requestId=request, **values).resultCode)


def call_with_string(client, name, request, **values):
    def xml(value):
        if isinstance(value, dict):
            return "".join(f"<{key}>{xml(part)}</{key}>" for key, part in value.items())
        return str(value)

    text = f"<Request><Header><requestId>{request}</requestId></Header><Body>{xml(values)}</Body></Request>"
    return int(etree.fromstring(client.service.Call(name, text)).findtext("Body/ResultCode"))


@pytest.mark.parametrize("call", [call_typed, call_with_string])
def test_suds_calls_all_six_operations_in_both_forms(hospital, db, call):
    client = suds_client(hospital)
    own = call.__name__
    session, slot, other = own, f"{own}.1", f"{own}.2"
    slots = [{"slotId": slot}, {"slotId": other, "state": "locked"}]
    day = {"sessionId": session, "departmentCode": "0101", "doctorCode": "D1", "date": soap_kit.DAY, "dayPart": "pm"}
    if call is call_with_string:  # a list of one, which a dict can say
        sessions = {"session": day | {"slots": {"slot": slots[0]}}}
        assert call(client, "BuildNumberTable", f"{own}0", sessions=sessions) == 1
        sessions = {"session": day | {"slots": {"slot": slots[1]}}}
    else:
        sessions = {"session": [day | {"slots": {"slot": slots}}]}
    assert call(client, "BuildNumberTable", f"{own}1", sessions=sessions) == 1

    def states():
        return dict(db.rows("SELECT external_id, state FROM hospital_clinic_slot WHERE external_id LIKE %s", f"{own}%"))

    assert states() == {slot: "available", other: "locked"}
    assert call(client, "UnlockBooking", f"{own}2", slotId=other) == 1
    assert states()[other] == "available"
    patient = {"patientId": f"{own}P", "name": "王小明", "phone": "13900001234"}
    assert call(client, "ConfirmBooking", f"{own}3", slotId=slot, appointmentId=f"{own}A", patient=patient) == 1
    assert call(client, "ConfirmBooking", f"{own}4", slotId=slot, appointmentId=f"{own}B", patient=patient) == -1
    assert call(client, "CancelBooking", f"{own}5", appointmentId=f"{own}A", reason="有事") == 1
    assert states()[slot] == "available"
    assert call(client, "ConfirmBooking", f"{own}6", slotId=slot, appointmentId=f"{own}C", patient=patient) == 1
    assert call(client, "ConfirmAttendance", f"{own}7", appointmentId=f"{own}C") == 1
    assert call(client, "StopClinic", f"{own}8", sessionId=session, reason="外出") == 1
    assert states() == {slot: "attended", other: "stopped"}
    assert db.rows("SELECT name, phone_masked FROM res_partner WHERE external_id = %s", f"{own}P") == [
        ("王小明", "139****1234")
    ]
    consistent(db)


def test_zeep_signs_with_a_digest_and_speaks_soap_1_2(hospital, clinic, db):
    from zeep import Client
    from zeep.wsse.username import UsernameToken

    name, slots = clinic
    wsdl = f"{hospital[0]}/his/soap/kiosk?wsdl"
    for port in ("AppointmentsSoap11", "AppointmentsSoap12"):
        client = Client(wsdl, wsse=UsernameToken("kiosk", soap_kit.SECRET, use_digest=True), port_name=port)
        answer = client.service.ConfirmBooking(
            requestId=name + port, slotId=slots[0], appointmentId=name + port, patient={"patientId": "P0"}
        )
        assert (answer.resultCode, answer.errorCode) == ((1, None) if port.endswith("11") else (-1, "slot_taken"))


INNER = "<Request><requestId>{0}</requestId><slotId>{1}</slotId><appointmentId>{0}</appointmentId><patient><patientId>{0}</patientId><name>欧阳龘</name></patient></Request>"  # noqa: E501
FORMS = {
    "cdata": '<m:预约成功 xmlns:m="http://tempuri.org/"><m:xmlData><![CDATA[{0}]]></m:xmlData></m:预约成功>',
    "declared": '<Call xmlns="http://tempuri.org/"><FuncCode>预约成功</FuncCode><inputXml><![CDATA['
    '<?xml version="1.0" encoding="GBK"?>{0}]]></inputXml></Call>',
    "escaped": '<ConfirmBooking xmlns="http://tempuri.org/"><arg0>{1}</arg0></ConfirmBooking>',
    "embedded": '<ns:confirmBooking xmlns:ns="http://his.example/"><ns:xml>{0}</ns:xml></ns:confirmBooking>',
    "encoded": '<Call xmlns:x="http://www.w3.org/2001/XMLSchema-instance" s:encodingStyle="rpc"><funcCode x:type="s">'
    'ConfirmBooking</funcCode><inputXml x:type="s">{1}</inputXml></Call>',
}
ENCODINGS = {
    "utf-8": ("utf-8", "text/xml; charset=utf-8", ""),
    "gbk in the header": ("gb18030", "text/xml; charset=GBK", ""),
    "gb2312 in the text": ("gb18030", "text/xml", '<?xml version="1.0" encoding="gb2312"?>'),
    "gbk, not declared": ("gb18030", "text/xml", ""),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", FORMS)
def test_text_in_text_out_in_every_habit(his, clinic, db, form, encoding):
    name, slots = clinic
    inner = INNER.format(name, slots[0])
    call = FORMS[form].format(inner, inner.replace("<", "&lt;"))
    codec, content_type, declaration = ENCODINGS[encoding]
    body = (declaration + envelope(call).decode()).encode(codec)
    assert result(his.post(body, content_type, SOAPAction="")) == ("1", None)
    assert db.value("SELECT name FROM res_partner WHERE external_id = %s", name) == "欧阳龘"


def test_the_contract_carries_our_address_and_is_for_clients_only(hospital, service):
    import urllib.error
    import urllib.request

    url = hospital[0]
    text = urllib.request.urlopen(f"{url}/his/soap/his?wsdl").read().decode()
    assert "/his/soap/his" in text and 'localhost/his/soap"' not in text and "/his/soap/his?xsd" in text
    etree.fromstring(urllib.request.urlopen(f"{url}/his/soap/his?xsd").read())
    for path, status in (("far?wsdl", 403), ("nobody?wsdl", 404), ("his", 404)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{url}/his/soap/{path}")
        assert caught.value.code == status


# -- the same again ------------------------------------------------------------------------------------------


def test_a_repeated_request_gets_the_stored_answer_verbatim(his, service, clinic, db):
    name, slots = clinic
    first = his.post(envelope(booking(name, slots[0], name)))
    assert result(first) == ("1", None)
    before = db.everything()
    assert his.post(envelope(booking(name, slots[0], name))) == first
    refused = his.post(envelope(booking(f"{name}2", slots[0], f"{name}2")))
    assert result(refused) == ("-1", "slot_taken")
    result(his.post(envelope(operation("CancelBooking", requestId=f"{name}3", appointmentId=name))))
    assert his.post(envelope(booking(f"{name}2", slots[0], f"{name}2"))) == refused, "the answer of then, not of now"
    # The number of a request names one request of one client.
    assert fault(his.post(envelope(booking(name, slots[1], f"{name}4")))) == (409, "soap_reused")
    assert result(service("kiosk").post(envelope(booking(name, slots[1], f"{name}5"), token()))) == ("1", None)
    assert before[1] != db.everything()[1]
    consistent(db)


def test_the_same_request_at_the_same_time_has_one_effect(service, clinic, db):
    name, slots = clinic
    body = envelope(booking(name, slots[0], name, "<patientId>new</patientId><name>赵六</name>"))
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _n: service().post(body), range(16)))
    assert len(set(replies)) == 1 and result(replies[0]) == ("1", None)
    assert db.value("SELECT count(*) FROM hospital_appointment WHERE external_id = %s", name) == 1
    assert db.value("SELECT count(*) FROM res_partner WHERE external_id = 'new'") == 1


def test_a_technical_failure_leaves_nothing_and_may_be_repeated(his, clinic, db):
    name, slots = clinic
    body = envelope(booking(name, slots[0], name, f"<patientId>{name}</patientId><name>钱七</name>"))
    db.rows("ALTER TABLE hospital_appointment ADD CONSTRAINT broken CHECK (channel IS NOT NULL) NOT VALID")
    before = db.everything()
    assert fault(his.post(body)) == (500, "soap_failed")
    db.rows("ALTER TABLE hospital_appointment DROP CONSTRAINT broken")
    after = db.everything()
    assert after[:4] == before[:4]
    assert set(after[4]) - set(before[4]) == {(f"his:{name}", "failed", "internal")}, "kept, so that a person sees it"
    assert result(his.post(body)) == ("1", None)
    assert db.value("SELECT attempts FROM hospital_his_inbox WHERE message_id = %s", f"his:{name}") == 2


def test_a_time_that_cannot_be_is_a_refusal(his, clinic, db):
    name, slots = clinic
    body = envelope(booking(name, slots[0], name, bookedAt="9999-12-31T23:59:59-08:00"))
    assert result(his.post(body)) == ("-1", "time_impossible")
    consistent(db)


def test_what_is_kept_is_masked(his, clinic, db):
    name, slots = clinic
    patient = f"<patientId>{name}</patientId><name>孙小八</name><phone>13900005678</phone>"
    patient += "<idNumber>11010519491231002X</idNumber>"
    result(his.post(envelope(booking(name, slots[0], name, patient))))
    (kept,) = db.rows("SELECT payload || response FROM hospital_his_inbox WHERE message_id = %s", f"his:{name}")
    assert not re.search("孙小八|13900005678|11010519491231002X", kept[0])
    assert slots[0] in kept[0]


# -- attackers try it ----------------------------------------------------------------------------------------

GOOD = operation("UnlockBooking", requestId="attack", slotId="S")
BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
ATTACKS = {
    "entity bomb": (BOMB.encode() + b"]>" + envelope("<a>&i;</a>"), {}, 500, "soap_doctype"),
    "outside file": (
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + envelope("<a>&x;</a>"), {}, 500, "soap_doctype"
    ),
    "bomb in the string": (
        envelope(f"<Call><f>ConfirmBooking</f><x><![CDATA[{BOMB}]><a>&i;</a>]]></x></Call>"), {}, 500, "soap_doctype"
    ),
    "100,000 deep": (envelope("<a>" * 100_000), {}, 500, "soap_xml"),
    "30 deep": (envelope("<a>" * 30 + "</a>" * 30), {}, 500, "soap_deep"),
    "more than 5 MB": (envelope(GOOD + " " * (5 * 2**20)), {}, 413, "soap_large"),
    "much more than 5 MB": (envelope(GOOD + " " * (12 * 2**20)), {}, 413, "soap_large"),
    "not what it says": (envelope(GOOD.replace(">S<", ">张<")).decode().encode("gbk"), {}, 500, "soap_encoding"),
    "no such encoding": (envelope(GOOD), {"content_type": "text/xml; charset=klingon"}, 500, "soap_encoding"),
    "no text at all": (bytes(range(256)), {"content_type": "text/xml"}, 500, "soap_encoding"),
    "a form": (b"a=b", {"content_type": "application/x-www-form-urlencoded"}, 415, "soap_content_type"),
    "nothing": (b"", {}, 500, "soap_xml"),
    "wrong key": (envelope(GOOD), {"X-API-Key": "0" * 40}, 401, "soap_key"),
    "no key": (envelope(GOOD), {"X-API-Key": ""}, 401, "soap_key"),
    "two bodies": (envelope(GOOD + GOOD), {}, 500, "soap_body"),
    "unknown operation": (envelope("<DropTable/>"), {}, 500, "soap_operation"),
    "breaks the contract": (envelope(GOOD.replace("attack", "x" * 65)), {}, 500, "soap_invalid"),
}  # fmt: skip


def refused(db, before, code):
    """Nothing changed, and the refusal is in the log."""
    assert db.everything() == before
    assert db.value("SELECT sum(count) FROM hospital_his_client_refusal WHERE code = %s", code) >= 1


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_refused_logged_and_change_nothing(service, db, attack):
    body, options, status, code = ATTACKS[attack]
    db.rows("DELETE FROM hospital_his_client_refusal")
    before = db.everything()
    assert fault(service().post(body, **options)) == (status, code)
    refused(db, before, code)


def test_faults_of_soap_1_2_say_whose_fault_it_is(his):
    status, text = his.post(envelope("<DropTable/>", space=SOAP12), "application/soap+xml; charset=utf-8")
    assert (status, fault((status, text))[1]) == (400, "soap_operation")
    assert "soap:Sender" in text and SOAP12 in text
    assert fault(his.post(b'<Envelope xmlns="http://example.org/soap3"/>')) == (500, "soap_envelope")


TOKENS = {
    "no token": (lambda: "", "soap_token"),
    "wrong password": (lambda: token(password="geheim"), "soap_password"),
    "wrong user": (lambda: token(username="his"), "soap_password"),
    "of yesterday": (lambda: token(created="2020-01-01T00:00:00Z"), "soap_clock"),
    "password in clear": (lambda: token().replace("#PasswordDigest", "#PasswordText"), "soap_token"),
}


@pytest.mark.parametrize("case", TOKENS)
def test_tokens_that_do_not_hold(service, db, case):
    make, code = TOKENS[case]
    before = db.everything()
    assert fault(service("kiosk").post(envelope(GOOD, make()))) == (401, code)
    refused(db, before, code)


def test_a_nonce_opens_once(service, clinic, db):
    header = token(nonce=b"once and no more")
    assert result(service("kiosk").post(envelope(booking(clinic[0], clinic[1][0], clinic[0]), header)))[0] == "1"
    before = db.everything()
    replay = envelope(operation("CancelBooking", requestId="replay", appointmentId=clinic[0]), header)
    assert fault(service("kiosk").post(replay)) == (401, "soap_replayed")
    # A message that was refused has used up its nonce as well.
    header = token(nonce=b"spent on nonsense")
    assert fault(service("kiosk").post(envelope("<Nonsense/>", header)))[1] == "soap_operation"
    assert fault(service("kiosk").post(envelope(GOOD, header))) == (401, "soap_replayed")
    refused(db, before, "soap_replayed")


def test_wrong_address_wrong_client_no_permission_too_many(hospital, service, db):
    before = db.everything()
    assert fault(service("far").post(envelope(GOOD))) == (403, "soap_address")
    # Whoever is no proxy of ours cannot pretend to call from elsewhere.
    assert fault(service("far").post(envelope(GOOD), **{"X-Forwarded-For": "10.9.0.1"})) == (403, "soap_address")
    assert fault(service("nobody").post(envelope(GOOD))) == (404, "soap_client")
    assert fault(Service(hospital[0], "%00his").post(envelope(GOOD))) == (404, "soap_client")
    assert fault(service("nothing").post(envelope(GOOD))) == (403, "soap_permission")
    # The key of one client does not open the service of another.
    other = Service(hospital[0], "nothing", hospital[1]["his"])
    assert fault(other.post(envelope(GOOD))) == (401, "soap_key")
    slow = service("slow")
    replies = [slow.post(envelope("<x/>")) for _number in range(8)]
    assert (429, "soap_rate") in {fault(reply) for reply in replies}
    for code in ("soap_address", "soap_client", "soap_permission", "soap_key", "soap_rate"):
        refused(db, before, code)


# -- anything may come ---------------------------------------------------------------------------------------


WRONG = [b"<", b"&", b"]]>", b"<!--", b"<a/>", b"\x00", b"&#0;", b"<![CDATA[", b"%s"]
VALUES = [b"", b"-1", b"9" * 30, b"0000-00-00", b"2031-02-30T25:00:00", "龘𠮷".encode(), b"' OR 1=1 --", b"NaN"]


def mutate(random, body):
    """A valid message with something wrong: bytes, elements, values, the whole."""
    text = bytearray(body)
    for _number in range(random.choice((1, 1, 1, 2))):
        place, end = sorted(random.randrange(len(text) or 1) for _side in range(2))
        kind = random.randrange(14)
        if kind < 5:  # another value
            if found := list(re.finditer(rb">([^<]+)<", bytes(text))):
                match = random.choice(found)
                text[match.start(1) : match.end(1)] = random.choice(VALUES)
        elif kind < 8:  # an element away, twice or under another name
            if found := list(re.finditer(rb"<(\w+)>[^<]*</\1>", bytes(text))):
                match = random.choice(found)
                other = random.choice(found)[1]
                again = match[0].replace(match[1], other)
                text[match.start() : match.end()] = random.choice((b"", match[0] * 2, again))
        elif kind == 8:
            text[place : place + 1] = bytes([random.randrange(256)])
        elif kind == 9:
            del text[place : min(end, place + 40)]
        elif kind == 10:
            text[place:place] = text[place : min(end, place + 60)]
        elif kind == 11:
            text[place:place] = random.choice(WRONG)
        elif kind == 12:
            del text[place:]
        else:
            text = bytearray(bytes(text).decode("utf-8", "replace").encode(random.choice(["gbk", "utf-16"]), "replace"))
    return bytes(text)


def test_two_thousand_mutations_never_break_it(service, clinic, db):
    name, slots = clinic
    rng = random.Random(20261127)
    patient = "<patientId>M{0}</patientId><name>周九</name><birthDate>1950-01-02</birthDate><phone>13900009999</phone>"

    def valid(number):
        slot, own = rng.choice(slots), f"{name}.{number}"
        inner = INNER.format(own, slot)
        return rng.choice(
            [
                table(own, name, slots, fee="12.50", startsAt=f"{soap_kit.DAY}T08:00:00"),
                booking(own, slot, own, patient.format(number % 7), bookedAt="2031-03-01T08:00:00+08:00"),
                operation("UnlockBooking", requestId=own, slotId=slot),
                operation("CancelBooking", requestId=own, appointmentId=f"{name}.{rng.randrange(number + 1)}"),
                operation("ConfirmAttendance", requestId=own, appointmentId=f"{name}.{rng.randrange(number + 1)}"),
                operation("StopClinic", requestId=own, sessionId=f"{name}.none"),
                FORMS["cdata"].format(inner),
                FORMS["escaped"].format("", inner.replace("<", "&lt;")),
            ]
        )

    bodies = [mutate(rng, envelope(valid(number))) for number in range(2000)]
    kinds, lock = Counter(), threading.Lock()
    local = threading.local()

    def send(body):
        local.service = getattr(local, "service", None) or service()
        reply = local.service.post(body, "text/xml")
        kind = result(reply)[1] or "done" if reply[0] == 200 else fault(reply)[1]
        with lock:
            kinds[kind] += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, bodies))
    assert kinds["done"] > 50 and len(kinds) > 10, kinds
    assert not kinds["soap_failed"], db.rows("SELECT arguments FROM hospital_his_inbox WHERE state = 'failed'")
    consistent(db)


# -- a crowd wants it ----------------------------------------------------------------------------------------


def test_a_thousand_want_a_hundred_slots(service, his, db):
    slots = [f"crowd.{number}" for number in range(100)]
    for half, session in enumerate(("crowd.am", "crowd.pm")):
        part = slots[half * 50 : half * 50 + 50]
        assert result(his.post(envelope(table(session, session, part))))[0] == "1"
    wishes = [(number, slots[number % 100]) for number in range(1, 1001)]
    random.Random(7).shuffle(wishes)
    local = threading.local()

    def want(wish):
        number, slot = wish
        local.service = getattr(local, "service", None) or service()
        patient = f"<patientId>P{number}</patientId>"
        return result(local.service.post(envelope(booking(f"crowd.{number}", slot, f"crowd.{number}", patient))))

    started = time.monotonic()
    with ThreadPoolExecutor(12) as pool:
        answers = Counter(pool.map(want, wishes))
    print(f"1,000 bookings by 12 at once: {time.monotonic() - started:.1f} s")
    assert answers == {("1", None): 100, ("-1", "slot_taken"): 900}
    booked = """SELECT count(*), count(DISTINCT slot_id) FROM hospital_appointment
                 WHERE external_id LIKE 'crowd.%' AND state = 'booked'"""
    assert db.rows(booked) == [(100, 100)]
    consistent(db)
