"""WeChat's link against a fake of WeChat: tokens, quotas, refusals, silence; sealing judged by another library."""

import asyncio

import odoo_here  # noqa: F401
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sms_wechat_fake import AES_KEY, APP_ID, CALLBACK_TOKEN, SECRET, FakeWechat
from wechatpy.crypto import WeChatCrypto

from odoo.addons.hospital_sms.protocols import wechat_client, wechat_crypto
from odoo.addons.hospital_sms.protocols.contract import Accepted, Account, Part, Rejected, Unknown, Unsent
from odoo.addons.hospital_sms.protocols.http import Client, endpoint
from odoo.addons.hospital_sms.protocols.wechat import WechatLink


class Keeper:
    """A token kept in one process."""

    def __init__(self, fake):
        self.fake, self.token = fake, None

    def __call__(self, stale=""):
        async def ask():
            return await wechat_client.token(Client(endpoint(self.fake.url)), APP_ID, SECRET, stale)

        if self.token is None or stale == self.token.value:
            self.token = asyncio.run(ask())
        return self.token


class Service:
    def __init__(self):
        self.outcomes, self.states = [], []

    def settle(self, outcomes):
        self.outcomes += outcomes

    def status(self, status):
        self.states.append((status.state, status.code))


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def part(number, openid="o_1", **values):
    return Part(
        number, f"{number:032x}", "", "", "您好", openid=openid, template="T1", values=values or {"thing1": "复诊"}
    )


def sends(fake, *parts, way="template", meanwhile=lambda link: None, secret=SECRET, outcomes=None):
    """What becomes of ``parts``, sent one after the other; and what the board was told."""

    async def run():
        service = Service()
        keeper = Keeper(fake)
        account = Account(
            1, "wechat", fake.url, login=APP_ID, secret=secret, options={"wechat_way": way, "wechat_token": keeper}
        )
        link = WechatLink(account, service)
        link.on_free(lambda: None)
        running = asyncio.create_task(link.run())
        try:
            for place, one in enumerate(parts, 1):
                await until(lambda: link.free)
                meanwhile(link)
                link.submit([one])
                await until(lambda place=place: len(service.outcomes) == place)
        finally:
            await link.close(1)
            running.cancel()
        return service

    service = asyncio.run(run())
    return service.outcomes, service.states


def test_both_ways_carry_template_values_and_link():
    with FakeWechat() as fake:
        one = part(1, thing1="心内科", time2="8月1日", url="https://h.cn/x")
        outcomes, states = sends(fake, one)
        assert outcomes == [Accepted(1, "1001")] and ("connected", "") in states
        sends(fake, one, way="subscription")
    data = {"thing1": {"value": "心内科"}, "time2": {"value": "8月1日"}}
    assert fake.sent == [(way, "o_1", "T1", data, "https://h.cn/x") for way in ("template", "subscription")]


def test_a_token_that_is_no_longer_good_is_renewed_and_the_message_sent_once():
    with FakeWechat() as fake:
        parts = [part(1), part(2), part(3)]
        events = iter([None, fake.forget_token, lambda: setattr(fake, "expires", 0)])
        outcomes, _states = sends(fake, *parts, meanwhile=lambda _link: (next(events) or bool)())
        assert [type(outcome) for outcome in outcomes] == [Accepted] * 3
        assert [openid for _way, openid, *_rest in fake.sent] == ["o_1"] * 3
        assert fake.fetched == [False, False, False], "nothing forced: the stable token was another already"


def test_a_token_that_wechat_never_takes_costs_no_message_and_few_calls():
    with FakeWechat() as fake:
        fake.takes = "no token at all"
        assert sends(fake, part(1))[0] == [Unsent(1)]
        assert fake.fetched == [False, False, True], "asked again, then once by force"
        assert [path.rsplit("/", 1)[1] for path in fake.asked].count("send") == 2


