import logging

import psycopg2

from odoo import api, models
from odoo.exceptions import ConcurrencyError

from ..exchange import pushed
from ..exchange.problems import ReadingFailed, where
from ..hl7 import reading
from ..hl7.message import Message, Unreadable

_logger = logging.getLogger(__name__)

# Messages handled in one transaction: enough for the loaders to work in sets.
BATCH = 500


class HospitalHisInbox(models.Model):
    """HL7 messages: kept and acknowledged at once, handled in their order, many in one go."""

    _inherit = "hospital.his.inbox"

    @api.model
    def _receive_hl7(self, source_id, charset, raws):
        """Keep messages that came as bytes; return the answer to each. Committed, they are safe: AA says no more."""
        source = self.env["hospital.his.source"].browse(source_id)
        came = [reading.read(raw, charset) for raw in raws]
        kept = self._receive_all(source, "hl7", [(one.kind, one.number, one.text, one.answer) for one in came])
        answers = []
        for (message, is_new), one in zip(kept, came, strict=True):
            if is_new and one.code:
                message._close("failed", one.code)
            answers.append((one.answer if is_new else message.response).encode(one.encoding, "replace"))
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
            for stretch in messages._stretches(specs):
                self._try(stretch, specs)

    def _stretches(self, specs):
        """Messages with their rows. A record that is told of again begins a new stretch: one after the other."""
        stretch, told = [], set()
        for message in self:
            rows = message._rows(specs)
            if rows is None:
                continue
            records = {
                (feed.model, tuple(str(row.get(name)) for name in pushed.key_columns(specs[feed])))
                for feed, own in rows.items()
                for row in own
            }
            if told & records:
                yield stretch
                stretch, told = [], set()
            stretch.append((message, rows))
            told |= records
        if stretch:
            yield stretch

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

    def _try(self, stretch, specs):
        """Write what some messages say; one that nobody foresaw is found by halving and fails alone."""
        try:
            with self.env.cr.savepoint():
                self._write_rows(stretch, specs)
        except (psycopg2.OperationalError, ConcurrencyError):
            raise  # somebody else wrote the same: the transaction begins anew
        except Exception as error:
            self.env.invalidate_all(flush=False)
            if len(stretch) > 1:
                middle = len(stretch) // 2
                self._try(stretch[:middle], specs)
                self._try(stretch[middle:], specs)
                return
            place = {"error": type(error).__name__, "where": where(error)}
            if isinstance(error, ReadingFailed):
                stretch[0][0]._close("failed", error.code, error.arguments)
            else:
                # The text of the error may hold the message: the log must not show a patient.
                _logger.error("HL7 message %s: %s at %s", stretch[0][0].id, place["error"], place["where"])
                stretch[0][0]._close("failed", "internal", place)

    def _write_rows(self, stretch, specs):
        refused = {message: [] for message, _rows in stretch}
        for feed in specs:
            came = [(message, row) for message, rows in stretch for row in rows.get(feed, ())]
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
