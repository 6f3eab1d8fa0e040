from collections import defaultdict
from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ..messaging import again, sharing
from ..messaging.arrays import array
from ..protocols.contract import Part

# Lanes are gone through again while there is room: so often at the most.
PASSES = 5
# What one look may find out about the time to come, in seconds.
LOOK = 3600.0

_LANES = """
    WITH RECURSIVE lane AS (
        (SELECT priority, COALESCE(batch_id, 0) AS batch_id, due_at
           FROM hospital_message_part
          WHERE gateway_id = %(gateway)s AND state = 'queued'
          ORDER BY priority, COALESCE(batch_id, 0), due_at LIMIT 1)
        UNION ALL
        SELECT later.*
          FROM lane, LATERAL (
            SELECT priority, COALESCE(batch_id, 0) AS batch_id, due_at
              FROM hospital_message_part
             WHERE gateway_id = %(gateway)s AND state = 'queued'
               AND (priority, COALESCE(batch_id, 0)) > (lane.priority, lane.batch_id)
             ORDER BY priority, COALESCE(batch_id, 0), due_at LIMIT 1) AS later
    )
    SELECT lane.priority, lane.batch_id,
           EXTRACT(EPOCH FROM lane.due_at - statement_timestamp() AT TIME ZONE 'UTC')::float AS seconds
      FROM lane
      LEFT JOIN hospital_message_batch batch ON batch.id = lane.batch_id
     WHERE lane.batch_id = 0 OR batch.state <> 'paused'
"""

_PARTS = """
    SELECT part.id, part.message_id, part.number, part.total, part.gateway_id
      FROM unnest(%(priorities)s::text[], %(batches)s::int[], %(shares)s::int[]) AS lane (priority, batch_id, share),
           LATERAL (
            SELECT id, message_id, number, total, gateway_id
              FROM hospital_message_part
             WHERE gateway_id = %(gateway)s AND state = 'queued' AND priority = lane.priority
               AND COALESCE(batch_id, 0) = lane.batch_id AND due_at <= statement_timestamp() AT TIME ZONE 'UTC'
             ORDER BY due_at, id LIMIT lane.share
               FOR UPDATE SKIP LOCKED) AS part
"""

# The rest of messages of which a part was taken: they go together, one after the other.
_SIBLINGS = """
    SELECT id, message_id, number, total, gateway_id
      FROM hospital_message_part
     WHERE message_id = ANY(%s::int[]) AND NOT id = ANY(%s::int[]) AND gateway_id = %s AND state = 'queued'
       AND due_at <= statement_timestamp() AT TIME ZONE 'UTC'
       FOR UPDATE SKIP LOCKED
"""

_MESSAGES = """
    SELECT message.id, message.patient_id, message.purpose, message.priority, message.channel,
           COALESCE(message.number, ''), COALESCE(message.openid, ''), message.text, message."values",
           COALESCE(message.extension, ''),
           COALESCE(CASE message.channel WHEN 'wechat' THEN template.wechat_code ELSE template.vendor_code END, ''),
           EXISTS (SELECT FROM hospital_message_part part
                    WHERE part.message_id = message.id AND part.sending_at IS NOT NULL),
           EXISTS (SELECT FROM hospital_message_part part
                    WHERE part.message_id = message.id AND part.state NOT IN ('queued', 'cancelled')),
           EXISTS (SELECT FROM hospital_message_batch batch
                    WHERE batch.id = message.batch_id AND batch.state = 'cancelled')
      FROM hospital_message message
      LEFT JOIN sms_template template ON template.id = message.template_id
     WHERE message.id = ANY(%s::int[])
"""

_LEDGER = """
    INSERT INTO hospital_contact (patient_id, at, channel, direction, purpose, user_id, department_id,
                                  res_model, res_id, create_uid, write_uid, create_date, write_date)
    SELECT patient_id, now.moment, channel, 'out', purpose, sender_id, department_id,
           'hospital.message', id, %(uid)s, %(uid)s, now.moment, now.moment
      FROM hospital_message, (SELECT statement_timestamp() AT TIME ZONE 'UTC') AS now (moment)
     WHERE id = ANY(%(ids)s::int[]) AND patient_id IS NOT NULL
"""


