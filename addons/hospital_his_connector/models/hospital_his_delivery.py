import json

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..exchange.problems import Rejected
from ..soap import message
from ..writing import statement
from ..writing.operations import OPERATIONS, names

OPERATION_LABELS = [
    ("followed_up", "Follow-up finished"),
    ("lock_slot", "Hold a number"),
    ("confirm_booking", "Booking succeeded"),
    ("unlock_booking", "Let go of a number"),
    ("cancel_booking", "Cancel a booking"),
    ("number_table", "Number table"),
    ("stop_clinic", "Clinic stopped"),
    ("attended", "Appointment attended"),
    ("list_bookings", "List our bookings, for the comparison of the night"),
    ("take_slot", "Take a number together with the booking here"),
]

# What an engineer starts from; the names of tables, columns and elements are the HIS's own.
STATEMENTS = {
    "followed_up": (
        "UPDATE zy_brxx SET sfbz = :followed, sfsj = :at, sfr = :by, sfbb = :version\n"
        " WHERE lsh = :visit AND COALESCE(sfbb, 0) < :version"
    ),
    "lock_slot": (
        "UPDATE yy_hy SET zt = 'locked', sdsj = :until, yylsh = :appointment\n"
        " WHERE hyid = :slot AND (zt = 'free' OR zt = 'locked' AND yylsh = :appointment)"
    ),
    "confirm_booking": (
        "UPDATE yy_hy SET zt = 'booked', djh = :patient, yysj = :at\n"
        " WHERE hyid = :slot AND yylsh = :appointment AND zt IN ('locked', 'booked')"
    ),
    "unlock_booking": (
        "UPDATE yy_hy SET zt = 'free', yylsh = NULL\n WHERE hyid = :slot AND yylsh = :appointment AND zt = 'locked'"
    ),
    "cancel_booking": "UPDATE yy_hy SET zt = 'free', yylsh = NULL, djh = NULL\n WHERE yylsh = :appointment",
    "list_bookings": "SELECT yylsh FROM yy_hy\n WHERE zt = 'booked' AND yysj >= :since",
    "take_slot": (
        "UPDATE yy_hy SET zt = 'booked', djh = :patient, yylsh = :appointment\n WHERE hyid = :slot AND zt = 'free'"
    ),
}
MESSAGES = {
    "confirm_booking": {
        "requestId": ":key",
        "slotId": ":slot",
        "appointmentId": ":appointment",
        "patient": {"patientId": ":patient", "name": ":patient_name", "phone": ":patient_phone"},
        "channel": ":channel",
        "bookedAt": ":at",
    },
    "unlock_booking": {"requestId": ":key", "slotId": ":slot", "reason": ":reason"},
    "cancel_booking": {"requestId": ":key", "appointmentId": ":appointment", "reason": ":reason", "cancelledAt": ":at"},
    "number_table": {"requestId": ":key", "sessions": {"session": ":sessions"}},
    "stop_clinic": {
        "requestId": ":key",
        "sessionId": ":session",
        "reason": ":reason",
        "substituteCode": ":substitute",
    },
    "attended": {"requestId": ":key", "appointmentId": ":appointment", "attendedAt": ":at", "visitId": ":visit"},
}


