from odoo import api, fields, models

# Parts of one batch that wait in the queue at the same time: enough for any gateway's second, few enough to be taken
# back in one statement when somebody cancels.
AHEAD = 2000
# Reports change the figures of a batch that is out for as long (days).
SETTLING = 4


class HospitalMessageBatch(models.Model):
    """Letting go what has been checked: a thousand at a time, as fast as the gateways take them, in allowed hours."""

    _inherit = "hospital.message.batch"

    @api.model
    def _to_release(self):
        """Begin what is due. Returns ``(ids that are being sent, seconds until the next planned one)``."""
        now = fields.Datetime.now()
        self.search([("state", "=", "scheduled"), ("plan_at", "<=", now)]).write({"state": "sending"})
        sending = self.search([("state", "=", "sending")], order="priority, id")
        planned = self.search([("state", "=", "scheduled")], order="plan_at", limit=1)
        return sending.ids, (planned.plan_at - now).total_seconds() if planned else float("inf")

    def _release(self):
        """One step: up to a thousand messages; returns how many went."""
        now = fields.Datetime.now()
        if self.state != "sending" or self._quiet_until(now) > now:
            return 0
        self.env.cr.execute(
            """SELECT count(*) FROM (SELECT FROM hospital_message_part
                                      WHERE batch_id = %s AND state = 'queued' LIMIT %s) AS waiting""",
            [self.id, AHEAD],
        )
        (waiting,) = self.env.cr.fetchone()
        if waiting >= AHEAD:
            return 0
        # Whoever pauses it at this moment comes before or after, and never misses what is let go here.
        self.env.cr.execute("SELECT FROM hospital_message_batch WHERE id = %s FOR NO KEY UPDATE", [self.id])
        self.started_at = self.started_at or now
        released = self.env["hospital.message"]._release(self)
        if not released and not waiting and not self._counts().keys() & {"draft", "queued"}:
            self.write({"state": "done", "done_at": now})
            self._refresh_counts()
        return released

    def _counts(self):
        """Messages by state: one query, answered by the index on batch and state."""
        self.env.cr.execute(
            "SELECT state, count(*) FROM hospital_message WHERE batch_id = %s GROUP BY state", [self.id]
        )
        return dict(self.env.cr.fetchall())

    def _refresh_counts(self):
        """Bring the figures of the list into line with the messages."""
        for batch in self.sudo():
            counts = batch._counts()
            out = sum(counts.get(state, 0) for state in ("sent", "delivered", "partial", "failed", "unknown", "silent"))
            everything = out + sum(counts.get(state, 0) for state in ("draft", "queued", "cancelled"))
            figures = {
                "out_count": out,
                "delivered_count": counts.get("delivered", 0),
                "failed_count": counts.get("failed", 0) + counts.get("partial", 0),
                "progress": 100 * out // everything if everything else 0,
            }
            if any(batch[name] != value for name, value in figures.items()):
                batch.write(figures)

    @api.model
    def _count_moving(self, everything):
        """The same for what is being sent, or for all about which reports still come in; returns whether any moves."""
        moving = self.search([("state", "=", "sending")])
        lately = fields.Datetime.subtract(fields.Datetime.now(), days=SETTLING)
        settling = self.search([("state", "in", ("paused", "done", "cancelled")), ("started_at", ">", lately)])
        (moving | settling if everything else moving)._refresh_counts()
        return bool(moving)
