from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..exchange.problems import Rejected
from ..writing import statement
from ..writing.operations import OPERATIONS, names

OPERATION_LABELS = [("followed_up", "Follow-up finished"), ("take_slot", "Take a number of a clinic")]

# What an engineer starts from; the names of tables and columns are the HIS's own.
EXAMPLES = {
    "followed_up": (
        "UPDATE zy_brxx SET sfbz = :followed, sfsj = :at, sfr = :by, sfbb = :version\n"
        " WHERE lsh = :visit AND COALESCE(sfbb, 0) < :version"
    ),
    "take_slot": "UPDATE yy_hy SET zt = 'booked', djh = :patient, lsh = :key\n WHERE hyid = :slot AND zt = 'free'",
}


class HospitalHisDelivery(models.Model):
    """How one operation is written to one HIS: a statement with named parameters, without code."""

    _name = "hospital.his.delivery"
    _inherit = ["hospital.his.message"]
    _description = "Delivery"
    _order = "source_id, name"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    source_id = fields.Many2one("hospital.his.source", required=True, ondelete="restrict", index=True)
    operation = fields.Selection(OPERATION_LABELS, required=True)
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
    statement = fields.Text(help="Values are named with a colon, such as :visit; the driver binds them.")
    names = fields.Char(compute="_compute_names", string="Values")
    example = fields.Text(compute="_compute_names")
    waiting_count = fields.Integer(compute="_compute_waiting_count", string="Waiting")

    _one_active = models.UniqueIndex(
        "(source_id, operation) WHERE active", "This system already has an active delivery for this operation."
    )

    @api.depends("operation")
    def _compute_names(self):
        for delivery in self:
            known = names(delivery.operation) if delivery.operation else {}
            delivery.names = ", ".join(f":{name}" for name in known)
            delivery.example = EXAMPLES.get(delivery.operation)

    def _compute_waiting_count(self):
        counts = dict(
            self.env["hospital.his.outbox"]._read_group(
                [("delivery_id", "in", self.ids), ("state", "in", ("waiting", "sending"))], ["delivery_id"], ["__count"]
            )
        )
        for delivery in self:
            delivery.waiting_count = counts.get(delivery, 0)

    @api.constrains("statement", "operation", "way")
    def _check_statement(self):
        for delivery in self:
            try:
                statement.check(delivery.statement or "", names(delivery.operation))
            except Rejected as problem:
                raise ValidationError(self._sentence(problem.code, problem.arguments)) from None
            if delivery.way == "together" and not OPERATIONS[delivery.operation].together:
                raise ValidationError(self.env._("Nothing changes here with this operation: it goes by the queue."))

    @api.model
    def _for(self, source, operation):
        return self.sudo().search([("source_id", "=", source.id), ("operation", "=", operation)], limit=1)

    def _write_of(self, payload):
        """What the child process needs to execute one write."""
        return {
            "operation": self.operation,
            "statement": self.statement,
            "payload": payload,
            "zone": self.source_id.tz,
        }

    def action_use_example(self):
        """Put the example where the statement goes, to be changed."""
        self.check_access("write")
        for delivery in self:
            delivery.statement = delivery.example

    def action_show_outbox(self):
        """What this delivery has written and has still to write."""
        action = self.env["ir.actions.act_window"]._for_xml_id("hospital_his_connector.action_his_outbox")
        return action | {"domain": [("delivery_id", "in", self.ids)], "context": {}}
