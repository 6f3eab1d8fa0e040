from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..hl7 import server

SERVICE = "hl7"
# What the service itself writes.
NOTED = {"listening", "code", "arguments"}


class HospitalHisListener(models.Model):
    """Where HL7 messages of a source are taken. The service ``hl7`` listens; it looks here for what has changed."""

    _name = "hospital.his.listener"
    _inherit = ["hospital.his.message"]
    _description = "HL7 Listener"
    _order = "source_id, port"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    source_id = fields.Many2one(
        "hospital.his.source",
        string="Sender",
        required=True,
        ondelete="cascade",
        index=True,
        help="Its HL7 feeds take the messages.",
    )
    host = fields.Char(
        string="Own Address",
        required=True,
        default="127.0.0.1",
        help="The address of this server that is listened on. 127.0.0.1: only this server itself; 0.0.0.0: all.",
    )
    port = fields.Integer(required=True, default=2575)
    peers = fields.Char(
        string="Who May Send",
        required=True,
        default="127.0.0.1",
        help="Addresses or networks, separated by commas: 10.1.2.3, 10.8.0.0/16. All others are turned away.",
    )
    charset = fields.Selection(
        [("utf-8", "UTF-8"), ("gb18030", "GBK / GB 18030")],
        string="Characters",
        required=True,
        default="utf-8",
        help="Of messages that do not say it themselves (MSH-18).",
    )
    code = fields.Char(readonly=True, copy=False, export_string_translation=False)
    arguments = fields.Json(readonly=True, copy=False, export_string_translation=False)
    listening = fields.Boolean(readonly=True, copy=False)
    state = fields.Selection(
        [("idle", "Not listening"), ("listening", "Listening"), ("failed", "Cannot listen")], compute="_compute_state"
    )
    problem = fields.Char(compute="_compute_problem")

    _port_unique = models.UniqueIndex("(port, host) WHERE active", "Another listener already has this port.")
    _port_range = models.Constraint("CHECK (port BETWEEN 1 AND 65535)", "A port is a number from 1 to 65535.")

    @api.depends("listening", "code", "active")
    def _compute_state(self):
        serving = self._serving()
        for listener in self:
            if not serving or not listener.active:
                listener.state = "idle"
            elif listener.code:
                listener.state = "failed"
            else:
                listener.state = "listening" if listener.listening else "idle"

    @api.depends("code", "arguments", "active")
    @api.depends_context("lang")
    def _compute_problem(self):
        serving = self._serving()
        for listener in self:
            code = listener.code if serving else "hl7_no_service"
            listener.problem = listener.active and self._sentence(code, listener.arguments)

    @api.model
    def _serving(self):
        services = self.env["hospital.service"].sudo().search([("name", "=", SERVICE), ("leader", "=", True)])
        return services.filtered(lambda service: service.state == "running" and not service.stale)

    @api.constrains("peers")
    def _check_peers(self):
        for listener in self:
            try:
                known = server.networks(listener.peers)
            except ValueError as error:
                raise ValidationError(self.env._("“Who may send” is not understood: %s", error)) from None
            if not known:
                raise ValidationError(self.env._("Name at least one address that may send."))

    def _settings(self):
        """All that the service has to know of the active listeners, by id."""
        listeners = self.search([("active", "=", True)])
        return {
            listener.id: (listener.host, listener.port, listener.peers, listener.charset, listener.source_id.id)
            for listener in listeners
        }

    def _note(self, listening, code=False, arguments=False):
        """What became of the attempt to listen."""
        for listener in self.exists():
            if (listener.listening, listener.code) != (listening, code):
                listener.write({"listening": listening, "code": code, "arguments": arguments})

    def action_add_feeds(self):
        """Give the sender the usual HL7 feeds and show all that it has."""
        self.ensure_one()
        self.check_access("write")
        self.env["hospital.his.feed"]._add_hl7_feeds(self.source_id)
        action = self.env["ir.actions.act_window"]._for_xml_id("hospital_his_connector.action_his_feed")
        return action | {"domain": [("source_id", "=", self.source_id.id), ("way", "=", "hl7")]}

    # -- what the service has to hear of ------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        self.env["hospital.service"]._wake(SERVICE)
        return super().create(vals_list)

    def write(self, vals):
        if vals.keys() - NOTED:
            self.env["hospital.service"]._wake(SERVICE)
        return super().write(vals)

    def unlink(self):
        self.env["hospital.service"]._wake(SERVICE)
        return super().unlink()
