"""The addresses at which Aliyun and Tencent bring reports and replies, on a real server: who may, what, how much.

And what Aliyun has not brought, and is asked for.
"""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest
from conftest import database, odoo_shell, server
from sms_kit import Hospital
from sms_vendors_fake import KEY, SECRET, Aliyun

PREPARE = """
accounts = {"login": "AK", "signature": "仁和医院", "vendor_app": "1400006666", "enabled": False}
gateways = env["hospital.gateway"].create([
    {**accounts, "name": "A", "protocol": "aliyun"},
    {**accounts, "name": "T", "protocol": "tencent"},
    {**accounts, "name": "F", "protocol": "aliyun", "listen_peers": "10.9.0.0/16"},
    {**accounts, "name": "N", "protocol": "aliyun"},
])
env["hospital.contact.policy"].search([]).write({"hours": "00:00-23:59", "cap": 0})
env["ir.config_parameter"].set_param("hospital_sms.live", "True")
env["sms.template"].create({"name": "复查", "body": "您好", "vendor_code": "SMS_1",
                            "model_id": env["ir.model"]._get_id("res.partner")})
for gateway in gateways[:3]:
    gateway.action_new_push_address()
env.cr.commit()
print("URLS", __import__("json").dumps({gateway.name: gateway.push_url or "" for gateway in gateways}))
"""
# One message in one part, sent by the gateway; its ids are "<number>^0" at the vendor and "ref<number>" ours.
SENT = """
    WITH message AS (
        INSERT INTO hospital_message (channel, number, number_masked, text, purpose, priority, gateway_id, state,
               part_count, plan_at, sender_id, create_uid, create_date, write_date)
        SELECT 'sms', %(number)s, '139', '您好', 'notice', '2', gateway.id, %(state)s, 1, now() AT TIME ZONE 'UTC', 2,
               2, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
          FROM hospital_gateway gateway WHERE gateway.name->>'en_US' = %(gateway)s RETURNING *)
    INSERT INTO hospital_message_part (message_id, number, total, gateway_id, priority, due_at, sending_at, state,
           reference, provider_id, attempts, throttled)
    SELECT id, 1, 1, gateway_id, '2', plan_at, plan_at, state, 'ref' || number,
           CASE state WHEN 'sent' THEN number || '^0' END, 1, 0
      FROM message
"""


BIZ_ID = "SELECT COALESCE(max(provider_id), 'new') FROM hospital_message_part WHERE reference = %s"


