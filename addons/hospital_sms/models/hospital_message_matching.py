import logging

from odoo import api, models

from odoo.addons.hospital_base.identity import mask
from odoo.addons.hospital_base.service.post import describe

from ..messaging.arrays import array, arrays
from ..protocols.contract import Report

_logger = logging.getLogger(__name__)

# Reports name their part for so long: operators use their ids again.
KNOWN = "7 days"
# A part that nobody knows of any more is looked for by its number for so long.
SOUGHT = "72 hours"

_REPORTS = """
    WITH report AS (
        SELECT * FROM unnest(%(places)s::int[], %(ids)s::text[], %(numbers)s::text[], %(references)s::text[])
               AS report (place, provider_id, number, reference))
"""

# By the operator's id. Where several parts have one, the number decides.
_BY_ID = """
    SELECT report.place, part.id
      FROM report, LATERAL (
        SELECT one.id, count(*) OVER () AS candidates, right(report.number, 11) = right(message.number, 11) AS same
          FROM hospital_message_part one
          JOIN hospital_message message ON message.id = one.message_id
         WHERE one.provider_id = report.provider_id AND one.gateway_id = %(gateway)s
           AND one.sending_at > statement_timestamp() AT TIME ZONE 'UTC' - %(known)s::interval
         ORDER BY same DESC NULLS LAST, one.id DESC LIMIT 1) AS part
     WHERE part.candidates = 1 OR part.same
"""

# By ours, where the part's answer was never heard and the peer repeats it.
_BY_REFERENCE = """
    SELECT report.place, part.id
      FROM report
      JOIN hospital_message_part part ON part.reference = report.reference AND part.gateway_id = %(gateway)s
     WHERE part.state = 'unknown' AND part.provider_id IS NULL
"""

# By the receiver, among parts whose answer was never heard: only when they belong to one message, and when none to this
# number is under way, whose report it could be.
_BY_NUMBER = """
    , open AS (
        SELECT part.id, part.message_id, part.number AS place, part.state, right(message.number, 11) AS number
          FROM hospital_message_part part
          JOIN hospital_message message ON message.id = part.message_id
         WHERE part.gateway_id = %(gateway)s AND part.state IN ('sending', 'unknown')
           AND part.sending_at > statement_timestamp() AT TIME ZONE 'UTC' - %(sought)s::interval
    ), sure AS (
        SELECT number FROM open GROUP BY number HAVING min(message_id) = max(message_id) AND bool_and(state = 'unknown')
    ), part AS (
        SELECT id, number, row_number() OVER (PARTITION BY number ORDER BY place) AS rank
          FROM open JOIN sure USING (number)
    ), named AS (
        SELECT place, right(number, 11) AS number,
               row_number() OVER (PARTITION BY right(number, 11) ORDER BY place) AS rank
          FROM report WHERE number <> ''
    )
    SELECT named.place, part.id FROM named JOIN part USING (number, rank)
"""


