"""A message to a HIS as an engineer typed it: JSON with named values, and what is read out of the answer."""

import json
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from ..exchange.problems import Rejected

Template = dict[str, Any]

_PARSER = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def parse(text: str) -> Template:
    """
    >>> parse('{"slotId": ":slot"}'), parse("[1]")
    Traceback (most recent call last):
    odoo.addons.hospital_his_connector.exchange.problems.Rejected: bad_template
    """
    try:
        template = json.loads(text or "")
    except ValueError:
        raise Rejected("bad_template") from None
    if not isinstance(template, dict):
        raise Rejected("bad_template")
    return template


def parameters(template: Any) -> set[str]:
    """
    >>> sorted(parameters({"a": ":slot", "b": {"c": [":key", "10:30", ""]}}))
    ['key', 'slot']
    """
    if isinstance(template, dict):
        return set().union(*map(parameters, template.values()))
    if isinstance(template, list):
        return set().union(*map(parameters, template))
    return {template[1:]} if isinstance(template, str) and template.startswith(":") else set()


def check(text: str, known: dict[str, str]) -> None:
    """
    >>> check('{"slotId": ":slto"}', {"slot": "text"})
    Traceback (most recent call last):
    odoo.addons.hospital_his_connector.exchange.problems.Rejected: unknown_parameter
    """
    if unknown := sorted(parameters(parse(text)) - known.keys()):
        raise Rejected("unknown_parameter", name=unknown[0], names=", ".join(sorted(known)))


def fill(template: Any, values: dict[str, Any]) -> Any:
    """The template with its values; what has none is left out.

    >>> fill({"slotId": ":slot", "why": ":reason", "patient": {"id": ":patient"}}, {"slot": "7", "patient": "9"})
    {'slotId': '7', 'patient': {'id': '9'}}
    """
    if isinstance(template, dict):
        filled = {name: fill(part, values) for name, part in template.items()}
        return {name: part for name, part in filled.items() if part is not None}
    if isinstance(template, list):
        return [fill(part, values) for part in template]
    if isinstance(template, str) and template.startswith(":"):
        return values.get(template[1:])
    return template


def as_xml(filled: Any) -> str:
    """How a service whose one parameter is a string wants it.

    >>> as_xml({"Request": {"xm": "张<三>", "hy": ["1", "2"], "sj": 5}})
    '<Request><xm>张&lt;三&gt;</xm><hy>1</hy><hy>2</hy><sj>5</sj></Request>'
    """
    if not isinstance(filled, dict):
        return escape(filled.isoformat() if hasattr(filled, "isoformat") else str(filled))
    parts = []
    for name, part in filled.items():
        parts += [f"<{name}>{as_xml(one)}</{name}>" for one in (part if isinstance(part, list) else [part])]
    return "".join(parts)


def fields(answer: Any) -> dict[str, str]:
    """Name -> value of everything in an answer, whether typed or XML in a string; of a repeated name the first.

    >>> fields("<?xml version='1.0' encoding='GBK'?><Response><ResultCode>1</ResultCode><Msg>好</Msg></Response>")
    {'ResultCode': '1', 'Msg': '好'}
    >>> fields({"resultCode": 1, "problems": {"problem": [{"key": "7"}]}})
    {'resultCode': '1', 'key': '7'}
    """
    found: dict[str, str] = {}
    _collect("", answer, found)
    return found


def _collect(name: str, value: Any, found: dict[str, str]) -> None:
    if isinstance(value, dict):
        for inner, part in value.items():
            _collect(inner, part, found)
    elif isinstance(value, list | tuple):
        for part in value:
            _collect(name, part, found)
    elif isinstance(value, str) and value.lstrip().startswith("<"):
        for element in _xml(value).iter():
            if not len(element) and isinstance(element.tag, str):
                found.setdefault(etree.QName(element).localname, (element.text or "").strip())
    elif value is not None:
        found.setdefault(name, str(value))


def _xml(text: str) -> etree._Element:
    # It is decoded already: what it says of its encoding is wrong by now.
    parser = etree.XMLParser(encoding="utf-8", **_PARSER)
    try:
        root = etree.fromstring(text.strip().encode(), parser)
    except etree.XMLSyntaxError:
        raise Rejected("bad_answer") from None
    if root.getroottree().docinfo.doctype:
        raise Rejected("bad_answer")
    return root


def succeeded(answer: dict[str, str], conditions: str) -> bool:
    """One of the conditions holds; without any, an answer that is no fault is a success.

    >>> succeeded({"resultCode": "1"}, "resultCode=1"), succeeded({"code": "DUP"}, "resultCode=1, code=DUP")
    (True, True)
    >>> succeeded({"resultCode": "-1"}, "resultCode=1"), succeeded({}, "")
    (False, True)
    """
    wanted = [part.partition("=") for part in conditions.split(",") if part.strip()]
    return not wanted or any(answer.get(name.strip()) == value.strip() for name, _equals, value in wanted)


def words(answer: dict[str, str]) -> str:
    """What the HIS says in the answer, for people.

    >>> words({"resultCode": "-1", "ResultContent": "号源已被占用"}), words({"resultCode": "-1"})
    ('号源已被占用', 'resultCode=-1')
    """
    for name, value in answer.items():
        if name.lower() in _WORDS and value:
            return value[:300]
    return ", ".join(f"{name}={value}" for name, value in answer.items())[:300]


_WORDS = frozenset(
    ("message", "msg", "resultmessage", "resultmsg", "resultcontent", "errmsg", "errormsg", "resultdesc")
)
