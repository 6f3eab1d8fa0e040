"""Tencent Cloud messages: SMS 2021-01-11, signed with TC3-HMAC-SHA256."""

import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from .contract import Accepted, Outcome, Part, Rejected, Reply, Report, Unknown, link
from .http import Unanswered
from .vendor import Refused, Request, VendorLink, beijing, digest, extension, local, seconds, words

ALGORITHM = "TC3-HMAC-SHA256"
VERSION = "2021-01-11"
CONTENT = "application/json"
MOST = 100  # rows of one pull
# What a code, or the beginning of one before its dot, says of the part; the others are "failed".
KINDS = {
    "RequestLimitExceeded": "throttled",
    "LimitExceeded.GlobalSmsSendingRateLimit": "throttled",
    "LimitExceeded.PhoneNumberThirtySecondLimit": "throttled",
    "LimitExceeded": "later",
    "LimitExceeded.AppCountryOrRegionInBlacklist": "failed",
    "LimitExceeded.PhoneNumberCountLimit": "failed",
    "FailedOperation.MarketingSendTimeConstraint": "later",
    "FailedOperation.InsufficientBalanceInSmsPackage": "busy",
    "AuthFailure": "busy",
    "UnauthorizedOperation": "busy",
    "UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny": "failed",
    "InternalError.RequestTimeException": "busy",
    # The vendor's own trouble: it does not say whether the message went out.
    "InternalError": "unknown",
}
REFUSED = (
    "AuthFailure.InvalidSecretId",
    "AuthFailure.SecretIdNotFound",
    "AuthFailure.SignatureFailure",
    "UnauthorizedOperation.SmsSdkAppIdVerifyFail",
)


def request(
    action: str, values: dict[str, Any], host: str, region: str, key: str, secret: str, *, at: int | None = None
) -> Request:
    """A signed request; ``at``: seconds since 1970, now when left out."""
    body = json.dumps(values, ensure_ascii=False).encode()
    stamp = int(time.time()) if at is None else at
    return Request(
        "/",
        {
            "Host": host,
            "Content-Type": CONTENT,
            "X-TC-Action": action,
            "X-TC-Region": region,
            "X-TC-Timestamp": str(stamp),
            "X-TC-Version": VERSION,
            "Authorization": authorization(body, host, stamp, key, secret),
        },
        body,
    )


def authorization(body: bytes, host: str, stamp: int, key: str, secret: str) -> str:
    """The signature of a POST of JSON."""
    canonical = (
        f"POST\n/\n\ncontent-type:{CONTENT}\nhost:{host}\n\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}"
    )
    day = f"{datetime.fromtimestamp(stamp, UTC):%Y-%m-%d}"
    scope = f"{day}/sms/tc3_request"
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    step = f"TC3{secret}".encode()
    for part in (day, "sms", "tc3_request", text):
        step = hmac.new(step, part.encode(), hashlib.sha256).digest()
    return f"{ALGORITHM} Credential={key}/{scope}, SignedHeaders=content-type;host, Signature={step.hex()}"


def kind_of(code: str) -> str:
    """What a code of Tencent means for a part.

    >>> kind_of("InvalidParameterValue.IncorrectPhoneNumber"), kind_of("RequestLimitExceeded.UinLimitExceeded")
    ('failed', 'throttled')
    >>> kind_of("LimitExceeded.PhoneNumberDailyLimit"), kind_of("InternalError.Timeout")
    ('later', 'unknown')
    """
    return KINDS.get(code) or KINDS.get(code.split(".")[0]) or "failed"


def ordered(values: dict[str, str]) -> list[str]:
    """The values of a template in the order of its variables {1}, {2}, ...; raises ValueError("template_values").

    >>> ordered({"2": "周一", "1": "张伟", "10": "x"} | {str(n): "" for n in range(3, 10)})[:2]
    ['张伟', '周一']
    >>> ordered({"name": "张伟"})
    Traceback (most recent call last):
    ValueError: template_values
    """
    if set(values) != {str(number) for number in range(1, len(values) + 1)}:
        raise ValueError("template_values")
    return [values[str(number)] for number in range(1, len(values) + 1)]


