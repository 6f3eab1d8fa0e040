"""The way to an account at China Telecom: SMGP 3.0.3."""

from typing import Any

from . import codes, layout, smgp
from .connection import Client, national, now, reply
from .contract import Part, Report, link
from .frames import Malformed
from .session import OperatorLink
from .smgp import Receipt

STRUCTURE = 10  # the status of what cannot be read


class SmgpClient(Client):
    def login(self) -> bytes:
        account, stamp = self.link.account, layout.stamp(now())
        padded = bool(account.options.get("padded_login"))
        proof = smgp.authenticator(account.login, account.secret, stamp, padded)
        return self._frame(smgp.Login(account.login, proof, smgp.BOTH, int(stamp)))

    def encode(self, part: Part) -> tuple[int, bytes]:
        options = self.link.account.options
        fmt, udhi, content = self.link.content(part)
        tlvs = {}
        if udhi:
            tlvs[smgp.TP_UDHI] = b"\1"
            tlvs[smgp.PK_TOTAL], tlvs[smgp.PK_NUMBER] = bytes((part.total,)), bytes((part.index,))
        if product := options.get("product_id"):
            tlvs[smgp.M_SERVICE_ID] = product.encode().ljust(21, b"\0")
        sequence = int(part.reference, 16)
        pdu = smgp.Submit(
            service_id=options.get("service_code") or "",
            fee_type=options.get("fee_type") or "00",
            fee_code=options.get("fee_code") or "000000",
            msg_format=fmt,
            src_term_id=part.sender,
            dest_term_ids=(part.number,),
            content=content,
            tlvs=tlvs,
        )
        return sequence, smgp.encode(pdu, sequence)

    def heartbeat(self) -> bytes:
        return self._frame(smgp.ActiveTest())

    def logout(self) -> bytes:
        return self._frame(smgp.Exit())

    def _frame(self, pdu: Any) -> bytes:
        return smgp.encode(pdu, self.link.next())

    def handle(self, frame: bytes) -> None:
        sequence, pdu = smgp.decode(frame)
        match pdu:
            case smgp.SubmitResp():
                self.answered(sequence, pdu.status, pdu.msg_id)
            case smgp.Deliver():
                self._delivered(sequence, pdu)
            case smgp.ActiveTest():
                self.put(smgp.encode(smgp.ActiveTestResp(), sequence))
            case smgp.LoginResp():
                self.login_answered(pdu.status)
            case smgp.Exit():
                self.leave("closed")
                self.put(smgp.encode(smgp.ExitResp(), sequence))
            case smgp.ExitResp():
                self.transport.close()

    def _delivered(self, sequence: int, pdu: smgp.Deliver) -> None:
        if pdu.is_report == 1:
            try:
                receipt = Receipt.decode(pdu.content)
            except Malformed:  # unanswered it would come again and again, and close the gateway's window
                self.put(smgp.encode(smgp.DeliverResp(pdu.msg_id, STRUCTURE), sequence))
                raise
            item = Report(
                receipt.msg_id,
                codes.state(receipt.stat),
                codes.report_code(receipt.stat, receipt.err),
                national(pdu.src_term_id),
                layout.utc(receipt.done_date),
            )
        else:
            udhi = int(pdu.tlvs.get(smgp.TP_UDHI, b"\0") == b"\1")
            at = layout.utc(pdu.recv_time[2:12])
            item = reply(pdu.src_term_id, pdu.dest_term_id, udhi, pdu.msg_format, pdu.content, pdu.msg_id, at)
        self.arrived(item, smgp.encode(smgp.DeliverResp(pdu.msg_id), sequence))


@link("smgp")
class SmgpLink(OperatorLink):
    client = SmgpClient
    refusals = frozenset((20, 21, 22))
    options = (*OperatorLink.options, "fee_type", "fee_code", "padded_login", "product_id")
