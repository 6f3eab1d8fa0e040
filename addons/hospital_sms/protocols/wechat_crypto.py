"""What WeChat posts to us and how it is sealed: signatures, AES, and XML that is read without trust."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from lxml import etree

# A text has at most 2,048 bytes; sealed, with its envelope, a callback stays far below this.
LIMIT = 64 * 1024
DEEPEST = 6
BLOCK = 32  # WeChat pads to twice the cipher's block

_FORBIDDEN = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_TOO_DEEP = etree.XPath("/" + "/".join("*" * (DEEPEST + 1)))


class Refused(Exception):
    """Not from WeChat, or not for us: forged, for another account, damaged."""


def sign(token: str, *parts: str) -> str:
    """The signature over the token we agreed on and what the request carries.

    >>> sign("token", "1409304348", "xxxxxx") == hashlib.sha1(b"1409304348tokenxxxxxx").hexdigest()
    True
    """
    return hashlib.sha1("".join(sorted((token, *parts))).encode()).hexdigest()


def check(signature: str, token: str, *parts: str) -> None:
    """Raise Refused unless the signature is right; takes as long for any wrong one."""
    if not token or not hmac.compare_digest(signature.encode(), sign(token, *parts).encode()):
        raise Refused("signature")


def key_of(text: str) -> bytes:
    """The AES key behind the 43 characters of the account's page.

    >>> len(key_of("a" * 43))
    32
    >>> try: key_of("a" * 42)
    ... except ValueError as error: print(error)
    aes_key
    """
    try:
        key = base64.b64decode(text + "=", validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise ValueError("aes_key")
    return key


def seal(body: str, key: bytes, app_id: str) -> str:
    """Encrypt an answer.

    >>> key = key_of("a" * 43)
    >>> unseal(seal("<a>张三</a>", key, "wx1"), key, "wx1").decode()
    '<a>张三</a>'
    """
    content = body.encode()
    plain = secrets.token_bytes(16) + struct.pack("!I", len(content)) + content + app_id.encode()
    fill = BLOCK - len(plain) % BLOCK
    encryptor = _cipher(key).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([fill]) * fill) + encryptor.finalize()).decode()


def unseal(sealed: str, key: bytes, app_id: str) -> bytes:
    """Decrypt what has come. Call it after ``check`` only: so no answer tells a forger how far it got.

    >>> key = key_of("a" * 43)
    >>> for sealed, app in (("", "wx1"), ("AAAA", "wx1"), (seal("<a/>", key, "wx1"), "wx2")):
    ...     try: unseal(sealed, key, app)
    ...     except Refused as refused: print(refused)
    sealed
    sealed
    app_id
    """
    try:
        decryptor = _cipher(key).decryptor()
        plain = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
        fill = plain[-1]
        (length,) = struct.unpack_from("!I", plain, 16)
    except (ValueError, IndexError, struct.error):
        raise Refused("sealed") from None
    if not 1 <= fill <= BLOCK or 20 + length > len(plain) - fill:
        raise Refused("sealed")
    if not hmac.compare_digest(plain[20 + length : len(plain) - fill], app_id.encode()):
        raise Refused("app_id")
    return plain[20 : 20 + length]


def _cipher(key: bytes) -> Cipher:
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def fields(xml: bytes) -> dict[str, str]:
    """The texts of an XML message by the names of their elements; of repeated ones the first.

    >>> fields("<xml><A><![CDATA[张三]]></A><L><B>1</B></L><L><B>2</B></L></xml>".encode())
    {'A': '张三', 'B': '1'}
    >>> bomb = b'<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    >>> for bad in (bomb, b"<a>" * 9000, b"<a>" * 9 + b"</a>" * 9, b"<a>&x;</a>", b"<a", b"", b"<a>" + b"x" * LIMIT):
    ...     try: fields(bad)
    ...     except Refused as refused: print(refused)
    xml
    xml
    xml
    xml
    xml
    xml
    xml
    """
    if len(xml) > LIMIT or _FORBIDDEN.search(xml):
        raise Refused("xml")
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
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Refused("xml") from None
    if _TOO_DEEP(root):
        raise Refused("xml")
    found: dict[str, str] = {}
    for element in root.iter(etree.Element):
        if not len(element) and element is not root:
            found.setdefault(element.tag, (element.text or "").strip())
    return found


def envelope(sealed: str, token: str, timestamp: str, nonce: str) -> str:
    """A sealed answer as WeChat wants it in the body of the response."""
    return _xml(Encrypt=sealed, MsgSignature=sign(token, timestamp, nonce, sealed), TimeStamp=timestamp, Nonce=nonce)


def text_answer(to: str, account: str, text: str, at: int) -> str:
    """A text, as the answer to a message or an event.

    >>> fields(text_answer("openid", "gh_1", "您好 <1> & ]]>", 1409304348).encode())["Content"]
    '您好 <1> & ]]>'
    """
    return _xml(ToUserName=to, FromUserName=account, CreateTime=str(at), MsgType="text", Content=text)


def _xml(**values: str) -> str:
    root = etree.Element("xml")
    for name, value in values.items():
        etree.SubElement(root, name).text = value
    return etree.tostring(root, encoding="unicode")
