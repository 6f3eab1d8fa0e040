from typing import NamedTuple

from odoo import api, models

from ..messaging.arrays import array, arrays

_MOVE = """
    WITH moved AS (
        SELECT * FROM unnest(%s::int[], %s::int[], %s::text[], %s::int[]) AS moved (id, gateway_id, text, parts)
    ), fewer AS (
        DELETE FROM hospital_message_part part USING moved
         WHERE part.message_id = moved.id AND part.number > moved.parts AND part.state = 'queued'
    ), same AS (
        UPDATE hospital_message_part part SET gateway_id = moved.gateway_id, total = moved.parts FROM moved
         WHERE part.message_id = moved.id AND part.number <= moved.parts AND part.state = 'queued'
    ), more AS (
        INSERT INTO hospital_message_part
               (message_id, number, total, gateway_id, batch_id, priority, due_at, state, attempts, throttled)
        SELECT moved.id, place, moved.parts, moved.gateway_id, first.batch_id, first.priority, first.due_at, 'queued',
               first.attempts, first.throttled
          FROM moved
          JOIN hospital_message_part first ON first.message_id = moved.id AND first.number = 1,
               generate_series(first.total + 1, moved.parts) AS place
    )
    UPDATE hospital_message message SET gateway_id = moved.gateway_id, text = moved.text, part_count = moved.parts
      FROM moved WHERE message.id = moved.id
"""


class _Moving(NamedTuple):
    id: int
    gateway_id: int | None
    text: str
    channel: str
    purpose: str


class HospitalMessage(models.Model):
    """From one gateway to another, or to the first one, before any part has left."""

    _inherit = "hospital.message"

    @api.model
    def _move(self, ways):
        """``{message id: gateway id}``: all parts of these wait, and leave by that gateway now.

        Each is signed and cut as its new gateway has it; one that is too long there stays where it is. Returns how many
        have moved.
        """
        if not ways:
            return 0
        self.env.cr.execute(
            "SELECT id, gateway_id, text, channel, purpose FROM hospital_message WHERE id = ANY(%s::int[])",
            [array(ways)],
        )
        moving = [_Moving(*row) for row in self.env.cr.fetchall()]
        styles = self._styles({*ways.values(), *(one.gateway_id for one in moving)})
        rows = []
        for one in moving:
            style = styles[ways[one.id]]
            text = self._signed(one.text.removeprefix(styles[one.gateway_id].prefix), style, one)
            if parts := self._count_parts(text, style, one):
                rows.append((one.id, ways[one.id], text, parts))
        if rows:
            self.env.cr.execute(_MOVE, arrays(rows))
            self.env["hospital.service"]._wake("messages")
        return len(rows)
