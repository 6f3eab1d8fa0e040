from odoo import fields, models

from .hospital_message import PRIORITIES

PART_STATES = [
    ("queued", "Waiting"),
    ("sending", "Sending"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("unknown", "Unknown"),
    ("silent", "No report"),
    ("cancelled", "Cancelled"),
]


class Copied(fields.Many2one):
    """A many2one whose value the message has too: its foreign key is checked there, once for all parts."""

    def update_db_foreign_key(self, model, column):
        pass


class HospitalMessagePart(models.Model):
    """What an operator sees: one submit, one answer, one report, one bill. Written by the service, in SQL."""

    _name = "hospital.message.part"
    _description = "Part of a Message"
    _order = "message_id desc, number"
    _log_access = False

    message_id = fields.Many2one("hospital.message", required=True, ondelete="cascade", index=True, readonly=True)
    number = fields.Integer(required=True, default=1, readonly=True)
    total = fields.Integer(required=True, default=1, readonly=True)
    gateway_id = Copied("hospital.gateway", ondelete="restrict", readonly=True)
    batch_id = Copied("hospital.message.batch", ondelete="restrict", readonly=True)
    priority = fields.Selection(PRIORITIES, required=True, default="2", readonly=True)
    due_at = fields.Datetime(required=True, readonly=True)
    state = fields.Selection(PART_STATES, required=True, default="queued", readonly=True)
    reference = fields.Char(readonly=True, help="Hex; ours, written before the bytes leave.")
    provider_id = fields.Char(readonly=True, help="The operator's, which its report names.")
    attempts = fields.Integer(default=0, readonly=True)
    throttled = fields.Integer(default=0, readonly=True)
    sending_at = fields.Datetime(readonly=True)
    sent_at = fields.Datetime(readonly=True)
    done_at = fields.Datetime(readonly=True)
    code = fields.Char(string="Operator's Code", readonly=True)

    # Lanes: what waits for one gateway, by priority and batch.
    _queue_index = models.Index("(gateway_id, priority, (COALESCE(batch_id, 0)), due_at, id) WHERE state = 'queued'")
    # What is under way or may have left.
    _open_index = models.Index("(gateway_id, sending_at) WHERE state IN ('sending', 'unknown')")
    _reference_index = models.Index("(reference, gateway_id) WHERE state IN ('sending', 'unknown')")
    _provider_index = models.Index("(provider_id) WHERE provider_id IS NOT NULL")
    # For counts of a day among years of parts, which stand nearly in this order.
    _day_index = models.Index("USING brin (sending_at)")
    _waiting_index = models.Index("(sent_at) WHERE state = 'sent'")
