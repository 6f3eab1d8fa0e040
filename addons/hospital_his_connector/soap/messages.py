"""One request in whichever form it came, and what goes back."""

import hashlib
import json
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from lxml import etree

from . import strings
from .contract import CONTENT_TYPES, ENVELOPES, contract
from .problems import Fault

_VERSIONS = {namespace: version for version, namespace in ENVELOPES.items()}


class Request(NamedTuple):
    """What is asked.

    values: by the contract, whichever form it came in
    call: the element of a call with a string, to be answered in the same way; None for the contract's own form
    kept: the message without its headers, as it is archived and can be read again
    digest: two requests with the same one ask the same and want the same answer
    """

    version: str
    operation: str
    values: dict[str, Any]
    call: etree._Element | None
    kept: str
    digest: str

    def answer(self, values: dict[str, Any]) -> str:
        """The answer's envelope as text."""
        if self.call is None:
            return _text(contract().answer(self.version, self.operation, values))
        envelope, body = _envelope(self.version)
        body.append(strings.wrap(self.call, values))
        return _text(envelope)


def version(envelope: etree._Element) -> str:
    """Which SOAP an envelope is of."""
    name = etree.QName(envelope)
    if name.localname != "Envelope" or name.namespace not in _VERSIONS:
        raise Fault("soap_envelope")
    return _VERSIONS[name.namespace]


def read(envelope: etree._Element, zone: ZoneInfo) -> Request:
    """What an envelope asks, checked against the contract.

    >>> form = '<Envelope xmlns="%s"><Header><x/></Header><Body>%s</Body></Envelope>'
    >>> own = '<UnlockBooking xmlns="urn:hospital:appointments:1"><requestId>1</requestId>%s</UnlockBooking>'
    >>> def ask(body, soap="1.1"):
    ...     return read(etree.fromstring(form % (ENVELOPES[soap], body)), ZoneInfo("Asia/Shanghai"))
    >>> first = ask(own % "<slotId>S</slotId>")
    >>> first.operation, first.values, "<x" in first.kept
    ('UnlockBooking', {'requestId': '1', 'slotId': 'S', 'reason': None}, False)
    >>> first.digest == ask(own % " <slotId>S</slotId> ").digest, first.digest == ask(own % "<slotId>T</slotId>").digest
    (True, False)
    >>> for body in ("", own % "", own % "<slotId>S</slotId><other/>", "<Guess/>"):
    ...     try: ask(body)
    ...     except Fault as fault: print(fault.code, fault.arguments)
    soap_body {}
    soap_invalid {'place': 'UnlockBooking', 'problem': 'SCHEMAV_ELEMENT_CONTENT'}
    soap_invalid {'place': 'other', 'problem': 'SCHEMAV_ELEMENT_CONTENT'}
    soap_operation {'operation': 'Guess'}
    """
    number = version(envelope)
    bodies = envelope.findall(f"{{{ENVELOPES[number]}}}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise Fault("soap_body")
    kept, body = _envelope(number)
    call = bodies[0][0]
    body.append(call)
    text = _text(kept)
    body.remove(call)
    is_string = strings.is_string_call(call)
    asked = strings.unwrap(call, contract().shapes, zone) if is_string else call
    operation = etree.QName(asked).localname
    values = contract().values(asked)
    form = [number, operation, call.tag if is_string else "", values]
    digest = hashlib.blake2b(json.dumps(form, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()
    return Request(number, operation, values, call if is_string else None, text, digest)


def fault(number: str, problem: Fault, sentence: str) -> str:
    """The envelope of a fault.

    >>> print(fault("1.1", Fault("soap_rate", 429), "慢一点").split("Body>")[1])
    <soap:Fault><faultcode>soap:Client</faultcode><faultstring>慢一点</faultstring><detail><errorCode>soap_rate</errorCode></detail></soap:Fault></soap:
    >>> "Receiver</" in fault("1.2", Fault("soap_failed", 500), "再试一次")
    True
    """
    envelope, body = _envelope(number)
    space = f"{{{ENVELOPES[number]}}}"
    parent = etree.SubElement(body, f"{space}Fault")
    is_ours = problem.status >= 500
    if number == "1.1":
        etree.SubElement(parent, "faultcode").text = "soap:Server" if is_ours else "soap:Client"
        etree.SubElement(parent, "faultstring").text = sentence
        detail = etree.SubElement(parent, "detail")
    else:
        code = etree.SubElement(parent, f"{space}Code")
        etree.SubElement(code, f"{space}Value").text = "soap:Receiver" if is_ours else "soap:Sender"
        words = etree.SubElement(etree.SubElement(parent, f"{space}Reason"), f"{space}Text")
        words.set("{http://www.w3.org/XML/1998/namespace}lang", "zh")
        words.text = sentence
        detail = etree.SubElement(parent, f"{space}Detail")
    etree.SubElement(detail, "errorCode").text = problem.code
    return _text(envelope)


def encoded(text: str, encoding: str) -> tuple[bytes, str]:
    """An answer as bytes, in the encoding the request came in, and its content type."""
    name = "GBK" if encoding == "gb18030" else "utf-8"
    number = next(number for number, namespace in ENVELOPES.items() if namespace in text[:200])
    body = f'<?xml version="1.0" encoding="{name}"?>'.encode() + text.encode(name, "xmlcharrefreplace")
    return body, f"{CONTENT_TYPES[number]}; charset={name}"


def _envelope(number: str) -> tuple[etree._Element, etree._Element]:
    space = ENVELOPES[number]
    envelope = etree.Element(f"{{{space}}}Envelope", nsmap={"soap": space})
    return envelope, etree.SubElement(envelope, f"{{{space}}}Body")


def _text(element: etree._Element) -> str:
    return etree.tostring(element, encoding="unicode")
