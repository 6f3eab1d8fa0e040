"""Notices on their way through the real service: WeChat, else a text message, else a call; one outcome each."""

import json
import os

import pytest
import sms_kit
from conftest import odoo_shell
from sms_wechat_fake import APP_ID, SECRET, FakeWechat

# By what the patient's openid and the end of the number make WeChat and the operator do: (openid, number).
PATIENTS = {
    "follows": ("o_1", "13900000011"),
    "left": ("o_left", "13900000012"),
    "refused": ("o_refused", "13900000013"),
    "left and no phone": ("o_left_2", "13900000001"),
    "not for tests": ("o_2", "13900000015"),
    "no wechat": ("", "13900000014"),
    "nothing": ("", ""),
}
ALLOWED = {"follows", "left", "refused", "left and no phone"}
NOTICES = """
from odoo.addons.hospital_sms.models.hospital_message_queue import Draft, Terms
# Not really sending: only the numbers for tests reach WeChat, all others and all texts the simulator.
env["ir.config_parameter"].set_param("hospital_sms.live", "False")
env["hospital.gateway.allowed"].create(
    [{"name": name, "number": number} for name, (openid, number) in PATIENTS.items() if name in ALLOWED])
account = env["hospital.gateway"].search([("protocol", "=", "wechat")])
template = env["sms.template"].create({"name": "复诊", "model_id": env["ir.model"]._get_id("res.partner"),
    "body": "复诊", "wechat_code": "T1", "approval": "approved"})
patients = env["res.partner"]
for name, (openid, number) in PATIENTS.items():
    patient = env["res.partner"].create({"name": name, "is_patient": True,
        "phone_line_ids": [(0, 0, {"number": number})] if number else []})
    if openid:
        env["hospital.wechat.follower"]._bind(account, openid, patient)
    patients += patient
ids = env["hospital.message"]._notify(
    [Draft("请于明天复诊", patient_id=patient.id, values={"thing1": "复诊"}) for patient in patients],
    Terms("appointment", template_id=template.id))
env.cr.commit()
print("IDS", __import__("json").dumps(ids))
"""
REPORT = """
from odoo.addons.hospital_sms.protocols.contract import Report
env["hospital.message"]._keep(env["hospital.gateway"].search([("protocol", "=", "wechat")]).id,
    [Report(number, "delivered", "") for number in NUMBERS])
env.cr.commit()
"""


@pytest.fixture(scope="module")
def hospital():
    os.environ["HOSPITAL_SECRET_TEST_CHAIN"] = SECRET
    account = {"protocol": "wechat", "login": APP_ID, "secret_ref": "test_chain"}
    with (
        FakeWechat() as fake,
        sms_kit.hospital("wechat_chain", account | {"host": fake.url}, {"name": "S"}) as place,
    ):
        place.fake = fake
        yield place


def test_each_notice_finds_its_way_and_has_one_outcome(hospital):
    shell = odoo_shell(hospital.name, f"PATIENTS, ALLOWED = {PATIENTS!r}, {ALLOWED!r}\n{NOTICES}")
    roots = dict(zip(PATIENTS, json.loads(shell.split("IDS ")[1]), strict=True))
    hospital.start()

    def outcome(name):
        return hospital.read("SELECT outcome, call_state FROM hospital_message WHERE id = %s", roots[name])[0]

    expected = {
        "left": ("sms", None),
        "refused": ("sms", None),
        "left and no phone": (None, "due"),
        "not for tests": ("wechat", None),  # or so the simulator says
        "no wechat": ("sms", None),
        "nothing": (None, "due"),
    }
    hospital.until(lambda: all(outcome(name) == end for name, end in expected.items()), "each has its outcome")
    # Accepted is not delivered: WeChat says so later.
    assert outcome("follows") == (None, None)
    numbers = [row[0] for row in hospital.read("SELECT provider_id FROM hospital_message_part WHERE state = 'sent'")]
    odoo_shell(hospital.name, f"NUMBERS = {numbers!r}\n{REPORT}")
    assert outcome("follows") == ("wechat", None)
    # One message for each way that was tried, none twice.
    sent = hospital.read(
        "SELECT COALESCE(root_id, id), string_agg(channel, '+' ORDER BY id) FROM hospital_message GROUP BY 1"
    )
    assert dict(sent) == {
        roots["follows"]: "wechat",
        roots["left"]: "wechat+sms",
        roots["refused"]: "wechat+sms",
        roots["left and no phone"]: "wechat+sms",
        roots["not for tests"]: "wechat",
        roots["no wechat"]: "sms",
        roots["nothing"]: "sms",
    }
    assert [(openid, data) for _way, openid, _template, data, _link in hospital.fake.sent] == [
        ("o_1", {"thing1": {"value": "复诊"}})
    ]
    assert hospital.fake.fetched == [False], "one token for all"
    hospital.stop()
