"""The way to an account at China Unicom: SGIP 1.2.

We bind to the gateway for submits, and it binds to our listener for reports and texts; some gateways bring those on our
own connection, so both are read alike. There is no heartbeat, and a gateway closes what was idle for a minute: a
submit written in that moment would be unknown. So where there is a listener, we log out first and bind again for the
next part. Without one, the connection is the only way for reports and is opened again at once.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Sequence
from typing import Any

from . import layout, sgip
from .connection import Client, Connection, national, now, reply
from .contract import Account, Outcome, Part, Report, Service, Unsent, link
from .session import OperatorLink
from .sgip_listener import listen

IDLE = 30.0  # seconds without a frame, after which we log out


class SgipClient(Client):
    link: "SgipLink"
    header, largest = 20, sgip.LARGEST

    def login(self) -> bytes:
        account = self.link.account
        return self._frame(sgip.Bind(sgip.TO_GATEWAY, account.login, account.secret))

    def encode(self, part: Part) -> tuple[str, bytes]:
        options = self.link.account.options
        fmt, udhi, content = self.link.content(part)
        mainland = len(part.number) == 11 and part.number[0] == "1"
        pdu = sgip.Submit(
            sp_number=part.sender,
            user_numbers=("86" + part.number if mainland else part.number,),
            corp_id=options.get("corp_id") or "",
            service_type=options.get("service_code") or "",
            tp_udhi=udhi,
            message_coding=fmt,
            content=content,
        )
        return part.reference, sgip.encode(pdu, part.reference)

    def logout(self) -> bytes:
        return self._frame(sgip.Unbind())

    def _frame(self, pdu: Any) -> bytes:
        return sgip.encode(pdu, self.link.reserve(1)[0])

    def check(self, moment: float) -> None:
        super().check(moment)
        idle = moment - max(self.heard, self.used, self.logged_in_at) > IDLE
        if idle and self.ready and self.link.lazy and not self.unanswered:
            self.log_out("idle")

    def handle(self, frame: bytes) -> None:
        sequence, pdu = sgip.decode(frame)
        match pdu:
            case sgip.SubmitResp():
                self.answered(sequence, pdu.result, sequence)
            case sgip.BindResp():
                self.login_answered(pdu.result)
            case sgip.UnbindResp():
                self.transport.close()
            case _:
                self.link.asked(self, sequence, pdu)
                if isinstance(pdu, sgip.Unbind):
                    self.leave("closed")


@link("sgip")
class SgipLink(OperatorLink):
    client = SgipClient
    refusals = frozenset((1, 4))
    options = (
        *OperatorLink.options,
        "corp_id",
        "listen_host",
        "listen_login",
        "listen_peers",
        "listen_port",
        "listen_secret",
        "node",
    )

    def __init__(self, account: Account, service: Service) -> None:
        super().__init__(account, service)
        self.heartbeat = 0.0
        self.node = int(account.options.get("node") or 0)
        self.lazy = bool(account.options.get("listen_port"))
        # The time and a counter make a sequence unique; after a restart within a second it begins elsewhere.
        self._counter = random.getrandbits(32)
        self._waiting: list[Part] = []
        self._asleep: list[asyncio.Future] = []

    def reserve(self, count: int) -> list[str]:
        stamp, first = layout.stamp(now()), self._counter + 1
        self._counter += count
        return [sgip.sequence(self.node, stamp, number) for number in range(first, first + count)]

    def jobs(self) -> list[Awaitable]:
        return [*super().jobs(), *([listen(self)] if self.lazy else [])]

    # -- binding only for a part ---------------------------------------------------------------------------------

    @property
    def free(self) -> int:
        if self.waits:
            return 0
        return super().free + max(0, len(self._asleep) * self.account.window - len(self._waiting))

    def unplaced(self, parts: Sequence[Part]) -> list[Outcome]:
        """As many as the sleeping connections can carry wait for them to bind."""
        room = 0 if self.waits else max(0, len(self._asleep) * self.account.window - len(self._waiting))
        self._waiting += parts[:room]
        for sleeper in self._asleep[: -(-len(self._waiting) // self.account.window)]:
            if not sleeper.done():
                sleeper.set_result(None)
        return super().unplaced(parts[room:])

    def opened(self, connection: Client) -> None:
        parts, self._waiting = self._waiting[: connection.room], self._waiting[connection.room :]
        self.outcomes += connection.submit(parts)
        super().opened(connection)

    def given_up(self) -> None:
        self.outcomes += [Unsent(part.id) for part in self._waiting]
        self._waiting.clear()

    async def rest(self, connection: Client, reason: str) -> bool:
        lasted = time.monotonic() - connection.logged_in_at > IDLE / 2
        if not self.lazy or not (reason == "idle" or reason == "closed" and (lasted or connection.proved)):
            return False
        if not self._waiting:
            sleeper = asyncio.get_running_loop().create_future()
            self._asleep.append(sleeper)
            self.tell()
            self.wake()
            try:
                await sleeper
            finally:
                self._asleep.remove(sleeper)
        return True

    @property
    def connected(self) -> int:
        """A connection that sleeps is as good as an open one."""
        return super().connected + len(self._asleep)

    # -- what the gateway asks, on whichever connection ------------------------------------------------------------

    def asked(self, connection: Connection, sequence: str, pdu: Any) -> None:
        match pdu:
            case sgip.Report():
                state = {sgip.DELIVERED: "delivered", sgip.PENDING: "pending"}.get(pdu.state, "failed")
                code = str(pdu.error_code) if state == "failed" else str(pdu.state)
                item = Report(
                    pdu.submit_sequence, state, code, national(pdu.user_number), reference=pdu.submit_sequence
                )
                connection.arrived(item, sgip.encode(sgip.ReportResp(), sequence))
            case sgip.Deliver():
                item = reply(pdu.user_number, pdu.sp_number, pdu.tp_udhi, pdu.message_coding, pdu.content, sequence)
                connection.arrived(item, sgip.encode(sgip.DeliverResp(), sequence))
            case sgip.UserRpt():  # a phone was closed or opened again: nothing hangs on it
                connection.put(sgip.encode(sgip.UserRptResp(), sequence))
            case sgip.Unbind():
                connection.put(sgip.encode(sgip.UnbindResp(), sequence))
