from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.hospital_base.service.backoff import delay

from ..exchange.limits import Limits
from ..exchange.problems import ReadingFailed

# Writes of one go: what is repeated at most when the process dies before it has noted what is done.
LOT = 100
# Refusals of one write before it is given up, some two and a half hours after the first.
ATTEMPTS = 10
FIRST, LONGEST = 30, 3600  # seconds
ANSWER = 20  # seconds that the HIS has for one write

# Waiting, and none of the same patient before it.
FIRST_OF_PATIENT = SQL(
    """write.state = 'waiting' AND NOT EXISTS (
       SELECT FROM hospital_his_outbox before
        WHERE before.source_id = write.source_id AND before.patient_id = write.patient_id
          AND before.state IN ('waiting', 'sending') AND before.id < write.id)"""
)


class Lot(NamedTuple):
    """Writes taken together: what the child process is told, or why it cannot be."""

    ids: list[int]
    job: dict
    limits: Limits
    failure: ReadingFailed | None


class HospitalHisOutbox(models.Model):
    """What the service does: take what is due, have it written, note what became of it."""

    _inherit = "hospital.his.outbox"

    @api.model
    def _take_back(self):
        """Whoever was writing is gone. What had been written is written once more, which its key makes harmless."""
        self.env.cr.execute("UPDATE hospital_his_outbox SET state = 'waiting' WHERE state = 'sending'")

    @api.model
    def _look(self):
        """(system, web service or 0, seconds until something is due there) wherever may be written to."""
        return self.env.execute_query(
            SQL(
                """SELECT write.source_id, COALESCE(delivery.endpoint_id, 0),
                          extract(epoch FROM min(write.next_try_at) - %s)::float
                     FROM hospital_his_outbox write
                     JOIN hospital_his_delivery delivery ON delivery.id = write.delivery_id
                     JOIN hospital_his_source source ON source.id = write.source_id AND source.active
                    WHERE %s AND NOT EXISTS (
                          SELECT FROM hospital_his_stop stop
                           WHERE stop.lifted_at IS NULL AND COALESCE(stop.source_id, source.id) = source.id)
                    GROUP BY 1, 2""",
                fields.Datetime.now(),
                FIRST_OF_PATIENT,
            )
        )

    @api.model
    def _take(self, source_id, endpoint_id):
        """Due writes of one system by one way, of each patient the first; nothing where writing is stopped."""
        source = self.env["hospital.his.source"].browse(source_id)
        if not source.active or self.env["hospital.his.stop"]._of(source):
            return None
        rows = self.env.execute_query(
            SQL(
                """UPDATE hospital_his_outbox SET state = 'sending', sent_at = %(now)s
                    WHERE id = ANY(ARRAY(
                          SELECT write.id FROM hospital_his_outbox write
                            JOIN hospital_his_delivery delivery ON delivery.id = write.delivery_id
                           WHERE write.source_id = %(source)s AND COALESCE(delivery.endpoint_id, 0) = %(endpoint)s
                             AND write.next_try_at <= %(now)s AND %(first)s
                           ORDER BY write.next_try_at, write.id LIMIT %(lot)s FOR UPDATE OF write SKIP LOCKED))
                RETURNING id, delivery_id, key, payload""",
                now=fields.Datetime.now(),
                source=source_id,
                endpoint=endpoint_id,
                first=FIRST_OF_PATIENT,
                lot=LOT,
            )
        )
        if not rows:
            return None
        endpoint = self.env["hospital.his.endpoint"].browse(endpoint_id)
        job, failure = {"work": "call" if endpoint else "deliver", "writes": self._writes(sorted(rows))}, None
        try:
            if endpoint:
                job |= {"source": {"driver": "soap"}, "endpoint": endpoint._told()}
            else:
                job["source"] = source._connection()
        except ReadingFailed as problem:
            failure = problem
        limits = Limits(source.connect_timeout, ANSWER, source.total_timeout)
        return Lot([row[0] for row in rows], job, limits, failure)

    @api.model
    def _writes(self, rows):
        deliveries = self.env["hospital.his.delivery"].browse({row[1] for row in rows})
        told = {delivery.id: delivery._write_of({}) for delivery in deliveries}
        return [
            told[delivery_id] | {"id": write_id, "payload": payload | {"key": key, "version": write_id}}
            for write_id, delivery_id, key, payload in rows
        ]

    @api.model
    def _settle(self, lot, results, failure):
        """Note what became of a lot. A HIS that did not answer is waited for as long as it takes."""
        now = fields.Datetime.now()
        done = [(result["id"], result["rows"]) for result in results if "rows" in result]
        self.env.cr.execute(
            SQL(
                """UPDATE hospital_his_outbox write
                      SET state = 'done', done_at = %(now)s, changed_rows = result.rows, code = NULL, arguments = NULL
                     FROM unnest(%(ids)s::int[], %(rows)s::int[]) AS result (id, rows)
                    WHERE write.id = result.id AND write.state = 'sending'""",
                now=now,
                ids=[write_id for write_id, _rows in done],
                rows=[max(rows, 0) for _write_id, rows in done],
            )
        )
        self.invalidate_model()
        refused = {result["id"]: result for result in results if "code" in result}
        rest = self.browse(lot.ids).filtered(lambda write: write.state == "sending")
        for write in rest.filtered(lambda write: write.id in refused):
            attempts = write.attempts + 1
            write.write(
                {
                    "attempts": attempts,
                    "state": "dead" if attempts >= ATTEMPTS or refused[write.id].get("final") else "waiting",
                    "next_try_at": now + timedelta(seconds=delay(attempts, FIRST, LONGEST)),
                    "code": refused[write.id]["code"],
                    "arguments": refused[write.id]["arguments"],
                }
            )
        if unanswered := rest.filtered(lambda write: write.id not in refused).sorted("id"):
            unanswered.write({"state": "waiting", "code": failure.code, "arguments": failure.arguments})
            # The one that was under way may be the cause: the others go before it next time.
            unanswered[0].next_try_at = now + timedelta(seconds=FIRST)
        self.browse(lot.ids)._after_writing()
