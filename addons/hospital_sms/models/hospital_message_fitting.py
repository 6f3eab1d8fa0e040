from odoo import api, models

from ..messaging.arrays import array, arrays
from .hospital_message_queue import Terms

_MOVED = """
    SELECT id, text, gateway_id, purpose, part_count FROM hospital_message message
     WHERE id = ANY(%s::int[]) AND channel = 'sms' AND state = 'queued' AND gateway_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM hospital_message_part part
                        WHERE part.message_id = message.id
                          AND (part.state <> 'queued' OR part.gateway_id IS DISTINCT FROM message.gateway_id))
"""

# What the old parts have been through goes with the new ones: tries, and that the message has begun.
_FIT = """
    WITH fit AS (
        SELECT * FROM unnest(%s::int[], %s::text[], %s::int[]) AS fit (id, text, parts)
    ), told AS (
        UPDATE hospital_message message SET text = fit.text, part_count = fit.parts
          FROM fit WHERE message.id = fit.id
    ), old AS (
        DELETE FROM hospital_message_part part USING fit
         WHERE part.message_id = fit.id AND part.total <> fit.parts RETURNING part.*, fit.parts
    ), sum AS (
        SELECT message_id, parts, gateway_id, batch_id, priority, max(due_at) AS due_at, max(attempts) AS attempts,
               max(throttled) AS throttled, max(sending_at) AS sending_at
          FROM old GROUP BY message_id, parts, gateway_id, batch_id, priority
    )
    INSERT INTO hospital_message_part (message_id, number, total, gateway_id, batch_id, priority, due_at, state,
                                       attempts, throttled, sending_at)
    SELECT message_id, part.number, parts, gateway_id, batch_id, priority, due_at, 'queued',
           attempts, throttled, sending_at
      FROM sum, generate_series(1, parts) AS part (number)
     ORDER BY message_id, part.number
"""


class HospitalMessage(models.Model):
    _inherit = "hospital.message"

    @api.model
    def _fit(self, ids):
        """Sign and count messages anew for the gateway that they have now, as far as none of their parts is out.

        Gateways differ: a vendor takes a text as a whole, operators cut it in alphabets of their own, and each has its
        signature. One that is too long there is left as it is: the gateway refuses it.
        """
        self.env.cr.execute(_MOVED, [array(ids)])
        moved = self.env.cr.fetchall()
        if not moved:
            return
        signing = (
            self.env["hospital.gateway"].sudo().with_context(active_test=False).search([("signature", "!=", False)])
        )
        styles = self._styles({*signing.ids, *(row[2] for row in moved)})
        signatures = {style.prefix for style in styles.values() if style.prefix}
        fit = []
        for message_id, text, gateway_id, purpose, parts in moved:
            bare = next((text.removeprefix(one) for one in signatures if text.startswith(one)), text)
            signed = self._signed(bare, styles[gateway_id], Terms(purpose))
            count = self._count_parts(signed, styles[gateway_id], Terms(purpose))
            if count and (signed, count) != (text, parts):
                fit.append((message_id, signed, count))
        if fit:
            self.env.cr.execute(_FIT, arrays(fit))
