from datetime import timedelta

from odoo import api, fields, models

from ..soap.security import WINDOW

# Logs of access are kept half a year by law (GB/T 22239).
KEEP = timedelta(days=183)


class HospitalHisClientRefusal(models.Model):
    """Requests that were turned away: one line per client, address, reason and hour, however many they were."""

    _name = "hospital.his.client.refusal"
    _inherit = ["hospital.his.message"]
    _description = "Request Turned Away"
    _order = "last_at desc, id desc"
    _rec_name = "code"
    _log_access = False

    client_id = fields.Many2one("hospital.his.client", ondelete="cascade", readonly=True)
    address = fields.Char(required=True, readonly=True)
    operation = fields.Char(readonly=True)
    code = fields.Char(string="Reason (code)", required=True, readonly=True)
    arguments = fields.Json(readonly=True, export_string_translation=False)
    reason = fields.Char(compute="_compute_reason")
    hour = fields.Datetime(required=True, readonly=True)
    last_at = fields.Datetime(string="Last Time", required=True, readonly=True)
    count = fields.Integer(string="Requests", required=True, readonly=True)

    _unique = models.UniqueIndex("(hour, COALESCE(client_id, 0), address, code)")
    _client_index = models.Index("(client_id, last_at DESC)")
    _last_index = models.Index("(last_at DESC, id DESC)")

    @api.depends("code", "arguments")
    @api.depends_context("lang")
    def _compute_reason(self):
        for refusal in self:
            refusal.reason = self._sentence(refusal.code, refusal.arguments)

    @api.model
    def _note(self, client, address, operation, code, arguments):
        now = fields.Datetime.now()
        self.env.cr.execute(
            """
            INSERT INTO hospital_his_client_refusal AS old
                   (client_id, address, operation, code, arguments, hour, last_at, count)
            VALUES (%s, %s, %s, %s, %s, %s, %s, 1)
            ON CONFLICT (hour, COALESCE(client_id, 0), address, code) DO UPDATE
               SET count = old.count + 1, last_at = excluded.last_at, operation = excluded.operation,
                   arguments = excluded.arguments
            """,
            [
                client.id or None,
                address[:64],
                operation or None,
                code,
                self._fields["arguments"].convert_to_column(arguments, self),
                now.replace(minute=0, second=0),
                now,
            ],
        )

    @api.autovacuum
    def _gc(self):
        self.search([("last_at", "<", fields.Datetime.now() - KEEP)], limit=10_000).unlink()


class HospitalHisClientTraffic(models.Model):
    """How many requests a client made in each minute: the limit is measured by it, and the load is seen."""

    _name = "hospital.his.client.traffic"
    _description = "Requests per Minute"
    _order = "minute desc"
    _rec_name = "minute"
    _log_access = False

    client_id = fields.Many2one("hospital.his.client", required=True, ondelete="cascade", readonly=True)
    minute = fields.Datetime(required=True, readonly=True)
    count = fields.Integer(string="Requests", required=True, readonly=True)

    _unique = models.UniqueIndex("(minute, client_id)")

    @api.model
    def _count(self, client):
        """One more request; return how many they are in this minute."""
        self.env.cr.execute(
            """
            INSERT INTO hospital_his_client_traffic AS old (client_id, minute, count) VALUES (%s, %s, 1)
            ON CONFLICT (minute, client_id) DO UPDATE SET count = old.count + 1
            RETURNING count
            """,
            [client.id, fields.Datetime.now().replace(second=0)],
        )
        return self.env.cr.fetchone()[0]

    @api.autovacuum
    def _gc(self):
        self.search([("minute", "<", fields.Datetime.now() - KEEP)], limit=100_000).unlink()


class HospitalHisClientNonce(models.Model):
    """Nonces that were used: each opens once."""

    _name = "hospital.his.client.nonce"
    _description = "Used Nonce"
    _rec_name = "nonce"
    _log_access = False

    client_id = fields.Many2one("hospital.his.client", required=True, ondelete="cascade", readonly=True)
    nonce = fields.Char(required=True, readonly=True)
    used_at = fields.Datetime(required=True, readonly=True)

    _unique = models.UniqueIndex("(client_id, nonce)")
    _used_index = models.Index("(used_at)")

    @api.model
    def _spend(self, client, nonce):
        """Whether it was unused."""
        self.env.cr.execute(
            """
            INSERT INTO hospital_his_client_nonce (client_id, nonce, used_at) VALUES (%s, %s, %s)
            ON CONFLICT (client_id, nonce) DO NOTHING
            """,
            [client.id, nonce, fields.Datetime.now()],
        )
        return bool(self.env.cr.rowcount)

    @api.autovacuum
    def _gc(self):
        # A token is good for one window before and one after its time.
        self.search([("used_at", "<", fields.Datetime.now() - 3 * WINDOW)], limit=100_000).unlink()
