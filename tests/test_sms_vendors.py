"""The links to Aliyun and Tencent against their fakes on loopback; the vendors' own SDKs are the measure."""

import asyncio
import contextlib
import json
from collections import Counter

import odoo_here  # noqa: F401
import pytest
from alibabacloud_dysmsapi20170525.client import Client as AliyunSdk
from alibabacloud_dysmsapi20170525.models import SendSmsRequest
from alibabacloud_tea_openapi.models import Config
from sms_vendors_fake import KEY, SECRET, Aliyun, Tencent, untrusted
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111 import models
from tencentcloud.sms.v20210111.sms_client import SmsClient

from odoo.addons.hospital_sms.protocols import aliyun, tencent
from odoo.addons.hospital_sms.protocols.contract import (
    LINKS,
    Accepted,
    Account,
    Part,
    Rejected,
    Reply,
    Report,
    Unsent,
)

FAKES = {"aliyun": Aliyun, "tencent": Tencent}
CODES = {
    "aliyun": {
        "isv.MOBILE_NUMBER_ILLEGAL": "failed",
        "isv.BUSINESS_LIMIT_CONTROL 触发分钟级流控Permits:1": "throttled",
        "isv.BUSINESS_LIMIT_CONTROL 触发天级流控Permits:10": "later",
        "isv.AMOUNT_NOT_ENOUGH": "busy",
        "isv.SOMETHING_NEW": "failed",
        "Throttling.User": "throttled",
        "isp.SYSTEM_ERROR": "unknown",
        "InternalError": "unknown",
    },
    "tencent": {
        "InvalidParameterValue.IncorrectPhoneNumber": "failed",
        "LimitExceeded.PhoneNumberThirtySecondLimit": "throttled",
        "LimitExceeded.PhoneNumberDailyLimit": "later",
        "FailedOperation.InsufficientBalanceInSmsPackage": "busy",
        "FailedOperation.SomethingNew": "failed",
        "RequestLimitExceeded.UinLimitExceeded": "throttled",
        "UnauthorizedOperation.ServiceSuspendDueToArrears": "busy",
        "InternalError.Timeout": "unknown",
    },
}
# What happens to HTTP, and what the link may say of the part then.
MISHAPS = {
    "slow": "unknown",
    "broken": "unknown",
    "dropped": "unknown",
    "garbage": "unknown",
    "malformed": "unknown",
    "bomb": "unknown",
    "list": "unknown",
    "huge": "unknown",
    "endless": "unknown",
    "chunked": "unknown",
    "headers": "unknown",
    "down": "unknown",
    "moved": "busy",
    "forbidden": "busy",
    "crowded": "throttled",
}


class Service:
    """The other side of the contract: remembers what it is told."""

    def __init__(self):
        self.outcomes, self.kept, self.states = [], [], []
        self.failures = 0

    @property
    def state(self):
        return self.states[-1][0] if self.states else ""

    def settle(self, outcomes):
        self.outcomes += outcomes

    async def keep(self, arrived):
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the database is away")
        self.kept += arrived

    def status(self, status):
        self.states.append((status.state, status.code))


def account(vendor, port, **values):
    options = {"signature": "【仁和医院】", "vendor_app": "1400006666"} | values.pop("options", {})
    own = {"host": "http://127.0.0.1", "login": KEY, "secret": SECRET, "access_number": "10690"}
    return Account(1, vendor, port=port, options=options, **own | values)


def number(vendor, n):
    """As the vendor's request writes the number of the part ``n``."""
    return f"+861390000{n:04d}" if vendor == "tencent" else f"1390000{n:04d}"


def part(link, n, **values):
    own = {"text": "张伟，您好", "template": "SMS_1", "values": {"1": "张伟 & ~*+%/", "2": "周一"}} | values
    return Part(n, link.reserve(1)[0], f"1390000{n:04d}", "1069012", **own)


