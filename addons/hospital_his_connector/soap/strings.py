"""The form in which many a HIS calls: one string goes in and one comes out, and the string holds XML.

Tolerated: any namespace, any name of the method and its parameter, CDATA or escaped or plain XML, a declared encoding
of the inner text, names in any case, parts in any order, parts of no concern to us, empty parts, times in any
common form.
"""

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from ..exchange import transform
from ..exchange.problems import Rejected
from . import reading
from .contract import NAMESPACE, OPERATIONS
from .problems import Fault

_RESULT = {"ResultCode": "resultCode", "ErrorCode": "errorCode", "ResultContent": "message", "Count": "count"}
_BY_NAME = {name.lower(): name for name in OPERATIONS} | {chinese: name for name, chinese in OPERATIONS.items()}


def unwrap(call: etree._Element, shapes: dict[str, Any], zone: ZoneInfo) -> etree._Element:
    """The operation's element that a call with a string means, as the contract wants it.

    >>> from .contract import contract
    >>> def show(source):
    ...     body = unwrap(etree.fromstring(source), contract().shapes, ZoneInfo("Asia/Shanghai"))
    ...     return etree.tostring(body, encoding="unicode").replace(' xmlns="%s"' % NAMESPACE, "")
    >>> show('''<m:Call xmlns:m="http://tempuri.org/"><m:FuncCode>取消预约</m:FuncCode><m:inputXml><![CDATA[
    ... <?xml version="1.0" encoding="GBK"?><Request><Header><RequestID>7</RequestID></Header>
    ... <Body><AppointmentId>A1</AppointmentId><cancelledAt>2026-11-28 08:30:00</cancelledAt><reason/></Body></Request>
    ... ]]></m:inputXml></m:Call>''')
    '<CancelBooking><requestId>7</requestId><appointmentId>A1</appointmentId><cancelledAt>2026-11-28T00:30:00Z</cancelledAt></CancelBooking>'
    >>> show('<UnlockBooking><arg0><req><slotId>S1</slotId><requestId>8</requestId></req></arg0></UnlockBooking>')
    '<UnlockBooking><requestId>8</requestId><slotId>S1</slotId></UnlockBooking>'
    >>> show("<Call><a>Guess</a></Call>")
    Traceback (most recent call last):
    odoo.addons.hospital_his_connector.soap.problems.Fault: soap_operation
    """
    own = etree.QName(call).localname
    texts = [(part, (part.text or "").strip()) for part in call]
    operation = _BY_NAME.get(own.lower()) or next(
        (_BY_NAME[text.lower()] for _part, text in texts if text.lower() in _BY_NAME), None
    )
    if not operation:
        raise Fault("soap_operation", operation=own)
    for part, text in texts:
        if len(part):
            root = part[0] if len(part) == 1 and len(part[0]) else part
            break
        if text.startswith("<"):
            root = reading.element(text)
            break
    else:
        raise Fault("soap_no_input", operation=operation)
    header, inner = _find(root, "header"), _find(root, "body")
    inner = root if inner is None else inner
    if len(inner) == 1 and _BY_NAME.get(_name(inner[0])) == operation:
        inner = inner[0]
    body = etree.Element(f"{{{NAMESPACE}}}{operation}", nsmap={None: NAMESPACE})
    _copy([*(header if header is not None else ()), *inner], shapes[operation], body, zone)
    return body


def is_string_call(call: etree._Element) -> bool:
    """Whether a call holds its parts in a string, and not as the contract's elements.

    >>> [is_string_call(etree.fromstring(source)) for source in (
    ...     f'<a xmlns="{NAMESPACE}"><slotId>1</slotId></a>', f'<a xmlns="{NAMESPACE}"><arg0>&lt;b/&gt;</arg0></a>',
    ...     f'<Call xmlns="{NAMESPACE}"/>', "<UnlockBooking><slotId>1</slotId></UnlockBooking>")]
    [False, True, True, True]
    """
    name = etree.QName(call)
    return (
        name.namespace != NAMESPACE
        or name.localname not in OPERATIONS
        and name.localname == "Call"
        or any((part.text or "").lstrip().startswith("<") for part in call)
    )


def wrap(call: etree._Element, values: dict[str, Any]) -> etree._Element:
    """The answer to a call with a string, named after the call as ASP.NET does it.

    >>> call = etree.fromstring('<Call xmlns="http://tempuri.org/"/>')
    >>> print(wrap(call, {"resultCode": -1, "errorCode": "slot_taken", "message": "已约满", "count": None})[0].text)
    <Response><Body><ResultCode>-1</ResultCode><ErrorCode>slot_taken</ErrorCode><ResultContent>已约满</ResultContent></Body></Response>
    """
    name = etree.QName(call)
    prefix = f"{{{name.namespace}}}" if name.namespace else ""
    response = etree.Element("Response")
    body = etree.SubElement(response, "Body")
    for tag, key in _RESULT.items():
        if values.get(key) is not None:
            etree.SubElement(body, tag).text = str(values[key])
    for problem in (values.get("problems") or {}).get("problem", ()):
        row = etree.SubElement(body, "Problem")
        for tag, key in (("Key", "key"), ("ErrorCode", "errorCode"), ("Message", "message")):
            etree.SubElement(row, tag).text = problem[key]
    answer = etree.Element(f"{prefix}{name.localname}Response", nsmap={None: name.namespace} if prefix else None)
    etree.SubElement(answer, f"{prefix}{name.localname}Result").text = etree.tostring(response, encoding="unicode")
    return answer


def _name(part: etree._Element) -> str:
    return etree.QName(part).localname.lower()


def _find(root: etree._Element, name: str) -> etree._Element | None:
    return next((part for part in root if _name(part) == name), None)


def _copy(parts: Any, shape: dict[str, Any], target: etree._Element, zone: ZoneInfo) -> None:
    known: dict[str, list] = {}
    for part in parts:
        known.setdefault(_name(part), []).append(part)
    for key, (name, kind) in shape.items():
        for part in known.get(key, ()):
            if isinstance(kind, dict):
                _copy(part, kind, etree.SubElement(target, f"{{{NAMESPACE}}}{name}"), zone)
            elif text := (part.text or "").strip():
                etree.SubElement(target, f"{{{NAMESPACE}}}{name}").text = _literal(text, kind, name, zone)


def _literal(text: str, kind: str, name: str, zone: ZoneInfo) -> str:
    if kind not in ("date", "dateTime"):
        return text
    try:
        if kind == "date":
            return transform.make("date", "", transform.DEFAULT)(text).isoformat()
        moment = transform.make("datetime", "", transform.Settings(zone))(text)
    except Rejected:
        raise Fault("soap_invalid", place=name, problem="DATE") from None
    return moment.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
