"""Aliyun (Alibaba Cloud) messages: Dysmsapi 2017-05-25, signed with ACS3-HMAC-SHA256."""

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from .connection import BEIJING
from .contract import Accepted, Account, Outcome, Part, Rejected, Reply, Report, Unknown, link
from .http import Unanswered
from .vendor import Refused, Request, VendorLink, beijing, digest, extension, local, words

ALGORITHM = "ACS3-HMAC-SHA256"
VERSION = "2017-05-25"
# What a code, or the beginning of one before its first dot, says of the part; the others are "failed".
KINDS = {
    "Throttling": "throttled",
    "ServiceUnavailable": "busy",
    "InvalidTimeStamp": "busy",
    "isv.BUSINESS_LIMIT_CONTROL": "later",
    "isv.DAY_LIMIT_CONTROL": "later",
    "isv.MONTH_LIMIT_CONTROL": "later",
    "isv.SMS_SEND_TIME_LIMIT": "later",
    "isv.ACCOUNT_ABNORMAL": "busy",
    "isv.ACCOUNT_NOT_EXISTS": "busy",
    "isv.AMOUNT_NOT_ENOUGH": "busy",
    "isv.DENY_IP_RANGE": "busy",
    "isv.OUT_OF_SERVICE": "busy",
    "isv.PRODUCT_UN_SUBSCRIPT": "busy",
    "isv.PRODUCT_UNSUBSCRIBE": "busy",
    "isp.RAM_PERMISSION_DENY": "busy",
    "Forbidden": "busy",
    "NoPermission": "busy",
}
# The vendor's own trouble: it does not say whether the message went out.
UNCERTAIN = ("InternalError", "isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "isp.UNKNOWN_ERROR")
REFUSED = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "IncompleteSignature")
# QuerySendDetails; 1 is still under way
STATES = {2: "failed", 3: "delivered"}


def request(
    action: str,
    values: dict[str, str],
    host: str,
    key: str,
    secret: str,
    *,
    at: datetime | None = None,
    nonce: str = "",
) -> Request:
    """A signed request of an RPC action.

    at: aware UTC; ``nonce``: used once; both made here when left out
    """
    query = canonical(values)
    payload = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": payload,
        "x-acs-date": f"{at or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce or secrets.token_hex(16),
        "x-acs-version": VERSION,
    }
    headers["Authorization"] = authorization(query, headers, payload, key, secret)
    return Request(f"/?{query}", headers | {"accept": "application/json"})


def authorization(query: str, headers: dict[str, str], payload: str, key: str, secret: str) -> str:
    """The signature of a POST.

    query: canonical; ``headers``: all that are signed, names in small letters; ``payload``: the hash of the body
    """
    names = sorted(headers)
    signed = ";".join(names)
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    canonical = f"POST\n/\n{query}\n{lines}\n{signed}\n{payload}"
    text = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key},SignedHeaders={signed},Signature={signature}"


def canonical(values: dict[str, str]) -> str:
    """The query string, as it is sent and as it is signed.

    >>> canonical({"b": "张 ~*", "a": "1"})
    'a=1&b=%E5%BC%A0%20~%2A'
    """
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(values.items()))


def kind_of(code: str, said: str = "") -> str:
    """What a code of Aliyun, and the sentence ``said`` with it, mean for a part.

    >>> kind_of("isv.MOBILE_NUMBER_ILLEGAL"), kind_of("Throttling.User")
    ('failed', 'throttled')
    >>> [kind_of("isv.BUSINESS_LIMIT_CONTROL", f"触发{span}级流控Permits:1") for span in ("分钟", "天")]
    ['throttled', 'later']
    >>> kind_of("isp.SYSTEM_ERROR")
    'unknown'
    """
    if code.startswith(UNCERTAIN):
        return "unknown"
    if code == "isv.BUSINESS_LIMIT_CONTROL" and "分钟" in said:
        return "throttled"
    return KINDS.get(code) or KINDS.get(code.split(".")[0]) or "failed"