async def until(found):
    async with asyncio.timeout(20):
        while not found():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running(vendor, port, deadline=5, ready=True, **values):
    """A link that runs, and its service."""
    service = Service()
    link = LINKS[vendor](account(vendor, port, **values), service)
    link.client.deadline = deadline
    link.on_free(lambda: None)
    task = asyncio.create_task(link.run())
    if ready:
        await until(lambda: link.free)
    try:
        yield link, service
    finally:
        await link.close(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def kind(outcome):
    return outcome.kind if isinstance(outcome, Rejected) else type(outcome).__name__.lower()


# -- signatures ------------------------------------------------------------------------------------------------------


def test_aliyun_signs_as_the_sdk_does():
    """What Aliyun's own SDK has sent is signed again by us, and comes out the same."""
    with Aliyun() as fake:
        sdk = AliyunSdk(
            Config(access_key_id=KEY, access_key_secret=SECRET, endpoint=f"127.0.0.1:{fake.port}", protocol="HTTP")
        )
        values = {"phone_numbers": "13900000001", "sign_name": "仁和医院", "template_code": "SMS_1"}
        values["template_param"] = json.dumps({"name": "张伟 & ~*+%/", "day": "é"}, ensure_ascii=False)
        answer = sdk.send_sms(SendSmsRequest(**values, out_id="ab12"))
        assert answer.body.code == "OK" and len(fake.sent) == 1
        given = fake.seen.headers
        names = given["authorization"].partition("SignedHeaders=")[2].split(",")[0].split(";")
        query = aliyun.canonical(fake.seen.query)
        signed = {name: given[name] for name in names}
        payload = given["x-acs-content-sha256"]
        assert aliyun.authorization(query, signed, payload, KEY, SECRET) == given["authorization"]


def test_tencent_signs_as_the_sdk_does():
    with Tencent() as fake:
        profile = ClientProfile(httpProfile=HttpProfile(endpoint=f"127.0.0.1:{fake.port}", protocol="http"))
        sdk = SmsClient(Credential(KEY, SECRET), "ap-guangzhou", profile)
        request = models.SendSmsRequest()
        request.PhoneNumberSet, request.SmsSdkAppId = ["+8613900000001"], "1400006666"
        request.SignName, request.TemplateId, request.TemplateParamSet = "仁和医院", "11", ["张伟", "é"]
        assert sdk.SendSms(request).SendStatusSet[0].Code == "Ok"
        given, body = fake.seen.headers, fake.seen.body
        stamp = int(given["X-TC-Timestamp"])
        assert tencent.authorization(body, given["Host"], stamp, KEY, SECRET) == given["Authorization"]


# -- outcomes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", FAKES)
def test_each_part_has_one_outcome_the_true_one(vendor):
    """Good and bad, all at once: what the vendor says by its code, what HTTP does by whether it may have passed."""
    wanted = {f"good {n}": "accepted" for n in range(20)} | CODES[vendor] | MISHAPS

    async def send(fake):
        # A part that got no answer closes the link until the vendor answers again: hence one after the other.
        async with running(vendor, fake.port, deadline=0.5, window=50) as (link, service):
            parts = [part(link, n) for n in range(len(wanted))]
            for one in parts:
                await until(lambda: link.free)
                link.submit([one])
            await until(lambda: len(service.outcomes) == len(parts))
        return service

    with FAKES[vendor]() as fake:
        for n, how in enumerate(wanted):
            fake.behaviour[number(vendor, n)] = how if not how.startswith("good") else "good"
        service = asyncio.run(send(fake))
        fake.released.set()
    said = {outcome.part_id: kind(outcome) for outcome in service.outcomes}
    assert {how: said[n] for n, how in enumerate(wanted)} == wanted
    assert Counter(fake.number(values) for values in fake.sent) == {number(vendor, n): 1 for n in range(len(wanted))}
    assert all(outcome.provider_id for outcome in service.outcomes if isinstance(outcome, Accepted))


@pytest.mark.parametrize("vendor", FAKES)
def test_what_a_request_says(vendor):
    """Our reference, the values and the extension arrive as they were given, to the last character."""

    async def send(fake):
        async with running(vendor, fake.port) as (link, service):
            one = part(link, 1)
            link.submit([one])
            await until(lambda: service.outcomes)
            return one

    with FAKES[vendor]() as fake:
        one = asyncio.run(send(fake))
    (values,) = fake.sent
    if vendor == "aliyun":
        assert json.loads(values.pop("TemplateParam")) == one.values
        assert values == {
            "PhoneNumbers": one.number,
            "SignName": "仁和医院",
            "TemplateCode": "SMS_1",
            "OutId": one.reference,
            "SmsUpExtendCode": "12",
        }
    else:
        assert values == {
            "PhoneNumberSet": ["+8613900000001"],
            "SmsSdkAppId": "1400006666",
            "SignName": "仁和医院",
            "TemplateId": "SMS_1",
            "TemplateParamSet": [one.values["1"], one.values["2"]],
            "SessionContext": one.reference,
            "ExtendCode": "12",
        }


@pytest.mark.parametrize("vendor", FAKES)
def test_without_a_template_nothing_leaves(vendor):
    async def send(fake):
        async with running(vendor, fake.port) as (link, service):
            link.submit([part(link, 1, template=""), part(link, 2, index=2, total=2)])
            if vendor == "tencent":
                link.submit([part(link, 3, values={"name": "张伟"})])
            await until(lambda: len(service.outcomes) == (3 if vendor == "tencent" else 2))
            return sorted(service.outcomes)

    with FAKES[vendor]() as fake:
        outcomes = asyncio.run(send(fake))
        assert not fake.sent
    assert outcomes[:2] == [Rejected(1, "no_template"), Rejected(2, "in_parts")]
    assert outcomes[2:] in ([], [Rejected(3, "template_values")])


# -- the connection --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", FAKES)
def test_nobody_there_then_somebody(vendor):
    """Nothing has left: the parts may be sent again, and the link comes back by itself."""

    async def send(fake, port):
        async with running(vendor, port) as (link, service):
            fake.__exit__()
            link.client.close()
            link.submit([part(link, n) for n in range(5)])
            await until(lambda: len(service.outcomes) == 5)
            assert link.free == 0
            await until(lambda: service.state == "failing")
            with FAKES[vendor](port) as again:
                await until(lambda: link.free)
                link.submit([part(link, 9)])
                await until(lambda: len(service.outcomes) == 6)
                assert len(again.sent) == 1
        return service

    fake = FAKES[vendor]().__enter__()
    service = asyncio.run(send(fake, fake.port))
    assert [kind(outcome) for outcome in service.outcomes] == ["unsent"] * 5 + ["accepted"]
    assert [state for state, _code in service.states] == ["connecting", "connected", "failing", "connected"]


@pytest.mark.parametrize("vendor", FAKES)
def test_a_refused_key_ends_it(vendor):
    """At the start and in the middle; the part that was refused with it may go another way."""

    async def start(fake):
        async with running(vendor, fake.port, ready=False, secret="wrong") as (_link, service):
            await until(lambda: service.state == "refused")
            return service

    async def middle(fake):
        async with running(vendor, fake.port) as (link, service):
            fake.secret = "changed"
            link.submit([part(link, 1)])
            await until(lambda: service.state == "refused")
            assert link.free == 0
            return service

    with FAKES[vendor]() as fake:
        code = {"aliyun": "SignatureDoesNotMatch", "tencent": "AuthFailure.SignatureFailure"}[vendor]
        assert asyncio.run(start(fake)).states == [("connecting", ""), ("refused", code)]
        assert fake.requests.total() == 1
        assert asyncio.run(middle(fake)).outcomes == [Rejected(1, code, "busy")]
        assert not fake.sent


def test_an_untrusted_certificate_gets_nothing():
    async def send(fake):
        async with running("aliyun", fake.port, ready=False, host="localhost") as (link, service):
            link.submit([part(link, 1)])
            await until(lambda: service.outcomes and service.state == "failing")
            return service

    with Aliyun(tls=untrusted()) as fake:
        assert asyncio.run(send(fake)).outcomes == [Unsent(1)]
        assert not fake.requests


def test_by_a_proxy():
    """CONNECT, then the same; a proxy that refuses lets nothing leave."""
    asked = []

    async def send(fake):
        async def tunnel(reader, writer):
            head = await reader.readuntil(b"\r\n\r\n")
            asked.append(head.split(b"\r\n")[0].decode())
            if len(asked) > 2:
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                return writer.close()
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            there = await asyncio.open_connection("127.0.0.1", fake.port)
            for source, target in ((reader, there[1]), (there[0], writer)):
                tunnels.append(asyncio.create_task(pipe(source, target)))

        async def pipe(source, target):
            while data := await source.read(65536):
                target.write(data)
            target.close()

        tunnels = []
        server = await asyncio.start_server(tunnel, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        options = {"proxy": f"http://127.0.0.1:{port}"}
        async with server, running("aliyun", fake.port, options=options) as (link, service):
            link.submit([part(link, 1)])
            await until(lambda: service.outcomes)
            link.client.close()
            link.submit([part(link, 2), part(link, 3)])
            await until(lambda: len(service.outcomes) == 3)
        return service

    with Aliyun() as fake:
        service = asyncio.run(send(fake))
        assert asked[0] == f"CONNECT 127.0.0.1:{fake.port} HTTP/1.1"
    assert Counter(map(kind, service.outcomes)) == {"accepted": 2, "unsent": 1}


@pytest.mark.parametrize("vendor", FAKES)
def test_window_and_pause(vendor):
    """Never more requests at once than the window; a vendor that finds us too fast is left alone for a moment."""

    async def send(fake):
        async with running(vendor, fake.port, window=4) as (link, service):
            woken = asyncio.Event()
            link.on_free(woken.set)
            parts = [part(link, n) for n in range(40)]
            while parts:
                woken.clear()
                count = min(link.free, len(parts))
                link.submit([parts.pop() for _ in range(count)])
                if not count:
                    await asyncio.wait_for(woken.wait(), 10)
            await until(lambda: len(service.outcomes) == 40)
        return service

    with FAKES[vendor]() as fake:
        fast = {"aliyun": "Throttling.User", "tencent": "RequestLimitExceeded"}[vendor]
        fake.behaviour[number(vendor, 20)] = fast
        service = asyncio.run(send(fake))
        assert 2 <= fake.most <= 4
    assert Counter(map(kind, service.outcomes)) == {"accepted": 39, "throttled": 1}


@pytest.mark.parametrize("vendor", FAKES)
def test_closing_leaves_nothing_open(vendor):
    """What is answered is known; what has left and is not, is unknown; the rest unsent, and that is true."""

    async def send(fake):
        async with running(vendor, fake.port, window=10) as (link, service):
            link.submit([part(link, n) for n in range(4)])
            await until(lambda: len(fake.sent) == 4 and len(service.outcomes) == 2)
            link.submit([part(link, n) for n in range(4, 8)])
            await link.close(0)
            assert link.free == 0
        return service

    with FAKES[vendor]() as fake:
        fake.behaviour = {number(vendor, 1): "slow", number(vendor, 3): "slow"}
        service = asyncio.run(send(fake))
        fake.released.set()
    said = {outcome.part_id: kind(outcome) for outcome in service.outcomes}
    assert len(service.outcomes) == len(said) == 8
    assert [said[n] for n in range(4)] == ["accepted", "unknown", "accepted", "unknown"]
    reached = {fake.number(values) for values in fake.sent}
    assert not reached & {number(vendor, n) for n, what in said.items() if what == "unsent"}


# -- reports and replies ---------------------------------------------------------------------------------------------


def test_tencent_is_asked_for_reports_and_replies():
    """250 reports in three pulls, none lost though the database is away at first; strange rows harm nothing."""
    reports = [
        {
            "SerialNo": f"2640:{n}",
            "ReportStatus": "FAIL" if n == 7 else "SUCCESS",
            "Description": "DELIVRD",
            "PhoneNumber": f"+861390000{n:04d}",
            "UserReceiveTime": 1764230400,
            "SessionContext": "ab12",
        }
        for n in range(250)
    ]
    reports += [{"ReportStatus": "SUCCESS"}, {"SerialNo": 5, "UserReceiveTime": "soon", "Description": "\ud800\0"}]
    replies = [{"PhoneNumber": "+8613900000001", "ReplyContent": "TD", "ReplyTime": 1764230400, "ExtendCode": "12"}]

    async def pull(fake):
        async with running("tencent", fake.port, ready=False) as (link, service):
            service.failures = 1
            await until(lambda: link.free)
            return service.kept

    with Tencent() as fake:
        fake.waiting = {"PullSmsSendStatus": reports, "PullSmsReplyStatus": replies}
        kept = asyncio.run(pull(fake))
        assert fake.requests == {"PullSmsSendStatus": 3, "PullSmsReplyStatus": 1}
    assert len(kept) == 252
    assert kept[7][:4] == ("2640:7", "failed", "DELIVRD", "13900000007") and kept[7].reference == "ab12"
    assert kept[250] == Report("5", "failed", "?")
    assert isinstance(kept[-1], Reply) and kept[-1][:3] == ("13900000001", "12", "TD")


def test_an_answer_that_says_something_else_ends_nothing():
    async def pull(fake):
        async with running("tencent", fake.port, ready=False) as (link, service):
            await until(lambda: link.free)
            return [state for state, _code in service.states]

    with Tencent() as fake:
        fake.waiting = {"PullSmsSendStatus": ["no row"]}
        assert asyncio.run(pull(fake)) == ["connecting", "failing", "connected"]
