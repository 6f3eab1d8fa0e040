"""What WeChat and patients call, on a real server: forged, stale and repeated callbacks, links, proofs, one token."""

import contextlib
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
import requests
from conftest import database, odoo_shell, server
from sms_wechat_fake import AES_KEY, APP_ID, CALLBACK_TOKEN, SECRET, Caller, FakeWechat

PREPARE = """
env["ir.config_parameter"].set_param("web.base.url", URL)
env["hospital.gateway"].search([]).active = False
gateway = env["hospital.gateway"].create({
    "name": "协和医院", "protocol": "wechat", "host": FAKE, "wechat_page": FAKE, "login": APP_ID,
    "secret_ref": "test_wechat", "wechat_token_ref": "test_wechat_token", "wechat_aes_ref": "test_wechat_aes",
    "wechat_welcome": "欢迎关注"})
patients = env["res.partner"].create([
    {"name": name, "is_patient": True, "phone_line_ids": [(0, 0, {"number": number}) for number in numbers]}
    for name, numbers in (("张伟国", ["13900001234", "13900005678"]), ("李秀英", ["13900004321"]),
                          ("王小明", ["13900009999"]))])
links = env["hospital.wechat.visit"]._links_of(patients, gateway)
template = env["sms.template"].create({"name": "复诊", "model_id": env["ir.model"]._get_id("res.partner"),
    "body": "复诊", "wechat_code": "T1", "approval": "approved"})
from odoo.addons.hospital_sms.models.hospital_message_queue import Draft, Terms
env["hospital.message"]._enqueue([Draft("复诊", "", patients[0].id, openid="o_1")],
    Terms("appointment", channel="wechat", template_id=template.id))
env.cr.execute(
    "UPDATE hospital_message_part SET state = 'sent', provider_id = '1001', sending_at = now() AT TIME ZONE 'UTC'")
env.cr.execute("UPDATE hospital_message SET state = 'sent'")
env.cr.commit()
print("READY", __import__("json").dumps([gateway.id, gateway.wechat_key, [links[patient.id] for patient in patients]]))
"""
TOKEN = """
from odoo.addons.hospital_sms.models.hospital_wechat_token import Keeper
print("TOKEN", Keeper(env.cr.dbname, GATEWAY)("").value)
"""
WECHAT = {"User-Agent": "Mozilla/5.0 (iPhone) AppleWebKit/605 MicroMessenger/8.0.50"}
NAMES = ("张伟国", "李秀英", "王小明", "1234", "5678", "4321", "9999")


