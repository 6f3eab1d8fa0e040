"""Our SOAP client against a service that no SOAP library has written: the six operations, both forms, every failure."""

import json

import pytest
from conftest import database
from exchange_kit import odoo  # noqa: F401
from his_soap import SoapHis

SETUP = """
source = env["hospital.his.source"].create({"name": "HIS", "code": "soap_his", "connect_timeout": 2})
endpoint = env["hospital.his.endpoint"].create({
    "name": "appointments", "source_id": source.id, "wsdl": wsdl, "address": address, "security": "token",
    "username": "followup", "secret_ref": "TEST_READER",
})
endpoint.action_describe()
deliveries = env["hospital.his.delivery"]
services = {
    "number_table": "BuildNumberTable", "confirm_booking": "ConfirmBooking", "unlock_booking": "UnlockBooking",
    "cancel_booking": "CancelBooking", "stop_clinic": "StopClinic", "attended": "ConfirmAttendance",
}
for operation, service in services.items():
    delivery = deliveries.create({
        "name": operation, "source_id": source.id, "operation": operation, "kind": "soap", "endpoint_id": endpoint.id,
        "service": service, "message": '{"requestId": ":key"}',
    })
    delivery.action_use_example()
env.cr.commit()
result = [source.id, endpoint.id, endpoint.services]
"""
# What the service does in one go, with the HIS's patience cut short.
GO = """
import odoo.addons.hospital_his_connector.models.hospital_his_outbox_sending as sending
from odoo.addons.hospital_his_connector.exchange import parent
from odoo.addons.hospital_his_connector.services.exchange import send
sending.ANSWER = 2
source = env["hospital.his.source"].search([("code", "=", "soap_his")])
outbox = env["hospital.his.outbox"]
for operation, payload in payloads:
    outbox._enqueue(source, operation, payload.get("appointment") or payload.get("session") or "table", payload)
outbox.search([]).next_try_at = "2026-01-01"
env.cr.commit()
lot = outbox._take(source.id, env["hospital.his.endpoint"].search([]).id)
results = []
with parent.Session() as session:
    failure = send(session, lot, results)
outbox._settle(lot, results, failure)
env.cr.commit()
result = [[write.delivery_id.operation, write.state, write.code or "", write.attempts]
          for write in outbox.browse(lot.ids).sorted("id")]
"""
BOOKING = {"slot": "S1", "appointment": "A1", "patient": "P1", "patient_name": "张三<&>", "at": "2026-11-01 00:30:00"}
SIX = [
    (
        "number_table",
        {"sessions": [{"sessionId": "D1", "departmentCode": "01", "date": "2026-11-02", "dayPart": "am"}]},
    ),
    ("confirm_booking", BOOKING),
    ("unlock_booking", {"slot": "S1", "appointment": "A1", "reason": "超时"}),
    ("cancel_booking", {"appointment": "A1", "at": "2026-11-01 01:00:00"}),
    ("stop_clinic", {"session": "D1", "reason": "出差", "substitute": "1002"}),
    ("attended", {"appointment": "A1", "visit": "V1", "at": "2026-11-02 01:00:00"}),
]


@pytest.fixture(scope="module")
def template(odoo):  # noqa: F811
    his = SoapHis()
    with database("soapbase") as name:
        result = odoo.run(name, SETUP, wsdl=his.wsdl, address=his.address)
        yield name, his, result
    his.close()


@pytest.fixture
def hospital(odoo, template):  # noqa: F811
    name, his, _result = template
    his.fault, his.refuse = "", False
    his.done.clear(), his.calls.clear(), his.headers.clear(), his.envelopes.clear()
    odoo.run(name, "env.cr.execute('TRUNCATE hospital_his_outbox CASCADE'); env.cr.commit()")

    def go(*payloads):
        return odoo.run(name, GO, payloads=payloads)

    yield go, his


def test_the_description_is_kept(template):
    _name, _his, (_source, _endpoint, services) = template
    assert services == (
        "BuildNumberTable, Call, CancelBooking, ConfirmAttendance, ConfirmBooking, StopClinic, UnlockBooking"
    )


