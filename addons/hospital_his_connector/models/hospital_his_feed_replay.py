import logging

from odoo import models
from odoo.tools import SQL

from ..exchange import batch as batching
from ..exchange.problems import ReadingFailed
from ..loading import letters
from ..loading.letters import Letter
from ..loading.references import REFERENCES, known

_logger = logging.getLogger(__name__)


class HospitalHisFeed(models.Model):
    """Putting rejected and waiting rows through the same mapping and the same writing once more."""

    _inherit = "hospital.his.feed"

    def _retry_waiting(self):
        """Try the rows again whose parent is known by now, until no more come through; fill in late references."""
        for feed in self:
            with feed._locked() as locked:
                if not locked:
                    continue
                try:
                    while feed._retrying(feed._replay_ready):
                        pass
                    feed._retrying(feed._settle)
                except ReadingFailed as failure:
                    _logger.warning("Feed %s: rows that wait cannot be tried again: %s", feed.code, failure.code)
                except Exception as error:
                    feed._recover(error)

    def _replay_ready(self):
        ready = self._ready_letters()
        return ready and self._replay(ready, "resolved")

    def _settle(self):
        self._loader([], []).settle()
        self._commit()

    def _ready_letters(self):
        self.env.flush_all()
        ready = SQL(" OR ").join(
            SQL(
                "letter.waits_kind = %s AND %s IS NOT NULL",
                kind,
                known(kind, self.source_id.id, SQL("letter.waits_key")),
            )
            for kind in REFERENCES
        )
        self.env.cr.execute(
            SQL(
                """SELECT id FROM hospital_his_deadletter letter
                    WHERE letter.feed_id = %s AND letter.state = 'waiting' AND (%s) ORDER BY id LIMIT %s""",
                self.id,
                ready,
                batching.ROWS,
            )
        )
        return self.env["hospital.his.deadletter"].browse([letter_id for (letter_id,) in self.env.cr.fetchall()])

    def _replay(self, deadletters, closed_as):
        """Put rows through the same mapping and the same writing; return how many came through."""
        self.ensure_one()
        self.env.invalidate_all()
        spec = self._mapping()
        groups = {}
        for letter in deadletters:
            groups.setdefault(self._shape(letter.payload), []).append(letter)
        passed = 0
        for shape, group in groups.items():
            names, mapper = shape.names, self._mapper(shape, spec)
            rows = (tuple(letter.payload.values()) for letter in group)
            before = {letter.id: letter.attempts for letter in group}
            for part in batching.batches(mapper, names, rows):
                refused = [Letter(r["external_id"], r["code"], r["arguments"], r["payload"]) for r in part.rejected]
                letters.store(self.env.cr, self.id, None, refused)
                self._apply(self._loader(mapper.sql_columns, names, closed_as=closed_as), part.copy, part.raw)
            group = deadletters.browse(before)
            group.invalidate_recordset()
            # Not refused again, but under another key than before: the letter was edited.
            for letter in group:
                if letter.state in ("open", "waiting") and letter.attempts == before[letter.id]:
                    letter.state = closed_as
                passed += letter.state == closed_as
        self._commit()
        return passed