@link("aliyun")
class AliyunLink(VendorLink):
    """login: the access key's id; ``signature``: the sign name; a part's template: its code, SMS_…"""

    host = "dysmsapi.aliyuncs.com"
    too_fast = ("Throttling",)

    def request(self, action: str, values: dict[str, str]) -> Request:
        return request(action, values, self.client.target.authority, self.account.login, self.account.secret)

    def compose(self, part: Part) -> Request:
        values = {
            "PhoneNumbers": part.number,
            "SignName": self.signature,
            "TemplateCode": part.template,
            "OutId": part.reference,
        }
        if part.values:
            values["TemplateParam"] = json.dumps(part.values, ensure_ascii=False)
        if more := extension(part, self.account.access_number):
            values["SmsUpExtendCode"] = more
        return self.request("SendSms", values)

    def verdict(self, part: Part, answer: Any) -> Outcome:
        code = answer["Code"]
        if code == "OK":
            return Accepted(part.id, answer["BizId"])
        _check(code)
        kind = kind_of(code, str(answer.get("Message")))
        return Unknown(part.id, code) if kind == "unknown" else Rejected(part.id, code, kind)

    async def look(self) -> None:
        """Any answer that knows our key will do: an account may be allowed to send and nothing else."""
        answer = await self.ask(self.request("QuerySmsSignList", {"PageIndex": "1", "PageSize": "1"}))
        _check(str(answer.get("Code")) if isinstance(answer, dict) else "")


def _check(code: str) -> None:
    if code.split(".")[0] in REFUSED:
        raise Refused(code)


# Reports and replies: as Aliyun pushes them, and as it answers questions


def pushed(rows: Sequence[dict[str, Any]]) -> list[Report | Reply]:
    """What a pushed list of reports or of replies says; a row without its names is left out.

    >>> pushed([{"phone_number": "13900001234", "success": True, "err_code": "DELIVERED", "biz_id": "9^0"}, {}])
    [Report(provider_id='9^0', state='delivered', code='DELIVERED', number='13900001234', done_at=None, reference='')]
    >>> pushed([{"phone_number": "13900001234", "content": "TD", "sequence_id": 7, "dest_code": "106901"}])[0].text
    'TD'
    """
    arrived: list[Report | Reply] = []
    for row in rows:
        number = local(row.get("phone_number"))
        if "content" in row and number:
            at, text = row.get("send_time"), words(row["content"])
            key = words(row.get("sequence_id")) or digest(number, at, row.get("dest_code"), text)
            arrived.append(Reply(number, words(row.get("dest_code")), text, key, beijing(at)))
        elif row.get("biz_id") or row.get("out_id"):
            state = "delivered" if row.get("success") in (True, "true") else "failed"
            arrived.append(
                Report(
                    words(row.get("biz_id") or row["out_id"]),
                    state,
                    words(row.get("err_code")),
                    number,
                    beijing(row.get("report_time")),
                    words(row.get("out_id")),
                )
            )
    return arrived


class Question(NamedTuple):
    """A part without a report. ``provider_id``: "" where its answer was never heard; ``at``: naive UTC, when it left"""

    number: str
    provider_id: str
    reference: str
    at: datetime


def detail(answer: Any, question: Question) -> Report | None:
    """The report in an answer to QuerySendDetails; None while it is under way, or if the part is not known there.

    >>> question = Question("13900001234", "9^0", "ab", datetime(2026, 11, 27))
    >>> rows = [{"SendStatus": 3, "OutId": "cd"}, {"SendStatus": 2, "ErrCode": "MK:0001", "OutId": "ab"}]
    >>> detail({"SmsSendDetailDTOs": {"SmsSendDetailDTO": rows}}, question)[:3]
    ('9^0', 'failed', 'MK:0001')
    """
    found = answer.get("SmsSendDetailDTOs") if isinstance(answer, dict) else None
    for row in found.get("SmsSendDetailDTO") or () if isinstance(found, dict) else ():
        if isinstance(row, dict) and row.get("OutId") == question.reference and row.get("SendStatus") in STATES:
            return Report(
                question.provider_id or question.reference,
                STATES[row["SendStatus"]],
                words(row.get("ErrCode")),
                question.number,
                beijing(row.get("ReceiveDate")),
                question.reference,
            )
    return None


async def ask(account: Account, questions: Sequence[Question]) -> list[Report]:
    """Ask what became of parts; what cannot be had now is left out. Stops at the first that is not answered at all."""
    link = AliyunLink(account, None)
    waiting, reports = list(reversed(questions)), []

    async def work() -> None:
        while waiting:
            question = waiting.pop()
            values = {
                "PhoneNumber": question.number,
                "SendDate": f"{question.at.replace(tzinfo=UTC).astimezone(BEIJING):%Y%m%d}",
                "PageSize": "50",
                "CurrentPage": "1",
            }
            if question.provider_id:
                values["BizId"] = question.provider_id
            try:
                answer = await link.ask(link.request("QuerySendDetails", values))
            except Unanswered:
                waiting.clear()
                return
            if report := detail(answer, question):
                reports.append(report)

    await asyncio.gather(*(work() for _ in range(account.window)))
    link.client.close()
    return reports
