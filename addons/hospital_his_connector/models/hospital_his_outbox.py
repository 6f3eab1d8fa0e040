import json

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL


class HospitalHisOutbox(models.Model):
    """One write that a HIS is owed: noted in the transaction that causes it, done by the service ``exchange``.

    Writes of one patient are done in their order. One that the HIS refuses too often is given up, so that those behind
    it go on: each names what it changes and carries a growing version, by which a late one can be told from a new one.
    """

    _name = "hospital.his.outbox"
    _inherit = ["hospital.his.message", "hospital.audited.mixin"]
    _description = "Write to the HIS"
    _order = "id desc"
    _rec_name = "key"
    _audited_fields = ("payload", "payload_text")

    source_id = fields.Many2one("hospital.his.source", required=True, ondelete="restrict", readonly=True)
    delivery_id = fields.Many2one(
        "hospital.his.delivery", required=True, ondelete="restrict", readonly=True, index=True
    )
    operation = fields.Selection(related="delivery_id.operation", string="What Is Told")
    key = fields.Char(
        string="Idempotency Key",
        required=True,
        readonly=True,
        help="The same write has the same key, however often it is sent.",
    )
    patient_id = fields.Many2one("res.partner", ondelete="restrict", readonly=True, index="btree_not_null")
    payload = fields.Json(readonly=True, export_string_translation=False)
    payload_text = fields.Text(compute="_compute_payload_text", string="Values")
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("sending", "Being written"),
            ("done", "Done"),
            ("dead", "Given up"),
            ("discarded", "Discarded"),
        ],
        required=True,
        default="waiting",
        readonly=True,
        index=True,
    )
    attempts = fields.Integer(readonly=True, aggregator="avg", help="How often the HIS has refused it.")
    next_try_at = fields.Datetime(required=True, readonly=True)
    sent_at = fields.Datetime(readonly=True)
    done_at = fields.Datetime(readonly=True)
    changed_rows = fields.Integer(
        readonly=True,
        string="Rows Changed",
        help="As the HIS reports it. 0: it was there already, or the statement finds nothing.",
    )
    code = fields.Char(string="Reason (code)", readonly=True)
    arguments = fields.Json(readonly=True, export_string_translation=False)
    reason = fields.Char(compute="_compute_reason")
    note = fields.Char(readonly=True, string="Why Discarded")
    closed_by = fields.Many2one("res.users", readonly=True)

    _key_unique = models.UniqueIndex("(source_id, key)")
    _due_index = models.Index("(source_id, next_try_at, id) WHERE state = 'waiting'")
    _order_index = models.Index("(source_id, patient_id, id) WHERE state IN ('waiting', 'sending')")
    _done_index = models.Index("(done_at) WHERE state IN ('done', 'discarded') AND payload IS NOT NULL")

    @api.depends("code", "arguments", "state", "source_id")
    @api.depends_context("lang")
    def _compute_reason(self):
        stops = {source: self.env["hospital.his.stop"]._of(source) for source in self.source_id}
        for write in self:
            stop = write.state == "waiting" and stops[write.source_id]
            if stop:
                write.reason = self._sentence("stopped", {"message": stop.reason})
            else:
                write.reason = self._sentence(write.code, write.arguments)

    @api.depends("payload")
    def _compute_payload_text(self):
        for write in self:
            write.payload_text = write.payload and json.dumps(write.payload, ensure_ascii=False, indent=2)

    def write(self, vals):
        if not self.env.su and vals:
            raise AccessError(self.env._("A write to the HIS is replayed or discarded with the buttons."))
        return super().write(vals)

    @api.model
    def _enqueue(self, source, operation, key, payload, patient=None):
        """Owe the HIS a write, in the caller's transaction; return it, or nothing if it is owed already.

        A system without a delivery for the operation is owed nothing.
        """
        delivery = self.env["hospital.his.delivery"]._for(source, operation)
        if not delivery:
            return self.browse()
        rows = self.env.execute_query(
            SQL(
                """INSERT INTO hospital_his_outbox (source_id, delivery_id, key, patient_id, payload, state, attempts,
                        next_try_at, create_uid, create_date, write_uid, write_date)
                   VALUES (%(source)s, %(delivery)s, %(key)s, %(patient)s, %(payload)s, 'waiting', 0,
                        %(now)s, %(user)s, %(now)s, %(user)s, %(now)s)
                   ON CONFLICT (source_id, key) DO NOTHING RETURNING id""",
                source=source.id,
                delivery=delivery.id,
                key=f"{operation}:{key}",
                patient=patient.id if patient else None,
                payload=json.dumps(payload, ensure_ascii=False, default=str),
                now=fields.Datetime.now(),
                user=self.env.uid,
            )
        )
        self.env["hospital.service"]._wake("exchange")
        return self.browse([row[0] for row in rows])

    def action_replay(self):
        """Write again, now and with what the delivery says now."""
        self.check_access("write")
        again = self.filtered(lambda write: write.state != "sending" and write.payload).sudo()
        again.write(
            {
                "state": "waiting",
                "attempts": 0,
                "next_try_at": fields.Datetime.now(),
                "code": False,
                "arguments": False,
                "note": False,
                "closed_by": False,
            }
        )
        self.env["hospital.service"]._wake("exchange")

    def _discard(self, note):
        self.check_access("write")
        self.filtered(lambda write: write.state in ("waiting", "dead")).sudo().write(
            {"state": "discarded", "note": note, "closed_by": self.env.uid, "done_at": fields.Datetime.now()}
        )

    def _after_writing(self):
        """Hook: of these, some are done now and some given up, in the same transaction."""
