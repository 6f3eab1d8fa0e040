"""A message as it may be kept: its shape and its codes stay, what tells who the patient is goes.

HL7 is masked by field, XML and JSON by the names of elements and keys, and numbers of telephones and documents
wherever they stand. Keys of the HIS stay: by them a message is found.
"""

import re

from odoo.addons.hospital_base.identity import mask

# HL7: which fields of a segment hold what. "a" is an address or the like: nothing of it stays.
_FIELDS = {
    "PID": {
        5: "name",
        6: "name",
        7: "day",
        9: "name",
        11: "a",
        12: "a",
        13: "phone",
        14: "phone",
        19: "id",
        21: "a",
        23: "a",
    },
    "NK1": {2: "name", 4: "a", 5: "phone", 6: "phone", 30: "name", 31: "phone", 32: "a", 33: "id", 37: "id"},
    "MRG": {7: "name"},
    "GT1": {3: "name", 4: "name", 5: "a", 6: "phone", 7: "phone", 12: "id"},
    "IN1": {16: "name", 19: "a", 36: "id", 49: "id"},
}
# XML and JSON: how HIS makers name what is a person's name, a day of birth, and an address.
_NAMES = r"(?P<name>\w*(?:姓名|patient_?name|contact_?name|brxm|hzxm|lxrxm|xingming)|xm|name)"
_DAYS = r"(?P<day>\w*(?:出生日期|出生年月|生日|birth_?(?:date|day|time)?|csrq|csny)|dob)"
_ADDRESSES = r"(?:\w*(?:住址|地址|address|addr)|jtzz|lxdz|xzz)"
_PERSONAL = f"(?:{_NAMES}|{_DAYS}|{_ADDRESSES})"
_ELEMENT = re.compile(rf"(<(?:\w+:)?{_PERSONAL}(?:\s[^<>]*)?>)(?P<value>[^<>]+)(?=</)", re.IGNORECASE)
_ESCAPED = re.compile(
    rf"(&lt;(?:\w+:)?{_PERSONAL}(?:\s[^<>&]*)?&gt;)(?P<value>[^<>&]+)(?=&lt;/)",
    re.IGNORECASE,
)
_KEY = re.compile(rf'("{_PERSONAL}"\s*:\s*")(?P<value>[^"\\]+)(?=")', re.IGNORECASE)


def message(text: str | None) -> str:
    r"""
    >>> message("MSH|^~\\&|HIS\rPID|1||1001||王小^明||19600101|M|||长沙市||13900001234||||||430102196001011234")
    'MSH|^~\\&|HIS\nPID|1||1001||王*^*||1960****|M|||***||139****1234||||||430***********1234'
    >>> message("<req><BRXM>王小明</BRXM><dh>13900001234</dh><drugName>青霉素</drugName><jtzz>长沙</jtzz></req>")
    '<req><BRXM>王*明</BRXM><dh>139****1234</dh><drugName>青霉素</drugName><jtzz>***</jtzz></req>'
    >>> message("<birthDate>1960-01-01</birthDate><m:CSRQ>19600101</m:CSRQ>"), message('{"出生日期": "1960年1月1日"}')
    ('<birthDate>1960******</birthDate><m:CSRQ>1960****</m:CSRQ>', '{"出生日期": "1960*****"}')
    >>> message("&lt;q:birthDate&gt;1960-01-01&lt;/q:birthDate&gt;&lt;birthplace&gt;长沙&lt;/birthplace&gt;")
    '&lt;q:birthDate&gt;1960******&lt;/q:birthDate&gt;&lt;birthplace&gt;长沙&lt;/birthplace&gt;'
    >>> message("<in>&lt;xm&gt;王明&lt;/xm&gt;</in>"), message('{"xm": "王明", "zt": "1"}'), message(None)
    ('<in>&lt;xm&gt;王*&lt;/xm&gt;</in>', '{"xm": "王*", "zt": "1"}', '')
    """
    text = text or ""
    if text.startswith("MSH") and len(text) > 8:
        text = _hl7(text)
    else:
        for pattern in (_ELEMENT, _ESCAPED, _KEY):
            text = pattern.sub(_veiled, text)
    return mask.text(text)


def _veiled(match: re.Match) -> str:
    kind = "name" if match["name"] else "day" if match["day"] else "a"
    return match[1] + _MASKS[kind](match["value"].strip())


def _hl7(text: str) -> str:
    field, rest = text[3], re.escape(text[4:8].replace("\\", ""))
    parts = re.compile(f"([{rest}])") if rest else re.compile("(\0)")
    segments = re.split(r"\r\n?|\n", text)
    for place, segment in enumerate(segments):
        values = segment.split(field)
        for number, kind in _FIELDS.get(values[0], {}).items():
            if number < len(values):
                values[number] = "".join(_part(part, kind) for part in parts.split(values[number]))
        segments[place] = field.join(values)
    return "\n".join(segments)


def _part(part: str, kind: str) -> str:
    if len(part) < 2 and not part.isalnum():  # a separator, or nothing
        return part
    return _MASKS[kind](part)


_MASKS = {
    "name": mask.name,
    "phone": mask.phone,
    "id": mask.id_number,
    "day": lambda part: part[:4] + "*" * len(part[4:]),
    "a": lambda part: "***",
}
