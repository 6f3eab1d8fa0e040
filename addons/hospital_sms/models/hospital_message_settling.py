import logging
from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models

from odoo.addons.hospital_base.service.post import describe

from ..messaging import again
from ..messaging.arrays import array, arrays
from ..protocols.contract import Accepted, Rejected, Unknown, Unsent
from .hospital_message import FINAL_STATES

_logger = logging.getLogger(__name__)

# The state of a message, by the states of its parts; codes of those that failed.
_FOLLOW = """
    WITH part AS (
        SELECT message_id, count(*) AS all,
               count(*) FILTER (WHERE state IN ('queued', 'sending')) AS waiting,
               count(*) FILTER (WHERE state = 'sent') AS sent,
               count(*) FILTER (WHERE state = 'delivered') AS delivered,
               count(*) FILTER (WHERE state = 'failed') AS failed,
               count(*) FILTER (WHERE state = 'unknown') AS unknown,
               count(*) FILTER (WHERE state = 'silent') AS silent,
               min(sent_at) AS sent_at, max(done_at) AS done_at,
               min(code) FILTER (WHERE state = 'failed') AS code
          FROM hospital_message_part WHERE message_id = ANY(%s::int[]) GROUP BY message_id
    ), fresh AS (
        SELECT message.id, message.state AS old,
               CASE WHEN part.waiting > 0 THEN 'queued'
                    WHEN part.sent > 0 THEN 'sent'
                    WHEN part.delivered = part.all THEN 'delivered'
                    WHEN part.delivered > 0 THEN 'partial'
                    WHEN part.failed > 0 THEN 'failed'
                    WHEN part.unknown > 0 THEN 'unknown'
                    WHEN part.silent > 0 THEN 'silent'
                    ELSE 'cancelled' END AS state,
               part.sent_at, part.done_at, part.code
          FROM part JOIN hospital_message message ON message.id = part.message_id
         WHERE message.state <> 'excluded'
    )
    UPDATE hospital_message message
       SET state = fresh.state, sent_at = fresh.sent_at, done_at = fresh.done_at, code = fresh.code,
           write_date = statement_timestamp() AT TIME ZONE 'UTC'
      FROM fresh
     WHERE message.id = fresh.id
       AND (message.state, message.sent_at, message.done_at, message.code)
           IS DISTINCT FROM (fresh.state, fresh.sent_at, fresh.done_at, fresh.code)
 RETURNING message.id, message.watched AND fresh.state <> fresh.old AND fresh.state = ANY(%s)
"""