class _Due(NamedTuple):
    """A message of which parts have been selected.

    begun: some part of it has been under way before; out: some part has left, or may have; cancelled: its batch is
    """

    id: int
    patient_id: int | None
    purpose: str
    priority: str
    channel: str
    number: str
    openid: str
    text: str
    values: dict[str, Any] | None
    extension: str
    template: str
    begun: bool
    out: bool
    cancelled: bool


class HospitalMessagePart(models.Model):
    """How the service takes what is due, in one transaction that ends before the first byte leaves."""

    _inherit = "hospital.message.part"

    @api.model
    def _take(self, gateway_id, references, turn=0):
        """Take due parts of the gateway, as many as there are references, and set them to *sending*.

        Returns ``(parts, seconds)``: what to send (``protocols.contract.Part``) and when to look again if nobody wakes
        the service: 0 when more is due already.
        """
        gateway = self.env["hospital.gateway"].browse(gateway_id)
        if shut := gateway._shut_for():
            return [], min(shut, LOOK)
        found, seconds = self._due(gateway, len(references), turn)
        messages = self._due_messages(found)
        going = self._ask_gate(messages)
        found = [row for row in found if row[1] in going]
        taken = dict(zip((row[0] for row in found), references, strict=False))
        self.env.cr.execute(
            """UPDATE hospital_message_part part
                  SET state = 'sending', reference = taken.reference,
                      sending_at = statement_timestamp() AT TIME ZONE 'UTC'
                 FROM unnest(%s::int[], %s::text[]) AS taken (id, reference) WHERE part.id = taken.id""",
            [array(taken), array(taken.values())],
        )
        first = {row[1] for row in found if row[0] in taken and not messages[row[1]].begun}
        self.env.cr.execute(_LEDGER, {"uid": self.env.uid, "ids": array(first)})
        sender = gateway.access_number or ""
        parts = [
            self._as_part(messages[message_id], part_id, taken[part_id], number, total, sender)
            for part_id, message_id, number, total, _gateway in found
            if part_id in taken
        ]
        # What had to stand back for another message to the same patient is asked next.
        return parts, 0.0 if len(going) < len(messages) else seconds

    @staticmethod
    def _as_part(message, part_id, reference, number, total, sender):
        return Part(
            part_id,
            reference,
            message.number,
            (sender + message.extension)[:21],
            message.text,
            number,
            total,
            int(message.priority),
            message.openid,
            message.template,
            message.values or {},
            message.id,
        )

    # -- what is due ---------------------------------------------------------------------------------------------

    @api.model
    def _lanes(self, gateway_id):
        """``[(Lane, seconds until its first part is due)]``; as many index look-ups as there are lanes."""
        self.env.cr.execute(_LANES, {"gateway": gateway_id})
        return [(sharing.Lane(priority, batch_id), seconds) for priority, batch_id, seconds in self.env.cr.fetchall()]

    @api.model
    def _due(self, gateway, count, turn):
        """Lock some ``count`` due parts, whole messages where possible; divert those that may not leave here."""
        lanes = self._lanes(gateway.id)
        seconds = min([LOOK, *(seconds for _lane, seconds in lanes if seconds > 0)])
        lanes = [lane for lane, seconds in lanes if seconds <= 0]
        found = {}
        for _pass in range(PASSES):
            shares = sharing.shares(lanes, count - len(found), turn)
            if not shares:
                return list(found.values()), seconds
            self.env.cr.execute(
                _PARTS,
                {
                    "gateway": gateway.id,
                    "priorities": [lane.priority for lane, _share in shares],
                    "batches": [lane.batch_id for lane, _share in shares],
                    "shares": [share for _lane, share in shares],
                },
            )
            rows = [row for row in self.env.cr.fetchall() if row[0] not in found]
            tried = {lane for lane, _share in shares}
            if len(rows) < sum(share for _lane, share in shares):
                # What these lanes had is locked now: whoever comes next gets the room.
                lanes = [lane for lane in lanes if lane not in tried]
            long = {row[1] for row in rows if row[3] > 1}
            if long:
                self.env.cr.execute(_SIBLINGS, [array(long), array(row[0] for row in rows), gateway.id])
                rows += self.env.cr.fetchall()
                place = {row[1]: at for at, row in reversed(list(enumerate(rows)))}
                rows.sort(key=lambda row: (place[row[1]], row[2]))
            diverted = gateway._divert([row[0] for row in rows])
            found |= {row[0]: row for row in rows if row[0] not in diverted}
            if len(found) >= count:
                break
        return list(found.values()), 0.0

    @api.model
    def _due_messages(self, found):
        self.env.cr.execute(_MESSAGES, [array({row[1] for row in found})])
        messages = {row[0]: _Due(*row) for row in self.env.cr.fetchall()}
        return {row[1]: messages[row[1]] for row in found}  # whoever waits for longest is asked first

    # -- asked once more -----------------------------------------------------------------------------------------

    @api.model
    def _ask_gate(self, messages):
        """Which of these messages may leave now. A *no* excludes one, a *later* moves it.

        Of the messages for one purpose to one patient only the first is asked: the ledger must know of it before the
        next is. What is partly out goes on. What came back to the queue is in the ledger already, whose cap it does not
        wait for; but whoever has died or refused since does not get it, nor does anybody after its batch was cancelled.
        """
        going, cancelled, excluded, moved, asked = set(), [], {}, defaultdict(list), defaultdict(dict)
        for message in messages.values():
            if message.out:
                going.add(message.id)
            elif message.cancelled:
                cancelled.append(message.id)
            else:
                asked[message.channel, message.purpose].setdefault(message.patient_id or -message.id, message)
        for (channel, purpose), candidates in asked.items():
            verdicts = self.env["hospital.message"]._verdicts(list(candidates.values()), channel, purpose)
            for message, verdict in zip(candidates.values(), verdicts, strict=True):
                if verdict.verdict == "no":
                    excluded[message.id] = verdict.reason
                elif (
                    verdict.verdict == "later"
                    and not (message.begun and verdict.reason == "cap")
                    and not self.env["hospital.message"]._overtakes(message)
                ):
                    moved[verdict.at].append(message.id)
                else:
                    going.add(message.id)
        self.env["hospital.message"]._exclude(excluded)
        self.env["hospital.message"]._exclude(dict.fromkeys(cancelled), "cancelled")
        for at, ids in moved.items():
            self.env["hospital.message"]._postpone(ids, at)
        return going


