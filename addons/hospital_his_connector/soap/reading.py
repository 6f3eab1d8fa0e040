"""From the bytes of a request to an element: no entity, no outside file, nothing too large or too deep."""

import contextlib
import re

from lxml import etree

from .problems import Fault

LIMIT = 5 * 2**20
DEEPEST = 24

# What the Chinese code pages are called; the newest can read all older ones.
_CHINESE = {"gbk", "gb2312", "gb18030", "gb_2312-80", "cp936", "ms936", "windows-936", "x-gbk"}
# Nothing else is decoded: Python knows codecs (punycode, idna) that take hours for 5 MB.
_OTHERS = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "big5": "big5",
    **{name: name for name in ("utf-16", "utf-16le", "utf-16be")},
}
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_FORBIDDEN = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_TOO_DEEP = etree.XPath("/" + "/".join("*" * (DEEPEST + 1)))


def text(body: bytes, charset: str = "") -> tuple[str, str]:
    """The text of a body and the name of its encoding: as the headers say, as the declaration says, or as it reads.

    >>> text("张三".encode(), "utf-8"), text("张三".encode("gbk")), text("张三".encode("gbk"), "GB2312")
    (('张三', 'utf-8'), ('张三', 'gb18030'), ('张三', 'gb18030'))
    >>> text('<?xml version="1.0" encoding="GBK"?><a>龘</a>'.encode("gb18030"))[1]
    'gb18030'
    >>> bad = ((b"<a>\\xd5\\xc5</a>", "utf-8"), (b"\\xff\\xff", ""), (b"<a/>", "klingon"), (b"<a/>", "punycode"))
    >>> for body, charset in bad:
    ...     try: text(body, charset)
    ...     except Fault as fault: print(fault.code, fault.arguments)
    soap_encoding {'encoding': 'utf-8'}
    soap_encoding {'encoding': 'gb18030'}
    soap_encoding {'encoding': 'klingon'}
    soap_encoding {'encoding': 'punycode'}
    """
    declared = _DECLARED.match(body)
    named = [name.lower() for name in (charset, declared and declared[1].decode()) if name]
    if not named and body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        named = ["utf-16"]
    for name in named or ("utf-8", "gb18030"):
        failed = name
        if encoding := "gb18030" if name in _CHINESE else _OTHERS.get(name.replace("_", "-")):
            with contextlib.suppress(UnicodeError):
                return body.decode(encoding), encoding.removesuffix("-sig")
    raise Fault("soap_encoding", encoding=failed)


def element(source: str) -> etree._Element:
    """The root of an XML text.

    >>> element('<?xml version="1.0" encoding="GBK"?><a>张三</a>').text
    '张三'
    >>> bomb = '<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    >>> for source in (bomb, "<a>" * 100000, "<a>" * 30 + "</a>" * 30, "<a>&x;</a>", "<a", ""):
    ...     try: element(source)
    ...     except Fault as fault: print(fault.code)
    soap_doctype
    soap_xml
    soap_deep
    soap_xml
    soap_xml
    soap_xml
    """
    if _FORBIDDEN.search(source):
        raise Fault("soap_doctype")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(_DECLARATION.sub("", source).strip().encode(), parser)
    except (etree.XMLSyntaxError, UnicodeEncodeError):
        # What libxml2 says may quote the message, and the message is about a patient.
        raise Fault("soap_xml") from None
    if _TOO_DEEP(root):
        raise Fault("soap_deep", deepest=DEEPEST)
    return root