class HospitalMessagePart(models.Model):
    """What the links say becomes of parts, persisted together."""

    _inherit = "hospital.message.part"

    @api.model
    def _settle(self, outcomes):
        """Persist outcomes of parts that are under way, and what messages become by them; set-based.

        outcomes: (outcome, reference under which its part was taken)

        Returns whether something has gone back to the queue. An answer that comes after its part was given up as
        *unknown* still counts; any other outcome only of a part that is *sending*. Whoever is not sure whether an
        earlier call was committed may call again: a part that has been taken once more since is left alone.
        """
        outcomes = self._still_under(outcomes)
        of = {cls: [one for one in outcomes if isinstance(one, cls)] for cls in (Accepted, Rejected, Unknown, Unsent)}
        now = fields.Datetime.now()
        back = self._put_back([(one.part_id, now, 0, 0) for one in of[Unsent]])
        again_by, failed, moving = self._refused(of[Rejected])
        touched = self._set(
            "state = 'sent', provider_id = new.value, sent_at = statement_timestamp() AT TIME ZONE 'UTC', code = NULL",
            [(one.part_id, one.provider_id) for one in of[Accepted]],
            "('sending', 'unknown')",
        )
        touched |= self._set("state = 'unknown'", [(one.part_id, None) for one in of[Unknown]])
        touched |= self._set(
            "state = 'failed', code = new.value, done_at = statement_timestamp() AT TIME ZONE 'UTC'", failed
        )
        back |= self._put_back(again_by)
        self.env["hospital.message"]._move(moving)
        if parked_for := [one.part_id for one in of[Accepted] + of[Unknown]]:
            touched |= self.env["hospital.message"]._match_parked(parked_for)
        self.env["hospital.message"]._follow(touched)
        return back

    def _still_under(self, outcomes):
        """The outcomes whose part is still what was taken under that reference."""
        if not outcomes:
            return []
        self.env.cr.execute(
            """SELECT part.id, part.reference FROM unnest(%s::int[], %s::text[]) AS taken (id, reference)
                 JOIN hospital_message_part part ON part.id = taken.id AND part.reference = taken.reference""",
            arrays((outcome.part_id, reference) for outcome, reference in outcomes),
        )
        same = set(self.env.cr.fetchall())
        return [outcome for outcome, reference in outcomes if (outcome.part_id, reference) in same]

    def _set(self, assignments, rows, states="('sending')"):
        """``rows``: (part id, value); returns the ids of the messages of those that have been set."""
        if not rows:
            return set()
        self.env.cr.execute(
            f"""UPDATE hospital_message_part part SET {assignments}, attempts = part.attempts + 1
                  FROM unnest(%s::int[], %s::text[]) AS new (id, value)
                 WHERE part.id = new.id AND part.state IN {states} RETURNING part.message_id""",
            arrays(rows),
        )
        return {row[0] for row in self.env.cr.fetchall()}

    def _put_back(self, rows):
        """``rows``: (part id, due at, tries that counted, tries that did not)."""
        if not rows:
            return False
        self.env.cr.execute(
            """UPDATE hospital_message_part part
                  SET state = 'queued', due_at = new.due_at,
                      attempts = part.attempts + new.attempts, throttled = part.throttled + new.throttled
                 FROM unnest(%s::int[], %s::timestamp[], %s::int[], %s::int[]) AS new (id, due_at, attempts, throttled)
                WHERE part.id = new.id AND part.state = 'sending'""",
            arrays(rows),
        )
        return True

    def _refused(self, rejected):
        """Returns what is tried again, as rows for ``_put_back``, ``[(part id, code)]`` of what has failed, and which
        messages move, ``{message id: gateway id}``.
        """
        failed = [(one.part_id, one.code) for one in rejected if one.kind == "failed"]
        rejected = {one.part_id: one for one in rejected if one.kind != "failed"}
        if not rejected:
            return [], failed, {}
        self.env.cr.execute(
            """SELECT part.id, part.message_id, part.attempts, part.throttled,
                      gateway.id, gateway.hours, gateway.failover_id, message.number, message.purpose, message.channel,
                      EXISTS (SELECT FROM hospital_message_part sibling
                               WHERE sibling.message_id = part.message_id
                                 AND (sibling.state IN ('sent', 'delivered', 'unknown', 'silent')
                                      OR sibling.state = 'sending' AND NOT sibling.id = ANY(%s::int[]))),
                      message.channel = 'wechat' AND message.fallback IS NOT NULL
                 FROM hospital_message_part part
                 JOIN hospital_message message ON message.id = part.message_id
                 JOIN hospital_gateway gateway ON gateway.id = part.gateway_id
                WHERE part.id = ANY(%s::int[]) AND part.state = 'sending'""",
            [array(rejected)] * 2,
        )
        rows = [_Refused(*row) for row in self.env.cr.fetchall()]
        ported = self.env["hospital.gateway"]._elsewhere(
            [row for row in rows if rejected[row.part_id].kind == "elsewhere"]
        )
        company, now, back, moving = self.env["res.company"], fields.Datetime.now(), [], {}
        for row in rows:
            one = rejected[row.part_id]
            other = ported.get(row.part_id) if one.kind == "elsewhere" else row.failover_id
            # The receiver's phone puts parts together only when they come from the same number.
            verdict = again.verdict(one.kind, row.attempts, row.throttled, bool(other) and not row.torn)
            if verdict == "failed" or (verdict == "later" and row.notice):  # a quota: the text message goes today
                failed.append((row.part_id, one.code))
            elif verdict == "later":
                local = again.next_window(row.hours, company._to_hospital_clock(now))
                back.append((row.part_id, company._from_hospital_clock(local), 1, 0))
            elif verdict == "other":
                back.append((row.part_id, now, again.TRIES - row.attempts, 0))
                moving[row.message_id] = other
            else:
                counts = one.kind != "throttled"
                back.append((row.part_id, now + timedelta(seconds=verdict), int(counts), int(not counts)))
        return back, failed, moving

    @api.model
    def _give_back(self, gateway_id, references):
        """Parts that the gateway took under these references and handed to no link: they wait again."""
        self.env.cr.execute(
            """UPDATE hospital_message_part SET state = 'queued'
                WHERE gateway_id = %s AND reference = ANY(%s::text[]) AND state = 'sending'""",
            [gateway_id, array(references)],
        )


class _Refused(NamedTuple):
    """torn: other parts of its message have left by this gateway, or are leaving
    notice: another way stands by (``_notify``)
    """

    part_id: int
    message_id: int
    attempts: int
    throttled: int
    gateway_id: int
    hours: str | None
    failover_id: int | None
    number: str | None
    purpose: str
    channel: str
    torn: bool
    notice: bool


class HospitalMessage(models.Model):
    _inherit = "hospital.message"

    @api.model
    def _follow(self, ids):
        """Bring these messages to what their parts say; whoever watches one that is final now is told."""
        if not ids:
            return
        self.env.cr.execute(_FOLLOW, [array(ids), list(FINAL_STATES)])
        self._tell([message_id for message_id, settled in self.env.cr.fetchall() if settled])

    @api.model
    def _tell(self, ids):
        """Call ``_settled``. What it does is rolled back if it fails: what has become of messages is kept anyway."""
        self.invalidate_model(["state", "code", "sent_at", "done_at", "reason"], flush=False)
        if not ids:
            return
        try:
            with self.env.cr.savepoint():
                self.browse(ids)._settled()
                self.env.flush_all()
        except Exception as error:
            _logger.error("Nobody was told what became of %s messages: %s", len(ids), describe(error))
