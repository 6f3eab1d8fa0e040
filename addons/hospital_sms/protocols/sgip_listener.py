"""Where China Unicom's gateway connects to us: it binds as agreed and brings reports and texts.

Who may come, how many, how long and how much is limited; what is brought is kept by the link and acknowledged then.
"""

import asyncio
import errno
import hmac
import ipaddress
import time
from typing import TYPE_CHECKING

from odoo.addons.hospital_base.service.backoff import delay

from . import sgip
from .connection import Connection
from .session import FIRST_DELAY, LONGEST_DELAY

if TYPE_CHECKING:
    from .sgip_link import SgipLink

CONNECTIONS = 16
# Seconds: for the Bind, between frames.
BIND, IDLE = 10.0, 300.0
TROUBLES = {
    errno.EADDRINUSE: "port_taken",
    errno.EADDRNOTAVAIL: "no_address",
    errno.EACCES: "port_forbidden",
}
# Results of a Bind.
OK, BAD_LOGIN, BAD_TYPE = 0, 1, 4


def allowed(address: str, peers: str) -> bool:
    """Whether ``peers`` (addresses and networks) contains ``address``. A list that cannot be read contains nobody.

    >>> allowed("10.1.2.3", "127.0.0.1, 10.1.0.0/16"), allowed("::ffff:10.1.0.1", "10.1.0.0/16")
    (True, True)
    >>> allowed("10.1.2.3", ""), allowed("10.1.2.3", "10.1.0.0/16 and others")
    (False, False)
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    try:
        networks = [ipaddress.ip_network(word, strict=False) for word in peers.replace(",", " ").split()]
    except ValueError:
        return False
    return any(ip in network for network in networks)


class Inbound(Connection):
    """A connection from the gateway."""

    link: "SgipLink"
    header, largest = 20, sgip.LARGEST

    def __init__(self, link: "SgipLink") -> None:
        super().__init__(link)
        self.bound = False
        self.since = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        address = transport.get_extra_info("peername")[0]
        others = [one for one in self.link.open if isinstance(one, Inbound) and one is not self]
        if not allowed(address, self.link.account.options.get("listen_peers") or ""):
            self.link.say("%s is not among those who may connect", address)
            self.end("stranger")
        elif len(others) >= CONNECTIONS:
            # Who has not bound, or has been silent longest, makes room.
            min(others, key=lambda one: (one.bound, one.heard)).end("displaced")

    def check(self, moment: float) -> None:
        super().check(moment)
        limit = self.heard + IDLE if self.bound else self.since + BIND
        if self.transport.is_reading() and moment > limit:
            self.end("idle")

    def handle(self, frame: bytes) -> None:
        sequence, pdu = sgip.decode(frame)
        if self.bound:
            self.link.asked(self, sequence, pdu)
            if isinstance(pdu, sgip.Unbind):
                self.flush()
                self.transport.close()
            return
        result = self._judge(pdu) if isinstance(pdu, sgip.Bind) else BAD_LOGIN
        self.bound = result == OK
        if isinstance(pdu, sgip.Bind):
            self.put(sgip.encode(sgip.BindResp(result), sequence))
        if not self.bound:
            self.link.say("the gateway's login to our listener was refused (%s)", result)
            self.flush()
            self.transport.close()

    def _judge(self, bind: sgip.Bind) -> int:
        options = self.link.account.options
        own = [str(options.get(name) or "") for name in ("listen_login", "listen_secret")]
        given = [bind.login_name, bind.login_password]
        if bind.login_type != sgip.FROM_GATEWAY:
            return BAD_TYPE
        same = [hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(own, given, strict=True)]
        return OK if own[1] and all(same) else BAD_LOGIN


async def listen(link: "SgipLink") -> None:
    """Listen until cancelled; a port that is not to be had is tried again."""
    options, failures = link.account.options, 0
    loop = asyncio.get_running_loop()
    while True:
        try:
            server = await loop.create_server(
                lambda: Inbound(link), options.get("listen_host") or "0.0.0.0", int(options["listen_port"])
            )
        except OSError as error:
            failures += 1
            link.trouble = TROUBLES.get(error.errno, "cannot_listen")
            link.tell()
            await asyncio.sleep(delay(failures, FIRST_DELAY, LONGEST_DELAY))
            continue
        failures, link.trouble = 0, ""
        link.tell()
        try:
            await loop.create_future()
        finally:
            server.close()