class HospitalHisDelivery(models.Model):
    """How one operation is written to one HIS: a statement or a message with named values, without code."""

    _name = "hospital.his.delivery"
    _inherit = ["hospital.his.message"]
    _description = "Delivery"
    _order = "source_id, name"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    source_id = fields.Many2one("hospital.his.source", required=True, ondelete="restrict", index=True)
    operation = fields.Selection(OPERATION_LABELS, required=True, string="What Is Told")
    way = fields.Selection(
        [
            ("queued", "Queue: written soon after, again and again until it is done"),
            ("together", "Together: both or none"),
        ],
        required=True,
        default="queued",
        help="Together needs MySQL 5.7.7, MariaDB 10.5 or PostgreSQL: the write in the HIS and the change here are "
        "committed both or not at all. Every other database is served by the queue.",
    )
    kind = fields.Selection(
        [("sql", "Statement in the database"), ("soap", "Web service (SOAP)")], required=True, default="sql"
    )
    endpoint_id = fields.Many2one("hospital.his.endpoint", ondelete="restrict", string="Web Service")
    service = fields.Char(string="Operation of the Service", help="As the service's description names it.")
    message = fields.Text(
        help="JSON with the elements that the service wants; values are named with a colon, such as “:slot”. "
        "An object where the service wants a string is sent as XML in the string."
    )
    success = fields.Char(
        string="Success If",
        default="resultCode=1",
        help="What the answer holds if the HIS has taken it; several possibilities with commas between them. "
        "Empty: every answer that is no fault.",
    )
    statement = fields.Text(help="Values are named with a colon, such as :visit; the driver binds them.")
    names = fields.Char(compute="_compute_names", string="Values")
    example = fields.Text(compute="_compute_names")
    waiting_count = fields.Integer(compute="_compute_waiting_count", string="Waiting")

    _one_active = models.UniqueIndex(
        "(source_id, operation) WHERE active", "This system already has an active delivery for this operation."
    )

    _endpoint_of_soap = models.Constraint(
        "CHECK (kind != 'soap' OR (endpoint_id IS NOT NULL AND service IS NOT NULL AND way = 'queued'))",
        "A delivery by a web service needs the service and its operation, and goes by the queue.",
    )

    @api.depends("operation", "kind")
    def _compute_names(self):
        for delivery in self:
            known = names(delivery.operation) if delivery.operation else {}
            delivery.names = ", ".join(f":{name}" for name in known)
            if delivery.kind == "soap":
                example = MESSAGES.get(delivery.operation)
                delivery.example = example and json.dumps(example, ensure_ascii=False, indent=2)
            else:
                delivery.example = STATEMENTS.get(delivery.operation)

    def _compute_waiting_count(self):
        counts = dict(
            self.env["hospital.his.outbox"]._read_group(
                [("delivery_id", "in", self.ids), ("state", "in", ("waiting", "sending"))], ["delivery_id"], ["__count"]
            )
        )
        for delivery in self:
            delivery.waiting_count = counts.get(delivery, 0)

    @api.constrains("kind", "statement", "message", "operation", "way")
    def _check_write(self):
        for delivery in self:
            check, text = statement.check, delivery.statement
            if delivery.kind == "soap":
                check, text = message.check, delivery.message
            try:
                check(text or "", names(delivery.operation))
            except Rejected as problem:
                raise ValidationError(self._sentence(problem.code, problem.arguments)) from None
            if delivery.way == "together" and not OPERATIONS[delivery.operation].together:
                raise ValidationError(self.env._("Nothing changes here with this operation: it goes by the queue."))

    def write(self, vals):
        """What waits was meant for this system and this operation: it must not be told as something else."""
        if self.filtered(
            lambda delivery: (
                vals.get("operation", delivery.operation) != delivery.operation
                or vals.get("source_id", delivery.source_id.id) != delivery.source_id.id
            )
        )._used():
            raise UserError(
                self.env._("Writes of this delivery exist already. Archive it, and make a new one for something else.")
            )
        return super().write(vals)

    def _used(self):
        mine = [("delivery_id", "in", self.ids)]
        return any(
            self.env[model].sudo().search_count(mine, limit=1)
            for model in ("hospital.his.outbox", "hospital.his.transaction")
        )

    @api.model
    def _for(self, source, operation):
        return self.sudo().search([("source_id", "=", source.id), ("operation", "=", operation)], limit=1)

    def _write_of(self, payload):
        """What the child process needs to execute one write."""
        told = {"operation": self.operation, "payload": payload, "zone": self.source_id.tz}
        if self.kind == "soap":
            return told | {
                "service": self.service,
                "message": message.parse(self.message),
                "success": self.success or "",
            }
        return told | {"statement": self.statement}

    def action_use_example(self):
        """Put the example where the statement goes, to be changed."""
        self.check_access("write")
        for delivery in self:
            delivery["message" if delivery.kind == "soap" else "statement"] = delivery.example

    def action_show_outbox(self):
        """What this delivery has written and has still to write."""
        action = self.env["ir.actions.act_window"]._for_xml_id("hospital_his_connector.action_his_outbox")
        return action | {"domain": [("delivery_id", "in", self.ids)], "context": {}}