class Hospital:
    def __init__(self, name, url, fake, prepared):
        self.name, self.url, self.fake = name, url, fake
        self.gateway, self.key, self.links = prepared
        self.caller = Caller(f"{url}/hospital_sms/wechat/{self.key}")

    def rows(self, query, *parameters):
        with contextlib.closing(psycopg2.connect(dbname=self.name)) as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return cursor.fetchall()

    def write(self, query):
        with (
            contextlib.closing(psycopg2.connect(dbname=self.name)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query)

    def bound(self):
        return self.rows(
            """SELECT follower.openid, partner.name FROM hospital_wechat_follower follower
                 JOIN res_partner partner ON partner.id = follower.patient_id ORDER BY follower.id"""
        )


@pytest.fixture(scope="module")
def hospital():
    os.environ |= {
        "HOSPITAL_SECRET_TEST_WECHAT": SECRET,
        "HOSPITAL_SECRET_TEST_WECHAT_TOKEN": CALLBACK_TOKEN,
        "HOSPITAL_SECRET_TEST_WECHAT_AES": AES_KEY,
    }
    with FakeWechat() as fake, database("wechat") as name, server(name) as url:
        known = {"URL": url, "FAKE": fake.url, "APP_ID": APP_ID}
        code = "".join(f"{key} = {value!r}\n" for key, value in known.items()) + PREPARE
        yield Hospital(name, url, fake, json.loads(odoo_shell(name, code).split("READY ")[1]))


@pytest.fixture
def caller(hospital):
    return hospital.caller


def visitor(hospital, openid):
    """A browser in WeChat, used by ``openid``: it opens a link and returns the page."""
    browser = requests.Session()
    browser.headers.update(WECHAT)

    def open_link(link):
        hospital.fake.visitor = openid
        return browser.get(link, timeout=30)

    return browser, open_link


def prove(browser, hospital, page, digits):
    proof = re.search('name="proof" value="([0-9a-f]+)"', page.text)[1]
    return browser.post(
        f"{hospital.url}/hospital_sms/wechat/{hospital.key}/bind", {"proof": proof, "digits": digits}, timeout=30
    )


def tells_nothing(page):
    return page.status_code == 200 and not any(name in page.text for name in NAMES)


# -- callbacks -------------------------------------------------------------------------------------------------------


def test_the_address_is_confirmed_to_wechat_only(hospital, caller):
    assert caller.confirm("echo-7") == (200, "echo-7")
    assert caller.confirm(token="guessed")[0] == 403
    assert caller.confirm(at=time.time() - 400)[0] == 403
    assert Caller(f"{hospital.url}/hospital_sms/wechat/nobody").confirm()[0] == 403


def test_a_follower_comes_is_welcomed_and_goes(hospital, caller):
    status, answer = caller.post(caller.event("subscribe", "o_new"))
    assert status == 200 and "欢迎关注" in caller.read(answer)
    follows = "SELECT follows FROM hospital_wechat_follower WHERE openid = 'o_new'"
    assert hospital.rows(follows) == [(True,)]
    assert caller.post(caller.event("unsubscribe", "o_new", at=time.time() + 2)) == (200, "success")
    assert hospital.rows(follows) == [(False,)]


def test_a_text_is_kept_once_however_often_it_comes(hospital, caller):
    xml = caller.message("o_1", MsgType="text", Content="好的，谢谢 ]]&gt; <b>", MsgId="23456")
    assert [caller.post(xml)[0] for _again in range(3)] == [200] * 3
    kept = hospital.rows("SELECT channel, openid, text FROM hospital_message_inbound WHERE key = '23456'")
    assert kept == [("wechat", "o_1", "好的，谢谢 ]]&gt; <b>")]


def test_wechat_says_what_became_of_a_message(hospital, caller):
    caller.post(caller.event("TEMPLATESENDJOBFINISH", "o_1", MsgID="1001", Status="success"))
    assert hospital.rows("SELECT state FROM hospital_message_part WHERE provider_id = '1001'") == [("delivered",)]


def test_forged_and_stale_callbacks_change_nothing(hospital, caller):
    xml = caller.message("o_forged", MsgType="text", Content="x", MsgId="666")
    address = caller.address
    forgers = (Caller(address, token="guessed"), Caller(address, key="x" * 43), Caller(address, app_id="wx_other"))
    assert [forger.post(xml)[0] for forger in forgers] == [403] * 3
    assert caller.post(xml, at=time.time() - 301)[0] == 403
    assert caller.post(xml, at=time.time() + 400)[0] == 403
    begin = b"<Encrypt><![CDATA["
    assert caller.post(xml, tamper=lambda body: body.replace(begin, begin + b"AAAA"))[0] == 403
    assert caller.raw("msg_signature=&timestamp=&nonce=", xml.encode())[0] == 403
    assert not hospital.rows("SELECT FROM hospital_message_inbound WHERE key = '666'")


def test_files_in_the_place_of_words_are_refused(hospital, caller):
    files = {name: ("a", b"b") for name in ("timestamp", "msg_signature", "nonce", "proof", "digits", "key")}
    assert requests.post(caller.address, files=files, timeout=30).status_code == 403
    assert tells_nothing(requests.post(f"{caller.address}/bind", files=files, timeout=30))


def test_bombs_are_refused_at_once(caller):
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "aaaa">'
        + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a;" * 10) for n in range(10))
        + b"]><xml><Encrypt>&a9;</Encrypt></xml>"
    )
    query = f"msg_signature=x&timestamp={int(time.time())}&nonce=n"
    assert caller.raw(query, bomb)[0] == 403
    assert caller.raw(query, b"<a>" * 20_000)[0] == 403
    assert caller.raw(query, b"<xml>" + b"x" * 10_000_000)[0] in (403, 413)


# -- links -----------------------------------------------------------------------------------------------------------