class HospitalMessage(models.Model):
    """What comes in: reports find their part, replies are kept."""

    _inherit = "hospital.message"

    @api.model
    def _keep(self, gateway_id, arrived):
        """Keep reports and replies (``protocols.contract``) that came in by a gateway, whoever received them.

        A report may come at any time and any number of times: before the answer to its submit it is parked
        (``hospital.message.report``) and matched when the answer is persisted; days late it corrects *unknown* and
        *silent*; a *delivered* stays delivered. One whose part's answer was never heard is matched by our reference
        where the peer repeats it, else by the receiver's number where that is certain. Replies go to
        ``hospital.message.inbound``, long ones when all their parts are there, then to its hook ``_handle``.

        All of it belongs to the caller's transaction: acknowledge after its commit.
        """
        reports = [one for one in arrived if isinstance(one, Report) and one.state != "pending"]
        replies = [one for one in arrived if not isinstance(one, Report)]
        if reports:
            touched, unmatched = self._match(gateway_id, reports)
            self._park(gateway_id, unmatched)
            self._follow(touched)
        if replies:
            self.env["hospital.message.inbound"]._receive(gateway_id, replies)

    @api.model
    def _match(self, gateway_id, reports):
        """Bring the reports to their parts; returns ``(ids of messages touched, reports without a part)``."""
        ways = [_BY_ID, _BY_REFERENCE]
        # SGIP's reports name our own number: what is not found by that is not ours.
        if self.env["hospital.gateway"].browse(gateway_id).protocol != "sgip":
            ways.append(_BY_NUMBER)
        found = {}
        for way in ways:
            if rest := [place for place in range(len(reports)) if place not in found]:
                seen = self._look_up(way, gateway_id, [reports[place] for place in rest])
                found |= {rest[place]: part_id for place, part_id in seen.items()}
        # The first of several counts, but a delivery is a delivery.
        chosen = {}
        for place in sorted(found, key=lambda place: (reports[place].state != "delivered", place)):
            chosen.setdefault(found[place], reports[place])
        touched = self._set_reported(chosen)
        return touched, [report for place, report in enumerate(reports) if place not in found]

    @api.model
    def _look_up(self, query, gateway_id, reports):
        """``{place of a report: part id}``"""
        self.env.cr.execute(
            _REPORTS + query,
            {
                "gateway": gateway_id,
                "known": KNOWN,
                "sought": SOUGHT,
                "places": array(range(len(reports))),
                "ids": array(one.provider_id for one in reports),
                "numbers": array(one.number or "" for one in reports),
                "references": array(one.reference or one.provider_id for one in reports),
            },
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _set_reported(self, chosen):
        """``{part id: report}``"""
        if not chosen:
            return set()
        self.env.cr.execute(
            """UPDATE hospital_message_part part
                  SET state = report.state, code = report.code, provider_id = report.provider_id,
                      done_at = COALESCE(report.done_at, statement_timestamp() AT TIME ZONE 'UTC'),
                      sent_at = COALESCE(part.sent_at, part.sending_at)
                 FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::timestamp[])
                      AS report (id, provider_id, state, code, done_at)
                WHERE part.id = report.id
                  AND (part.state IN ('sent', 'unknown', 'silent')
                       OR part.state = 'failed' AND report.state = 'delivered')
            RETURNING part.message_id""",
            arrays((part_id, one.provider_id, one.state, one.code, one.done_at) for part_id, one in chosen.items()),
        )
        return {row[0] for row in self.env.cr.fetchall()}

    # -- parked reports ------------------------------------------------------------------------------------------

    @api.model
    def _park(self, gateway_id, reports):
        if not reports:
            return
        self.env.cr.execute(
            """INSERT INTO hospital_message_report (gateway_id, provider_id, number, state, code, done_at, at)
               SELECT %s, report.*, statement_timestamp() AT TIME ZONE 'UTC'
                 FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamp[]) AS report
                   ON CONFLICT DO NOTHING""",
            [
                gateway_id,
                *arrays((one.provider_id, one.number or None, one.state, one.code, one.done_at) for one in reports),
            ],
        )

    @api.model
    def _match_parked(self, part_ids):
        """Reports that came before the answers of these parts; returns the ids of messages touched."""
        self.env.cr.execute(
            """SELECT DISTINCT report.id, report.gateway_id, report.provider_id, report.state, report.code,
                      report.number, report.done_at
                 FROM hospital_message_part part
                 JOIN hospital_message_report report
                   ON report.gateway_id = part.gateway_id
                  AND report.provider_id IN (part.provider_id, part.reference)
                WHERE part.id = ANY(%s::int[])""",
            [array(part_ids)],
        )
        return self._match_again(self.env.cr.fetchall())

    @api.model
    def _match_lately_parked(self, seconds):
        """Reports parked since then: what another process persisted at the same moment did not see them."""
        self.env.cr.execute(
            """SELECT id, gateway_id, provider_id, state, code, number, done_at
                 FROM hospital_message_report
                WHERE at > statement_timestamp() AT TIME ZONE 'UTC' - %s * interval '1 second'
                ORDER BY id LIMIT 10000""",
            [seconds],
        )
        self._follow(self._match_again(self.env.cr.fetchall()))

    @api.model
    def _match_again(self, rows):
        touched, gone = set(), []
        for gateway_id in {row[1] for row in rows}:
            own = [row for row in rows if row[1] == gateway_id]
            reports = {row[0]: Report(row[2], row[3], row[4], row[5] or "", row[6]) for row in own}
            found, unmatched = self._match(gateway_id, list(reports.values()))
            touched |= found
            unmatched = set(map(id, unmatched))
            gone += [report_id for report_id, report in reports.items() if id(report) not in unmatched]
        if gone:
            self.env.cr.execute("DELETE FROM hospital_message_report WHERE id = ANY(%s)", [gone])
        return touched


class HospitalMessageInbound(models.Model):
    _inherit = "hospital.message.inbound"

    @api.model
    def _receive(self, gateway_id, replies):
        """Keep replies, each once; have those handled that are complete."""
        whole = [one for one in replies if one.total == 1]
        pieces = [one for one in replies if one.total > 1]
        if pieces:
            whole += self.env["hospital.message.piece"]._collect(gateway_id, pieces)
        self.env.cr.execute(
            """INSERT INTO hospital_message_inbound (channel, gateway_id, key, number, number_masked, openid,
                      destination, text, at, kind, create_uid, write_uid, create_date, write_date)
               SELECT CASE gateway.protocol WHEN 'wechat' THEN 'wechat' ELSE 'sms' END, gateway.id, reply.key,
                      reply.number, reply.masked, reply.openid, reply.destination, reply.text,
                      COALESCE(reply.at, now.moment), 'new', %s, %s, now.moment, now.moment
                 FROM hospital_gateway gateway, (SELECT statement_timestamp() AT TIME ZONE 'UTC') AS now (moment),
                      unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamp[])
                      AS reply (key, number, masked, openid, destination, text, at)
                WHERE gateway.id = %s
                   ON CONFLICT (gateway_id, key) DO NOTHING
            RETURNING id""",
            [
                self.env.uid,
                self.env.uid,
                [one.key for one in whole],
                [one.number or None for one in whole],
                [mask.phone(one.number) or None for one in whole],
                [one.openid or None for one in whole],
                [one.destination for one in whole],
                [one.text for one in whole],
                [one.at for one in whole],
                gateway_id,
            ],
        )
        self._have_handled([row[0] for row in self.env.cr.fetchall()])

    @api.model
    def _have_handled(self, ids):
        """A text that cannot be handled is kept all the same: as *new*."""
        if not ids:
            return
        try:
            with self.env.cr.savepoint():
                self._handle(ids)
                self.env.flush_all()
        except Exception as error:
            _logger.error("%s texts are kept, but could not be handled: %s", len(ids), describe(error))