def test_all_six_in_the_typed_form(hospital):
    go, his = hospital
    assert [row[:3] for row in go(*SIX)] == [[operation, "done", ""] for operation, _payload in SIX]
    (booking,) = his.effects("ConfirmBooking")
    assert booking == {
        "requestId": "confirm_booking:A1",
        "slotId": "S1",
        "appointmentId": "A1",
        "patientId": "P1",
        "name": "张三<&>",
        "bookedAt": "2026-11-01T08:30:00",
    }
    assert his.effects("BuildNumberTable")[0]["departmentCode"] == "01"
    assert his.effects("StopClinic")[0]["substituteCode"] == "1002"
    assert b"UsernameToken" in his.envelopes[0] and b"#PasswordDigest" in his.envelopes[0]
    assert b"geheim" not in b"".join(his.envelopes)


def test_string_in_string_out(hospital, odoo, template):  # noqa: F811
    go, his = hospital
    code = """
delivery = env["hospital.his.delivery"].search([("operation", "=", "confirm_booking")])
delivery.write({"service": service, "message": message, "success": success})
env.cr.commit()
"""
    inner = {"Request": {"requestId": ":key", "slotId": ":slot", "name": ":patient_name"}}
    message = json.dumps({"funcCode": "ConfirmBooking", "inputXml": inner})
    odoo.run(template[0], code, service="Call", message=message, success="ResultCode=1")
    try:
        assert go(("confirm_booking", BOOKING))[0][:3] == ["confirm_booking", "done", ""]
        assert his.effects("ConfirmBooking")[0]["name"] == "张三<&>"
        his.refuse = True
        assert go(("confirm_booking", BOOKING | {"appointment": "A2"}))[0][:3] == [
            "confirm_booking",
            "dead",
            "his_refuses",
        ]
    finally:
        example = "\ndelivery.action_use_example(); env.cr.commit()"
        odoo.run(template[0], code + example, service="ConfirmBooking", message="{}", success="resultCode=1")


@pytest.mark.parametrize(
    ("fault", "code", "attempts"),
    [
        ("silent", "silence", 0),
        ("drip", "silence", 0),
        ("reset", "lost", 0),
        ("garbage", "bad_answer", 0),
        ("huge", "answer_too_big", 0),
        ("fault", "his_fault", 1),
    ],
)
def test_a_service_that_fails_is_named_and_asked_again(hospital, fault, code, attempts):
    go, his = hospital
    his.fault = fault
    assert go(("confirm_booking", BOOKING)) == [["confirm_booking", "waiting", code, attempts]]
    his.fault = ""
    assert go() == [["confirm_booking", "done", "", attempts]]
    assert len(his.effects("ConfirmBooking")) == 1


def test_an_answer_that_is_lost_leads_to_a_repetition_with_one_effect(hospital):
    go, his = hospital
    his.fault = "lost"
    assert go(("confirm_booking", BOOKING)) == [["confirm_booking", "waiting", "lost", 0]]
    his.fault = ""
    assert go()[0][1] == "done"
    assert his.calls == ["ConfirmBooking"] * 2 and len(his.done) == 1


def test_a_refusal_is_final_and_has_its_words(hospital, odoo, template):  # noqa: F811
    go, his = hospital
    his.refuse = True
    assert go(("confirm_booking", BOOKING)) == [["confirm_booking", "dead", "his_refuses", 1]]
    words = odoo.run(template[0], "result = env['hospital.his.outbox'].search([]).reason")
    assert "号源已被占用" in words


def test_a_service_that_is_off_does_not_keep_us_from_knowing_it(hospital, odoo, template):  # noqa: F811
    """The description was kept, so the only thing that is missing is the service itself."""
    go, his = hospital
    elsewhere = "env['hospital.his.endpoint'].search([]).address = address; env.cr.commit()"
    odoo.run(template[0], elsewhere, address="http://127.0.0.1:9/appointments")
    try:
        assert go(("confirm_booking", BOOKING)) == [["confirm_booking", "waiting", "web_refused", 0]]
    finally:
        odoo.run(template[0], elsewhere, address=his.address)
    assert go()[0][1] == "done"


def test_a_message_that_the_service_does_not_know_is_refused_before_it_is_sent(hospital):
    go, his = hospital
    assert go(("confirm_booking", {"appointment": "A9"})) == [["confirm_booking", "waiting", "bad_message", 1]]
    assert not his.calls