class Place(Hospital):
    def __init__(self, name, url, paths):
        super().__init__(name)
        self.host, self.paths = urlsplit(url).netloc, paths

    def post(self, path, body, method="POST", **headers):
        """Returns status and text; ``body``: bytes, or what becomes JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.host, timeout=60)
        connection.request(method, path, raw, {"Content-Type": "application/json;charset=utf-8"} | headers)
        response = connection.getresponse()
        return response.status, response.read().decode()

    def sent(self, number, gateway="A", state="sent"):
        self.write(SENT, {"number": number, "gateway": gateway, "state": state})

    def enable(self, port):
        """Let the gateway "A" send to the fake at this port."""
        account = f"host = 'http://127.0.0.1', port = {port}, login = '{KEY}', secret_ref = 'ALIYUN_TEST'"
        self.edit(f"enabled = true, {account}", "A")

    def state(self, number):
        return self.value("SELECT state FROM hospital_message WHERE number = %s", number)

    def inbound(self):
        return self.read("SELECT number, destination, text FROM hospital_message_inbound ORDER BY id")


@pytest.fixture(scope="module")
def place():
    with database("sms_pushes") as name:
        printed = odoo_shell(name, PREPARE)
        urls = json.loads(printed.partition("URLS")[2])
        with server(name) as url:
            yield Place(name, url, {key: urlsplit(value).path for key, value in urls.items()})


@pytest.fixture(autouse=True)
def empty(place):
    place.clear()


def aliyun_report(number, **values):
    own = {
        "phone_number": number,
        "send_time": "2026-11-27 08:00:00",
        "report_time": "2026-11-27 08:30:00",
        "success": True,
        "err_code": "DELIVERED",
        "err_msg": "用户接收成功",
        "sms_size": "1",
        "biz_id": f"{number}^0",
        "out_id": f"ref{number}",
    }
    return own | values


def tencent_report(number, **values):
    own = {
        "user_receive_time": "2026-11-27 08:30:00",
        "nationcode": "86",
        "mobile": number,
        "report_status": "SUCCESS",
        "errmsg": "DELIVRD",
        "description": "用户短信送达成功",
        "sid": f"{number}^0",
    }
    return own | values


REFUSED = "Not understood"
KEPT = {"A": {"code": 0, "msg": "OK"}, "T": {"result": 0, "errmsg": "OK"}}


@pytest.mark.parametrize("gateway, report", [("A", aliyun_report), ("T", tencent_report)])
def test_reports_are_kept_and_answered_in_the_vendors_form(place, gateway, report):
    """Good and bad ones, one that comes twice, one of nobody's; one whose answer we never heard."""
    for number in ("13900000001", "13900000002"):
        place.sent(number, gateway)
    place.sent("13900000003", gateway, "unknown")
    failed = (
        {"success": False, "err_code": "MK:0001"} if gateway == "A" else {"report_status": "FAIL", "errmsg": "MK:1"}
    )
    reports = [
        report("13900000001"),
        report("13900000002", **failed),
        report("13900000003"),
        report("13999999999"),
        {"strange": 1},
    ]
    for _ in range(2):
        status, said = place.post(place.paths[gateway], reports)
        assert status == 200 and json.loads(said) == KEPT[gateway]
    assert [place.state(f"1390000000{n}") for n in (1, 2, 3)] == ["delivered", "failed", "delivered"]
    codes = place.read("SELECT code, done_at::text FROM hospital_message_part WHERE state = 'delivered'")
    assert {done for _code, done in codes} == {"2026-11-27 00:30:00"}


def test_replies_are_kept_once(place):
    aliyun = [
        {"phone_number": "13900000001", "content": "TD\0\ud800", "dest_code": "106901", "sequence_id": 77,
         "send_time": "2026-11-27 08:30:00", "sign_name": "仁和医院"},
    ]  # fmt: skip
    tencent = {"nationcode": "86", "mobile": "13900000002", "text": "好的", "extend": "12", "time": 1764230400}
    for _ in range(2):
        assert place.post(place.paths["A"], aliyun)[0] == 200
        assert place.post(place.paths["T"], tencent)[0] == 200
    assert place.inbound() == [("13900000001", "106901", "TD?"), ("13900000002", "12", "好的")]


def test_who_does_not_know_the_token_learns_nothing(place):
    """Wrong, of another vendor, from a stranger's address, of a gateway that has none: all the same answer."""
    place.sent("13900000001")
    body = [aliyun_report("13900000001")]
    right = place.paths["A"]
    wrong = [
        right[:-1],
        right + "x",
        right.replace("aliyun", "tencent"),
        place.paths["F"],
        "/hospital_sms/aliyun/False",
        "/hospital_sms/aliyun/%00",
        "/hospital_sms/aliyun/%F0%9F%98%80",
    ]
    answers = {place.post(path, body) for path in wrong}
    assert {status for status, _text in answers} == {404} and len(answers) <= 2
    assert place.post("/hospital_sms/aliyun/", body)[0] == 404
    assert place.post(right, body, method="GET")[0] == 405
    assert place.state("13900000001") == "sent"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing of the kind",
        b"[" * 200_000,
        b'{"a":' * 40_000,
        b'[{"phone_number": {"a": 1}}]',
        b'["text"]',
        b"7",
        b"\xff\xfe[]",
        json.dumps([{"a": 1}] * 1001).encode(),
    ],
    ids=["empty", "text", "brackets", "braces", "nested", "strings", "number", "bytes", "many"],
)
def test_what_is_none_of_its_forms_is_refused(place, body):
    for gateway, said in (
        ("A", {"code": 1, "msg": "Not understood"}),
        ("T", {"result": 1, "errmsg": "Not understood"}),
    ):
        status, text = place.post(place.paths[gateway], body)
        assert status == 400 and json.loads(text) == said


