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
        texts = {end - 1: []}  # even if its messages were not made, or are deleted: it says how far the blocks go
        for message_id, text in self.env.cr.fetchall():
            texts.setdefault(message_id // SIZE, []).append(text)
        self._write_blocks(texts)
        return end < (last + 1) // SIZE

    @api.model
    def _forget(self, ids):
        """The messages ``ids`` are deleted: their words leave the blocks, and blocks of nothing go too."""
        self.env.cr.execute(
            """SELECT block.id, array_remove(array_agg(message.text), NULL), block.id = (
                          SELECT max(id) FROM hospital_message_block) AS newest
                 FROM hospital_message_block block
                 LEFT JOIN hospital_message message
                   ON message.id >= block.id * %(size)s AND message.id < (block.id + 1) * %(size)s
                WHERE block.id = ANY(%(blocks)s) GROUP BY block.id""",
            {"size": SIZE, "blocks": sorted({message_id // SIZE for message_id in ids})},
        )
        found = self.env.cr.fetchall()
        self.env.cr.execute(
            "DELETE FROM hospital_message_block WHERE id = ANY(%s)", [[block for block, _texts, _newest in found]]
        )
        self._write_blocks({block: texts for block, texts, newest in found if texts or newest})

    @api.model
    def _write_blocks(self, texts):
        """texts: ``{block: its texts}``"""
        arrays = ["{" + ",".join(map(str, pairs.pairs(texts[block]))) + "}" for block in sorted(texts)]
        self.env.cr.execute(
            """INSERT INTO hospital_message_block (id, pairs)
               SELECT block.id, block.pairs::int[] FROM unnest(%s::bigint[], %s::text[]) AS block (id, pairs)""",
            [sorted(texts), arrays],
        )

    @api.model
    def _is_rare(self, word):
        """Whether few blocks may hold ``word``, of two characters at least."""
        self.env.cr.execute(SQL("SELECT FROM hospital_message_block WHERE %s LIMIT %s", self._holding(word), MANY))
        return self.env.cr.rowcount < MANY

    @api.model
    def _holding(self, word):
        """Condition of SQL of the blocks that may hold ``word``."""
        return SQL("pairs @> %s", pairs.pairs([word]))