def test_a_link_leads_to_one_check_and_then_to_nothing_more(hospital):
    browser, open_link = visitor(hospital, "o_zhang")
    page = open_link(hospital.links[0])
    assert tells_nothing(page) and len(page.content) < 20_000 and "<script" not in page.text
    assert tells_nothing(wrong := prove(browser, hospital, page, "0000")) and "不符" in wrong.text
    done = prove(browser, hospital, page, "5678")
    assert tells_nothing(done) and ("o_zhang", "张伟国") in hospital.bound()
    assert 'name="digits"' not in open_link(hospital.links[0]).text, "asked once only"


def test_a_forwarded_link_shows_and_binds_nothing(hospital):
    browser, open_link = visitor(hospital, "o_stranger")
    page = open_link(hospital.links[0])
    assert tells_nothing(page) and 'name="digits"' in page.text
    # Neither does the number of another patient.
    assert 'name="digits"' in prove(browser, hospital, page, "4321").text
    assert "o_stranger" not in dict(hospital.bound())


def test_five_wrong_tries_lock_the_patient_for_everybody(hospital):
    pages = [visitor(hospital, f"o_thief{n}") for n in range(2)]
    for digits in ("0001", "0002", "0003"):
        browser, open_link = pages[0]
        prove(browser, hospital, open_link(hospital.links[2]), digits)
    browser, open_link = pages[1]
    for digits in ("0004", "0005"):
        prove(browser, hospital, open_link(hospital.links[2]), digits)
    locked = prove(browser, hospital, open_link(hospital.links[2]), "9999")
    assert "明天" in locked.text and tells_nothing(locked) and "王小明" not in dict(map(reversed, hospital.bound()))
    hospital.write("UPDATE hospital_wechat_guard SET since = since - interval '25 hours'")
    assert 'name="digits"' not in prove(browser, hospital, open_link(hospital.links[2]), "9999").text


def test_forged_used_and_borrowed_states_are_refused(hospital):
    browser, _open_link = visitor(hospital, "o_li")
    hospital.fake.visitor = "o_li"
    away = browser.get(hospital.links[1], allow_redirects=False, timeout=30)
    back = browser.get(away.headers["Location"], allow_redirects=False, timeout=30).headers["Location"]
    state = re.search(r"state=(\w+)", back)[1]
    assert len(state) <= 128 and state.isalnum(), "WeChat carries nothing else"
    forged = back.replace(state, state[:-1] + ("0" if state[-1] != "0" else "1"))
    assert 'name="digits"' not in browser.get(forged, timeout=30).text
    # In another browser: somebody is made to open a visit that another has begun.
    assert 'name="digits"' not in requests.get(back, headers=WECHAT, timeout=30).text
    assert 'name="digits"' in browser.get(back, timeout=30).text
    assert 'name="digits"' not in browser.get(back, timeout=30).text, "used"
    cut = hospital.links[1][:-3] + "AAA"
    assert "authorize" not in browser.get(cut, allow_redirects=False, timeout=30).headers.get("Location", "")


def test_outside_wechat_the_page_says_what_to_do(hospital):
    page = requests.get(hospital.links[0], timeout=30)
    assert tells_nothing(page) and "微信" in page.text and 'name="digits"' not in page.text


def test_the_page_works_on_a_telephone_without_javascript(hospital, chromium):
    hospital.fake.visitor = "o_phone"
    context = chromium.new_context(
        viewport={"width": 375, "height": 667},
        user_agent=WECHAT["User-Agent"],
        java_script_enabled=False,
        locale="zh-CN",
    )
    page = context.new_page()
    page.goto(hospital.links[1])
    page.fill("#digits", "4321")
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/wechat_bind.png")
    page.click("button")
    page.wait_for_selector("h1")
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/wechat_done.png")
    assert ("o_phone", "李秀英") in hospital.bound()
    context.close()


# -- the token -------------------------------------------------------------------------------------------------------


def test_two_processes_fetch_one_token(hospital):
    hospital.fake.fetched.clear()
    code = TOKEN.replace("GATEWAY", str(hospital.gateway))
    with ThreadPoolExecutor(2) as pool:
        tokens = {text.split("TOKEN ")[1].strip() for text in pool.map(odoo_shell, [hospital.name] * 2, [code] * 2)}
    assert tokens == {hospital.fake.token} and hospital.fake.fetched == [False]