def test_too_much_is_not_even_read(place):
    """By what it says it is: the answer comes although nothing of the body has."""
    host, port = place.host.split(":")
    path = place.paths["A"]
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: {place.host}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: 500000000\r\n\r\n".encode())
        assert b" 413 " in connection.recv(65536).split(b"\r\n")[0]
    big = json.dumps([aliyun_report("13900000001", err_msg="x" * 300_000)]).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert place.post(path, b"a=" + b"x" * 300_000, **form)[0] == 413
    try:
        assert place.post(path, big)[0] == 413
    except OSError:
        pass  # refused so early that the rest could not be written


def test_aliyun_is_asked_for_what_it_has_not_brought(place, monkeypatch):
    """Of the right age, by its id or, without one, by ours; what is still under way stays as it is."""
    monkeypatch.setenv("HOSPITAL_SECRET_ALIYUN_TEST", SECRET)
    for n, state in enumerate(["sent", "sent", "unknown", "sent", "sent"]):
        place.sent(f"1390000000{n}", state=state)
    # asked soon after they left, but for one that left just now
    place.write(
        "UPDATE hospital_message_part SET sending_at = sending_at - interval '7 minutes' WHERE reference NOT LIKE '%4'"
    )

    def row(n, status, code):
        return {
            "OutId": f"ref1390000000{n}",
            "SendStatus": status,
            "ErrCode": code,
            "ReceiveDate": "2026-11-27 08:30:00",
        }

    with Aliyun() as fake:
        others = {"OutId": "somebody's", "SendStatus": 3, "ErrCode": "DELIVERED"}
        fake.waiting["QuerySendDetails"] = {
            "13900000000": [others, row(0, 3, "DELIVERED")],
            "13900000001": [row(1, 2, "MOBILE_NOT_ON_SERVICE")],
            "13900000002": [row(2, 3, "DELIVERED")],
            "13900000003": [row(3, 1, "")],
            "13900000004": [row(4, 3, "DELIVERED")],
        }
        place.enable(fake.port)
        odoo_shell(place.name, 'env.ref("hospital_sms.schedule_ask_vendors")._run_ask_vendors(); env.cr.commit()')
        assert fake.requests == {"QuerySendDetails": 4}
    assert [place.state(f"1390000000{n}") for n in range(5)] == ["delivered", "failed", "delivered", "sent", "sent"]


def test_from_the_queue_to_the_vendor_and_back(place, monkeypatch):
    """The real service: templates and values go out, once each, and the reports that are pushed finish the messages."""
    monkeypatch.setenv("HOSPITAL_SECRET_ALIYUN_TEST", SECRET)
    numbers = [f"139000001{n:02d}" for n in range(30)]
    with Aliyun() as fake:
        fake.behaviour = {
            numbers[0]: "isv.MOBILE_NUMBER_ILLEGAL",
            numbers[1]: "broken",
            numbers[2]: ["Throttling.User"],
        }
        place.enable(fake.port)
        place.fill(numbers, gateway="A")
        place.write(
            """UPDATE hospital_message SET "values" = '{"name": "张伟"}',
                      template_id = (SELECT id FROM sms_template WHERE vendor_code = 'SMS_1')"""
        )
        place.start()
        place.until(lambda: place.states() == {"sent": 28, "failed": 1, "unknown": 1}, "all settled")
        reports = [
            {"phone_number": one["PhoneNumbers"], "success": True, "err_code": "DELIVERED", "out_id": one["OutId"],
             "biz_id": place.value(BIZ_ID, one["OutId"])}
            for one in {one["PhoneNumbers"]: one for one in fake.sent}.values()
            if one["PhoneNumbers"] != numbers[0]
        ]  # fmt: skip
        assert place.post(place.paths["A"], reports)[0] == 200
        place.settled(29)
        place.stop()
    times = {}
    for one in fake.sent:
        times[one["PhoneNumbers"]] = times.get(one["PhoneNumbers"], 0) + 1
        assert one["TemplateCode"] == "SMS_1" and json.loads(one["TemplateParam"]) == {"name": "张伟"}
    assert times == dict.fromkeys(numbers, 1) | {numbers[2]: 2}
