"""The way to an account at China Mobile: CMPP 2.0 and 3.0."""

from typing import Any

from . import cmpp, codes, layout
from .cmpp import Receipt
from .connection import Client, national, now, reply
from .contract import Part, Report, link
from .frames import Malformed
from .session import OperatorLink

STRUCTURE = 1  # the result of what cannot be read
VERSIONS = {"cmpp2": cmpp.V20, "cmpp3": cmpp.V30}


class CmppClient(Client):
    link: "CmppLink"

    def login(self) -> bytes:
        account, stamp = self.link.account, layout.stamp(now())
        proof = cmpp.authenticator(account.login, account.secret, stamp)
        return self._frame(cmpp.Connect(account.login, proof, self.link.version, int(stamp)))

    def encode(self, part: Part) -> tuple[int, bytes]:
        account, options = self.link.account, self.link.account.options
        fmt, udhi, content = self.link.content(part)
        sequence = int(part.reference, 16)
        pdu = cmpp.Submit(
            pk_total=part.total,
            pk_number=part.index,
            service_id=options.get("service_code") or "",
            tp_udhi=udhi,
            msg_fmt=fmt,
            msg_src=account.login,
            fee_type=options.get("fee_type") or "01",
            fee_code=options.get("fee_code") or "000000",
            src_id=part.sender,
            dest_terminal_ids=(part.number,),
            content=content,
        )
        return sequence, cmpp.encode(pdu, sequence, self.link.version)

    def heartbeat(self) -> bytes:
        return self._frame(cmpp.ActiveTest())

    def logout(self) -> bytes:
        return self._frame(cmpp.Terminate())

    def _frame(self, pdu: Any) -> bytes:
        return cmpp.encode(pdu, self.link.next(), self.link.version)

    def handle(self, frame: bytes) -> None:
        sequence, pdu = cmpp.decode(frame, self.link.version)
        match pdu:
            case cmpp.SubmitResp():
                self.answered(sequence, pdu.result, pdu.msg_id)
            case cmpp.Deliver():
                self._delivered(sequence, pdu)
            case cmpp.ActiveTest():
                self.put(cmpp.encode(cmpp.ActiveTestResp(), sequence))
            case cmpp.ConnectResp():
                self.login_answered(pdu.status)
            case cmpp.Terminate():
                self.leave("closed")
                self.put(cmpp.encode(cmpp.TerminateResp(), sequence))
            case cmpp.TerminateResp():
                self.transport.close()

    def _delivered(self, sequence: int, pdu: cmpp.Deliver) -> None:
        if pdu.registered_delivery == 1:
            try:
                receipt = Receipt.decode(pdu.content)
            except Malformed:  # unanswered it would come again and again, and close the gateway's window
                self.put(cmpp.encode(cmpp.DeliverResp(pdu.msg_id, STRUCTURE), sequence, self.link.version))
                raise
            item = Report(
                receipt.msg_id,
                codes.state(receipt.stat),
                codes.report_code(receipt.stat),
                national(receipt.dest_terminal_id or pdu.src_terminal_id),
                layout.utc(receipt.done_time),
            )
        else:
            item = reply(pdu.src_terminal_id, pdu.dest_id, pdu.tp_udhi, pdu.msg_fmt, pdu.content, pdu.msg_id)
        self.arrived(item, cmpp.encode(cmpp.DeliverResp(pdu.msg_id), sequence, self.link.version))


@link("cmpp2", "cmpp3")
class CmppLink(OperatorLink):
    client = CmppClient
    refusals = frozenset((2, 3, 4))
    options = (*OperatorLink.options, "fee_type", "fee_code")

    @property
    def version(self) -> int:
        return VERSIONS[self.account.protocol]
