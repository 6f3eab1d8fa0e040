from datetime import timedelta

from odoo import api, fields, models

from ..protocols.contract import Reply
from ..protocols.text import join

# A long text whose rest has not come by then is taken as it is.
PATIENCE = timedelta(hours=1)
# Pieces are known so long: whoever sends one again adds nothing.
KEPT = timedelta(days=2)


class HospitalMessagePiece(models.Model):
    """A piece of a long text that came in: operators send them one by one, in any order, some twice."""

    _name = "hospital.message.piece"
    _description = "Piece of an Incoming Message"
    _log_access = False

    gateway_id = fields.Many2one("hospital.gateway", required=True, ondelete="cascade")
    key = fields.Char(required=True)
    number = fields.Char()
    destination = fields.Char()
    ref = fields.Integer()
    place = fields.Integer()
    total = fields.Integer()
    text = fields.Text()
    at = fields.Datetime(required=True, default=fields.Datetime.now, index=True)
    joined = fields.Boolean()

    _key_unique = models.UniqueIndex("(gateway_id, key)")
    _open_index = models.Index("(gateway_id, number, destination, ref) WHERE joined IS NOT TRUE")

    @api.model
    def _collect(self, gateway_id, pieces):
        """Keep pieces; returns the replies that have become whole by them."""
        self.env.cr.execute(
            """INSERT INTO hospital_message_piece
                      (gateway_id, key, number, destination, ref, place, total, text, at)
               SELECT %s, piece.*, statement_timestamp() AT TIME ZONE 'UTC'
                 FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[], %s::int[], %s::int[], %s::text[]) AS piece
                   ON CONFLICT (gateway_id, key) DO NOTHING""",
            [
                gateway_id,
                *map(
                    list,
                    zip(
                        *(
                            (one.key, one.number, one.destination, one.ref, one.index, one.total, one.text)
                            for one in pieces
                        ),
                        strict=True,
                    ),
                ),
            ],
        )
        whole = self._join(
            "gateway_id = %s AND number = ANY(%s)",
            "count(DISTINCT place) = total",
            [gateway_id, [one.number for one in pieces]],
        )
        return [reply for _gateway_id, reply in whole]

    @api.model
    def _overdue(self):
        """``[(gateway id, reply)]`` of long texts whose rest does not come any more; forgets what is old."""
        now = fields.Datetime.now()
        self.env.cr.execute("DELETE FROM hospital_message_piece WHERE joined AND at < %s", [now - KEPT])
        return self._join("TRUE", "max(at) < %s", [now - PATIENCE])

    @api.model
    def _join(self, which, complete, parameters):
        """Put together what is ``complete`` of the pieces ``which`` are looked at: ``[(gateway id, reply)]``."""
        self.env.cr.execute(
            f"""WITH whole AS (
                    SELECT array_agg(id) AS ids
                      FROM hospital_message_piece WHERE joined IS NOT TRUE AND {which}
                     GROUP BY gateway_id, number, destination, ref, total HAVING {complete}),
                joined AS (UPDATE hospital_message_piece piece SET joined = TRUE
                             FROM whole WHERE piece.id = ANY(whole.ids) RETURNING piece.*)
                SELECT gateway_id, number, destination, string_agg(text, '' ORDER BY place, id), min(key), min(at)
                  FROM joined GROUP BY gateway_id, number, destination, ref, total""",
            parameters,
        )
        return [
            (gateway_id, Reply(number, destination, join(text), key, at))
            for gateway_id, number, destination, text, key, at in self.env.cr.fetchall()
        ]