class HospitalGateway(models.Model):
    _inherit = "hospital.gateway"

    def _shut_for(self):
        """Seconds until the gateway's hours begin, 0 within them."""
        company = self.env["res.company"]
        local = company._to_hospital_clock(fields.Datetime.now())
        return (again.opens(self.hours, local) - local).total_seconds()

    @api.model
    def _simulator(self):
        return self.search([("protocol", "=", "simulator"), ("enabled", "=", True)], limit=1)

    def _divert(self, part_ids):
        """Give parts that must not leave by this gateway to the simulator, or to none; returns their ids.

        While the hospital does not really send, only numbers on the allow-list leave by anything but the simulator.
        """
        if self.protocol == "simulator" or not part_ids:
            return set()
        self.env.cr.execute(
            SQL(
                """WITH diverted AS (
                       UPDATE hospital_message_part part SET gateway_id = %(simulator)s
                         FROM hospital_message message
                        WHERE part.id = ANY(%(ids)s::int[]) AND message.id = part.message_id
                          AND NOT EXISTS (SELECT FROM ir_config_parameter
                                           WHERE key = 'hospital_sms.live' AND lower(value) IN ('true', '1'))
                          AND NOT EXISTS (SELECT FROM hospital_gateway_allowed allowed
                                           WHERE allowed.number = message.number)
                       RETURNING part.id, part.message_id),
                   told AS (
                       UPDATE hospital_message message SET gateway_id = %(simulator)s
                         FROM diverted WHERE message.id = diverted.message_id)
                   SELECT id FROM diverted""",
                simulator=self._simulator().id or None,
                ids=array(part_ids),
            )
        )
        diverted = {row[0] for row in self.env.cr.fetchall()}
        if diverted:
            self.env["hospital.service"]._wake("messages")
        return diverted
