"""Who calls: the password digest of WS-Security, and the addresses a client may call from."""

import base64
import binascii
import contextlib
import hashlib
import hmac
import ipaddress
import re
from datetime import datetime, timedelta
from typing import NamedTuple

from lxml import etree

from ..exchange import transform
from ..exchange.problems import Rejected
from .problems import Fault

_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity"
_WSSE = f"{_WSS}-secext-1.0.xsd"
_WSU = f"{_WSS}-utility-1.0.xsd"
_DIGEST = "#PasswordDigest"
# As xsd:dateTime has it, and not more freely: nonce and time are digested as one piece, and what is cut from the one
# and put to the other must not be a new token.
_CREATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
# How far the clocks may be apart, and how long a nonce is remembered.
WINDOW = timedelta(minutes=5)


class Token(NamedTuple):
    """A UsernameToken: digest = base64(SHA-1(nonce + created + password))."""

    username: str
    digest: str
    nonce: str
    created: str


def token(envelope: etree._Element) -> Token | None:
    """The UsernameToken of an envelope; only a digest counts, a password in clear is none."""
    found = envelope.find(f"{{*}}Header/{{{_WSSE}}}Security/{{{_WSSE}}}UsernameToken")
    if found is None:
        return None
    password = found.find(f"{{{_WSSE}}}Password")
    if password is None or not password.get("Type", "").endswith(_DIGEST):
        return None
    parts = (f"{{{_WSSE}}}Username", f"{{{_WSSE}}}Nonce", f"{{{_WSU}}}Created")
    username, nonce, created = ((found.findtext(name) or "").strip() for name in parts)
    return Token(username, (password.text or "").strip(), nonce, created)


def check(given: Token, username: str, password: str, now: datetime) -> str:
    """Refuse a token that is not this client's or not of now (``now``: naive UTC); return its nonce.

    The nonce in one form, however it was written: the last sign of base64 has bits that mean nothing.

    >>> from datetime import datetime
    >>> now = datetime(2026, 11, 27, 8)
    >>> created = "2026-11-27T08:01:00Z"
    >>> digest = base64.b64encode(hashlib.sha1(b"nonce" + created.encode() + b"geheim").digest()).decode()
    >>> good = Token("kiosk", digest, base64.b64encode(b"nonce").decode(), created)
    >>> same = good._replace(nonce="bm9uY2V=")
    >>> check(good, "kiosk", "geheim", now) == check(same, "kiosk", "geheim", now) == good.nonce == "bm9uY2U="
    True
    >>> moved = good._replace(nonce=base64.b64encode(b"nonce20").decode(), created=created[2:])
    >>> for bad, password, at in ((good, "other", now), (good._replace(username="x"), "geheim", now),
    ...         (good._replace(nonce=""), "geheim", now), (good, "", now), (moved, "geheim", now),
    ...         (good, "geheim", datetime(2026, 11, 27, 9))):
    ...     try: check(bad, "kiosk", password, at)
    ...     except Fault as fault: print(fault.code)
    soap_password
    soap_password
    soap_password
    soap_password
    soap_clock
    soap_clock
    """
    try:
        nonce = base64.b64decode(given.nonce, validate=True)
    except (binascii.Error, ValueError):
        nonce = b""
    made = hashlib.sha1(nonce + given.created.encode() + password.encode(), usedforsecurity=False).digest()
    right = hmac.compare_digest(base64.b64encode(made), given.digest.encode())
    right &= hmac.compare_digest(given.username.encode(), username.encode())
    if not (right and nonce and password and len(given.nonce) <= 128):
        raise Fault("soap_password", 401)
    created = None
    if _CREATED.fullmatch(given.created):
        with contextlib.suppress(Rejected):
            created = transform.make("datetime", "", transform.DEFAULT)(given.created)
    if created is None or abs(created - now) > WINDOW:
        raise Fault("soap_clock", 401, minutes=WINDOW.seconds // 60)
    return base64.b64encode(nonce).decode()


def networks(text: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The addresses and networks of a list; raises ValueError for what is neither.

    >>> networks("10.1.2.3, 10.2.0.0/16")
    [IPv4Network('10.1.2.3/32'), IPv4Network('10.2.0.0/16')]
    """
    return [ipaddress.ip_network(part) for part in text.replace(",", " ").split()]


def admits(text: str, address: str) -> bool:
    """Whether a list of addresses names this one; an empty list names nobody.

    >>> admits("10.2.0.0/16", "10.2.7.1"), admits("10.2.0.0/16", "10.3.0.1"), admits("", "127.0.0.1")
    (True, False, False)
    >>> admits("10.2.0.0/16", "::ffff:10.2.7.1"), admits("10.2.0.0/16", "unknown")
    (True, False)
    """
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    caller = getattr(caller, "ipv4_mapped", None) or caller
    return any(caller.version == network.version and caller in network for network in networks(text))
