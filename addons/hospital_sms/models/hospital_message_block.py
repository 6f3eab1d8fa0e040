import time

from odoo import api, models
from odoo.tools import SQL

from ..history import pairs

# Messages in a block: more make the index smaller, and the reading of what it finds longer.
SIZE = 16
# Blocks read and written at once.
CHUNK = 2000
# How often it is looked, twice a second, whether all transactions of before have ended.
TRIES = 20
# Of a word in more blocks than these the newest messages are met soon without the index.
MANY = 3000


class HospitalMessageBlock(models.Model):
    """The pairs of characters in the texts of some messages of neighbouring ids: block ``id // SIZE``.

    Written in the background, so that a message costs its sender no index of words. All blocks up to the last one
    are whole; texts of later messages are looked through one by one.
    """

    _name = "hospital.message.block"
    _description = "Words of Messages"
    _log_access = False

    def init(self):
        super().init()
        # No pending list: every search would have to read it.
        self.env.cr.execute(
            """ALTER TABLE hospital_message_block ADD COLUMN IF NOT EXISTS pairs int[] NOT NULL;
               CREATE INDEX IF NOT EXISTS hospital_message_block_pairs_index ON hospital_message_block
                   USING gin (pairs) WITH (fastupdate = off)"""
        )

    @api.model
    def _end(self):
        """The first message id that is in no block yet."""
        self.env.cr.execute("SELECT COALESCE(max(id), -1) + 1 FROM hospital_message_block")
        return self.env.cr.fetchone()[0] * SIZE

    @api.model
    def _extend_all(self):
        """Job: add the messages that have come to stay; commits."""
        last = self._last_settled()
        while last is not None and self._extend(last):
            self.env.cr.commit()  # pylint: disable=invalid-commit; each chunk stands for itself

    @api.model
    def _last_settled(self):
        """A message id up to which none is on its way into the database, or None if that takes too long."""
        self.env.cr.execute("SELECT last_value, clock_timestamp() FROM hospital_message_id_seq")
        last, now = self.env.cr.fetchone()
        for _try in range(TRIES):
            self.env.cr.commit()  # pylint: disable=invalid-commit; for a new look at what goes on
            self.env.cr.execute(
                """SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                      AND backend_type = 'client backend' AND xact_start < %s LIMIT 1""",
                [now],
            )
            if not self.env.cr.rowcount:
                return last
            time.sleep(0.5)
        return None

    @api.model
    def _extend(self, last):
        """Add up to ``CHUNK`` blocks of messages up to the id ``last``, whole ones only; returns whether any was left.

        The caller knows that no message of these ids is still on its way into the database.
        """
        first = self._end() // SIZE
        end = min((last + 1) // SIZE, first + CHUNK)
        if end <= first:
            return False
        self.env.cr.execute(
            "SELECT id, text FROM hospital_message WHERE id >= %s AND id < %s", [first * SIZE, end * SIZE]
        )
        texts = {}
        for message_id, text in self.env.cr.fetchall():
            texts.setdefault(message_id // SIZE, []).append(text)
        rows = [(block, pairs.pairs(texts[block])) for block in sorted(texts)]
        if end - 1 not in texts:  # the ids of messages that were not made, or are deleted
            rows.append((end - 1, []))
        self.env.cr.execute(
            """INSERT INTO hospital_message_block (id, pairs)
               SELECT block.id, block.pairs::int[] FROM unnest(%s::bigint[], %s::text[]) AS block (id, pairs)""",
            [[block for block, _found in rows], ["{" + ",".join(map(str, found)) + "}" for _block, found in rows]],
        )
        return end < (last + 1) // SIZE

    @api.model
    def _is_rare(self, word):
        """Whether few blocks may hold ``word``, of two characters at least."""
        self.env.cr.execute(SQL("SELECT FROM hospital_message_block WHERE %s LIMIT %s", self._holding(word), MANY))
        return self.env.cr.rowcount < MANY

    @api.model
    def _holding(self, word):
        """Condition of SQL of the blocks that may hold ``word``."""
        return SQL("pairs @> %s", pairs.pairs([word]))