@link("tencent")
class TencentLink(VendorLink):
    """login: the SecretId; ``signature``: the sign name; a part's template: its number"""

    host = "sms.tencentcloudapi.com"
    too_fast = ("RequestLimitExceeded", "LimitExceeded.GlobalSmsSendingRateLimit")
    options = (*VendorLink.options, "vendor_app", "vendor_region")

    def request(self, action: str, values: dict[str, Any]) -> Request:
        options = self.account.options
        values = {"SmsSdkAppId": options.get("vendor_app") or "", **values}
        region = options.get("vendor_region") or "ap-guangzhou"
        return request(action, values, self.client.target.authority, region, self.account.login, self.account.secret)

    def compose(self, part: Part) -> Request:
        values = {
            "PhoneNumberSet": [f"+86{part.number}" if len(part.number) == 11 else f"+{part.number}"],
            "SignName": self.signature,
            "TemplateId": part.template,
            "TemplateParamSet": ordered(part.values),
            "SessionContext": part.reference,
        }
        if more := extension(part, self.account.access_number):
            values["ExtendCode"] = more
        return self.request("SendSms", values)

    def verdict(self, part: Part, answer: Any) -> Outcome:
        said = answer["Response"]
        row = said.get("Error") or said["SendStatusSet"][0]
        code = row["Code"]
        if code == "Ok":
            return Accepted(part.id, row["SerialNo"])
        if code in REFUSED:
            raise Refused(code)
        kind = kind_of(code)
        return Unknown(part.id, code) if kind == "unknown" else Rejected(part.id, code, kind)

    async def look(self) -> None:
        for action, read in (("PullSmsSendStatus", reports), ("PullSmsReplyStatus", replies)):
            more = True
            while more:
                answer = await self.ask(self.request(action, {"Limit": MOST}))
                try:
                    said = answer["Response"]
                    code = str((said.get("Error") or {}).get("Code"))
                    # Pulling has to be granted by the vendor; an account without it is pushed to, or hears nothing.
                    rows = said.get(f"{action}Set") or []
                    arrived = read(rows)
                except (KeyError, TypeError, AttributeError):
                    raise Unanswered("not understood") from None
                if code in REFUSED:
                    raise Refused(code)
                await self.keep(arrived)
                more = len(rows) == MOST


# Reports and replies: as they are pulled, and as they are pushed


def reports(rows: Sequence[dict[str, Any]]) -> list[Report]:
    """
    >>> reports([{"SerialNo": "9", "ReportStatus": "FAIL", "Description": "空号", "PhoneNumber": "+8613900001234"}])
    [Report(provider_id='9', state='failed', code='空号', number='13900001234', done_at=None, reference='')]
    """
    return [
        _report(
            row["SerialNo"],
            row.get("ReportStatus"),
            row.get("Description"),
            row.get("PhoneNumber"),
            seconds(row.get("UserReceiveTime")),
            row.get("SessionContext"),
        )
        for row in rows
        if row.get("SerialNo")
    ]


def replies(rows: Sequence[dict[str, Any]]) -> list[Reply]:
    return [
        _reply(row["PhoneNumber"], row.get("ExtendCode"), row.get("ReplyContent"), row.get("ReplyTime"))
        for row in rows
        if local(row.get("PhoneNumber"))
    ]


def pushed(rows: Sequence[dict[str, Any]]) -> list[Report | Reply]:
    """What a pushed list of reports, or one pushed reply, says; a row without its names is left out.

    >>> pushed([{"sid": "9", "report_status": "SUCCESS", "errmsg": "DELIVRD", "mobile": "13900001234"}])
    [Report(provider_id='9', state='delivered', code='DELIVRD', number='13900001234', done_at=None, reference='')]
    >>> reply = {"nationcode": "86", "mobile": "13900001234", "text": "TD", "extend": "12", "time": 1457336869}
    >>> pulled = {"PhoneNumber": "+8613900001234", "ReplyContent": "TD", "ExtendCode": "12", "ReplyTime": 1457336869}
    >>> pushed([reply]) == replies([pulled])
    True
    """
    arrived: list[Report | Reply] = []
    for row in rows:
        number = f"{row.get('nationcode') or ''}{row.get('mobile') or ''}"
        if row.get("sid"):
            at = beijing(row.get("user_receive_time"))
            arrived.append(_report(row["sid"], row.get("report_status"), row.get("errmsg"), number, at, ""))
        elif "text" in row and local(number):
            arrived.append(_reply(number, row.get("extend"), row["text"], row.get("time")))
    return arrived


def _report(serial: Any, status: Any, code: Any, number: Any, at: datetime | None, context: Any) -> Report:
    state = "delivered" if status == "SUCCESS" else "failed"
    return Report(words(serial), state, words(code), local(number), at, words(context))


def _reply(number: Any, extend: Any, text: Any, stamp: Any) -> Reply:
    number, extend, text = local(number), words(extend), words(text)
    return Reply(number, extend, text, digest(number, extend, text, stamp), seconds(stamp))