@pytest.mark.parametrize(
    ("openid", "code", "kind"),
    [
        ("o_left", "43004", "failed"),
        ("o_refused", "43101", "failed"),
        ("o_nobody", "40003", "failed"),
        ("o_quota", "45009", "later"),
        ("o_fast", "45047", "throttled"),
        ("o_busy", "-1", "busy"),
    ],
)
def test_refusals(openid, code, kind):
    with FakeWechat() as fake:
        assert sends(fake, part(1, openid))[0] == [Rejected(1, code, kind)]


@pytest.mark.parametrize("broken", ["malformed", "closed", "silent"])
def test_what_has_left_without_an_answer_is_unknown(broken):
    with FakeWechat() as fake:
        fake.broken = broken

        def impatient(link):
            link.client.deadline = 0.5

        (outcome,), _states = sends(fake, part(1), meanwhile=impatient)
        assert isinstance(outcome, Unknown) and fake.sent == []


def test_after_silence_nothing_leaves_before_wechat_has_answered():
    with FakeWechat() as fake:
        fake.broken = "closed"
        states = iter(["closed", ""])
        outcomes, _states = sends(fake, part(1), part(2), meanwhile=lambda _link: setattr(fake, "broken", next(states)))
        assert [type(outcome) for outcome in outcomes] == [Unknown, Accepted]
        assert [path.rsplit("/", 1)[1] for path in fake.asked] == ["stable_token", "send", "stable_token", "send"]


def test_what_cannot_leave_is_unsent():
    with FakeWechat() as fake:

        def vanish(link):
            link.client.close()
            link.client.target = endpoint("http://127.0.0.1:1")

        assert sends(fake, part(1), meanwhile=vanish)[0] == [Unsent(1)]


def test_a_wrong_secret_ends_it():
    with FakeWechat() as fake:
        fake.secret = "another"

        async def run():
            service = Service()
            link = WechatLink(
                Account(
                    1,
                    "wechat",
                    fake.url,
                    login=APP_ID,
                    options={"wechat_way": "template", "wechat_token": Keeper(fake)},
                ),
                service,
            )
            await asyncio.wait_for(link.run(), 10)
            return service.states, link.free

        states, free = asyncio.run(run())
        assert states[-1] == ("refused", "40125") and free == 0
        assert len(fake.asked) == 1, "nothing is tried again by itself"


# -- sealing ---------------------------------------------------------------------------------------------------------

KEY = wechat_crypto.key_of(AES_KEY)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80)


@given(TEXT, st.integers(0, 2**32), st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True))
def test_what_wechatpy_seals_is_read_and_the_other_way_round(text, at, nonce):
    theirs = WeChatCrypto(CALLBACK_TOKEN, AES_KEY, APP_ID)
    xml = wechat_crypto.text_answer("o_1", "gh_1", text, at)
    sealed = wechat_crypto.fields(theirs.encrypt_message(xml, nonce, str(at)).encode())
    wechat_crypto.check(sealed["MsgSignature"], CALLBACK_TOKEN, str(at), nonce, sealed["Encrypt"])
    assert wechat_crypto.unseal(sealed["Encrypt"], KEY, APP_ID) == xml.encode()
    ours = wechat_crypto.envelope(wechat_crypto.seal(xml, KEY, APP_ID), CALLBACK_TOKEN, str(at), nonce)
    signature = wechat_crypto.fields(ours.encode())["MsgSignature"]
    assert theirs.decrypt_message(ours, signature, str(at), nonce) == xml


@given(st.binary(max_size=200), st.text(max_size=60))
def test_anything_else_is_refused_and_never_breaks(raw, text):
    for attempt in (
        lambda: wechat_crypto.fields(raw),
        lambda: wechat_crypto.unseal(text, KEY, APP_ID),
        lambda: wechat_crypto.check(text, CALLBACK_TOKEN, "1", "n"),
    ):
        with pytest.raises(wechat_crypto.Refused):
            attempt()
