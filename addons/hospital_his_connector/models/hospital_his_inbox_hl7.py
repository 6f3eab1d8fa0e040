import logging

import psycopg2

from odoo import api, models
from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain

from odoo.addons.hospital_base.clinic.states import EXPECTED

from ..exchange.problems import ReadingFailed, where
from ..hl7 import reading
from ..hl7.message import Message, Unreadable

_logger = logging.getLogger(__name__)

# Messages handled in one transaction: enough for the loaders to work in sets.
BATCH = 1000
# Class of errors of the database by which a message breaks one of its limits: it would do so each time.
LIMITS = "54"
CANCELLED = "SIU^S15"


class HospitalHisInbox(models.Model):
    """HL7 messages: kept and acknowledged at once, handled in their order, many in one go."""

    _inherit = "hospital.his.inbox"

    @api.model
    def _receive_hl7(self, source_id, charset, raws):
        """Keep messages that came as bytes; return the answer to each. Committed, they are safe: AA says no more."""
        source = self.env["hospital.his.source"].browse(source_id)
        came = [reading.read(raw, charset) for raw in raws]
        # On screens a line ends with a line feed.
        shown = [(one.kind, one.number, one.text, one.answer.replace("\r", "\n")) for one in came]
        kept = self._receive_all(source, "hl7", shown)
        answers = []
        for (message, is_new), one in zip(kept, came, strict=True):
            if is_new and one.code:
                message._close("failed", one.code)
            answer = one.answer if is_new else message.response.replace("\n", "\r")
            answers.append(answer.encode(one.encoding, "replace"))
        return answers

    @api.model
    def _work_hl7(self):
        """Handle the oldest messages; return how many there were."""
        messages = self.search([("channel", "=", "hl7"), ("state", "=", "received")], order="id", limit=BATCH)
        messages._handle()
        return len(messages)

    def _handle_hl7(self):
        for source, messages in self.grouped("source_id").items():
            feeds = self.env["hospital.his.feed"].search([("source_id", "=", source.id), ("way", "=", "hl7")])
            specs = {feed: feed._mapping() for feed in feeds.sorted("sequence")}
            for wave in messages._waves(specs):
                self._try(wave, specs)

    def _waves(self, specs):
        """Messages with their rows, in lots: what concerns the same record keeps its order from lot to lot."""
        waves, reached = [], {}
        for message in self:
            rows = message._rows(specs)
            if rows is None:
                continue
            records = {record for feed, own in rows.items() for row in own for record in feed._hl7_records(row, specs)}
            number = max(reached.get(record, 0) for record in records) if records else 0
            waves.extend([] for _ in range(number + 1 - len(waves)))
            waves[number].append((message, rows))
            reached |= dict.fromkeys(records, number + 1)
        return waves

    def _rows(self, specs):
        """Feed → rows of this message; None if it is over with it."""
        try:
            parsed = Message(self.payload or "")
        except Unreadable:
            self._close("failed", "hl7_unreadable")
            return None
        takers = {feed: spec for feed, spec in specs.items() if parsed.kind in feed._events()}
        if not takers:
            self._close("ignored", "hl7_no_feed", {"kind": parsed.kind})
            return None
        try:
            return {feed: feed._hl7_rows(parsed, spec) for feed, spec in takers.items()}
        except ReadingFailed as failure:
            self._close("failed", failure.code, failure.arguments)
            return None

    def _try(self, wave, specs):
        """Write what some messages say; one that nobody foresaw is found by halving and fails alone."""
        try:
            with self.env.cr.savepoint():
                self._write_rows(wave, specs)
        except Exception as error:
            if self._will_pass(error):
                raise  # the transaction begins anew
            self.env.invalidate_all(flush=False)
            if len(wave) > 1:
                middle = len(wave) // 2
                self._try(wave[:middle], specs)
                self._try(wave[middle:], specs)
                return
            place = {"error": type(error).__name__, "where": where(error)}
            if isinstance(error, ReadingFailed):
                wave[0][0]._close("failed", error.code, error.arguments)
            else:
                # The text of the error may hold the message: the log must not show a patient.
                _logger.error("HL7 message %s: %s at %s", wave[0][0].id, place["error"], place["where"])
                wave[0][0]._close("failed", "internal", place)

    @staticmethod
    def _will_pass(error):
        """Somebody else wrote the same, or the database went away; a limit of the database is the message's fault."""
        if isinstance(error, psycopg2.OperationalError):
            return not (error.pgcode or "").startswith(LIMITS)
        return isinstance(error, (psycopg2.InterfaceError, ConcurrencyError))

    def _cancel_appointments(self, wave, specs):
        """Whoever had booked what is cancelled does not come. That the place is free says the feed of the slots."""
        for message, rows in wave:
            if message.operation != CANCELLED:
                continue
            keys = [
                feed._mapper(feed._shape(row), specs[feed]).external_id(list(row.values()))
                for feed, own in rows.items()
                if feed.kind == "clinic_slot"
                for row in own
            ]
            by_number = Domain("source_id", "=", message.source_id.id) & Domain("external_id", "in", keys)
            by_slot = Domain("slot_id.source_id", "=", message.source_id.id) & Domain("slot_id.external_id", "in", keys)
            appointments = self.env["hospital.appointment"].search(
                (by_number | by_slot) & Domain("state", "in", EXPECTED)
            )
            for appointment in appointments:
                appointment._cancel()

    def _write_rows(self, wave, specs):
        self._cancel_appointments(wave, specs)
        refused = {message: [] for message, _rows in wave}
        for feed in specs:
            came = [(message, row) for message, rows in wave for row in rows.get(feed, ())]
            if not came:
                continue
            outcomes = feed._push([row for _message, row in came])
            for (message, _row), outcome in zip(came, outcomes, strict=True):
                if outcome.code:
                    refused[message].append(outcome)
        good = self.browse([message.id for message, outcomes in refused.items() if not outcomes])
        good._close("done")
        for message, outcomes in refused.items():
            if outcomes:
                reason = [outcomes[0].code, outcomes[0].arguments]
                message._close("done", "hl7_set_aside", {"count": len(outcomes), "reason": reason})
