"""The way to an account at an SMPP gateway.

On the session that all operators' protocols share, not on aiosmpplib's: that one has no window, goes on with a password
that was refused, joins and cuts messages by itself, and says nothing of submits whose connection died.
"""

import time

from . import codes, layout, smpp
from .connection import Client, national
from .contract import Part, Reply, Report, link
from .frames import Malformed
from .session import OperatorLink

SAME = 600  # seconds in which a text that is repeated word for word is a repetition
# Which ids a gateway writes how: in its answers, in its reports.
IDS = {"hex_decimal": ("hex", "decimal"), "decimal_hex": ("decimal", "hex")}


class SmppClient(Client):
    header = 16
    link: "SmppLink"

    def login(self) -> bytes:
        account = self.link.account
        system_type = account.options.get("smpp_system_type") or ""
        return smpp.bind(self.link.next(), account.login, account.secret, system_type)

    def encode(self, part: Part) -> tuple[int, bytes]:
        coding, udhi, content = self.link.content(part)
        sequence = int(part.reference, 16)
        number = f"86{part.number}" if len(part.number) == 11 else part.number
        return sequence, smpp.submit(sequence, part.sender, number, coding, udhi, content)

    def heartbeat(self) -> bytes:
        return smpp.frame(smpp.ENQUIRE_LINK, self.link.next())

    def logout(self) -> bytes:
        return smpp.frame(smpp.UNBIND, self.link.next())

    def handle(self, frame: bytes) -> None:
        head = smpp.header(frame)
        match head.command:
            case smpp.DELIVER_SM:
                self._delivered(head.sequence, frame)
            case smpp.ENQUIRE_LINK:
                self._answer(head)
            case smpp.UNBIND:
                self.leave("closed")
                self._answer(head)
            case command if command < smpp.RESPONSE:
                self._answer(head, smpp.GENERIC_NACK, smpp.INVALID_COMMAND)
            case _:
                self._responded(head, frame)

    def _responded(self, head: smpp.Header, frame: bytes) -> None:
        status = smpp.code(head.status)
        match head.command ^ smpp.RESPONSE:
            case smpp.SUBMIT_SM:
                self.answered(head.sequence, status, smpp.same_id(smpp.message_id(frame), self.link.ids[0]))
            case smpp.BIND_TRANSCEIVER:
                self.login_answered(status)
            case smpp.UNBIND:
                self.transport.close()
            case 0:  # generic_nack: of whatever had this sequence
                self.login_answered(status or "nack")
                self.answered(head.sequence, status or "nack", "")

    def _delivered(self, sequence: int, frame: bytes) -> None:
        try:
            pdu = smpp.deliver(frame)
        except Malformed:
            self.put(smpp.frame(smpp.GENERIC_NACK, sequence, status=smpp.INVALID_LENGTH))
            raise
        self.arrived(
            self._report(pdu) if pdu.is_receipt else self._reply(pdu),
            smpp.frame(smpp.DELIVER_SM | smpp.RESPONSE, sequence, b"\0"),
        )

    def _report(self, pdu: smpp.Deliver) -> Report:
        receipt = smpp.receipt(pdu)
        return Report(
            smpp.same_id(receipt.message_id, self.link.ids[1]),
            codes.state(receipt.stat),
            codes.report_code(receipt.stat, receipt.err),
            national(pdu.source),
            layout.utc(receipt.done),
        )

    def _reply(self, pdu: smpp.Deliver) -> Reply:
        """SMPP gives a text no id of its own: the same words at about the same time are the same text."""
        piece = smpp.piece(pdu)
        key = smpp.digest(pdu, int(time.time()) // SAME)
        words = smpp.words(piece.body, pdu.coding, cut=piece.total > 1)
        return Reply(national(pdu.source), pdu.destination, words, key, None, piece.ref, piece.index, piece.total)

    def _answer(self, head: smpp.Header, command: int = 0, status: int = smpp.OK) -> None:
        self.put(smpp.frame(command or head.command | smpp.RESPONSE, head.sequence, status=status))


@link("smpp")
class SmppLink(OperatorLink):
    client = SmppClient
    # ESME_RBINDFAIL, ESME_RINVPASWD, ESME_RINVSYSID
    refusals = frozenset(map(smpp.code, (0x0D, 0x0E, 0x0F)))
    options = (*OperatorLink.options, "smpp_ids", "smpp_system_type")

    @property
    def ids(self) -> tuple[str, str]:
        return IDS.get(self.account.options.get("smpp_ids") or "", ("", ""))

    def reserve(self, count: int) -> list[str]:
        """Sequences of SMPP: 1 to 0x7fffffff."""
        first = self._counter
        self._counter = (first + count) % smpp.LAST_SEQUENCE
        return [f"{(first + number) % smpp.LAST_SEQUENCE + 1:08x}" for number in range(count)]
