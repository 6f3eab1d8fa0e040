from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..exchange import veil
from ..loading.quiet import QuietCursor

# Who sees a message as it came.
CONTENT = "hospital_base.group_integration"
# What a person writes directly; the rest changes by the button and by what receives messages.
WRITABLE = {"payload"}
STATES = [("received", "Received"), ("done", "Handled"), ("failed", "Failed"), ("ignored", "Not needed")]


class HospitalHisInbox(models.Model):
    """One message that came from outside: kept before anything is done with it, and known again when it is resent.

    Whoever receives calls ``_receive``, whoever handles a channel defines ``_handle_<channel>`` and ends each message
    with ``_close``. What was handled is kept with the patient's data masked; what failed stays as it came.
    """

    _name = "hospital.his.inbox"
    _inherit = ["hospital.his.message", "hospital.audited.mixin"]
    _description = "Received Message"
    _order = "id desc"
    _rec_name = "message_id"
    _log_access = False
    _audited_fields = ("payload", "response")

    source_id = fields.Many2one(
        "hospital.his.source", string="Sender", required=True, ondelete="cascade", readonly=True
    )
    channel = fields.Selection(
        [("soap", "Web service"), ("hl7", "HL7"), ("rpc", "Pushed rows")], required=True, readonly=True
    )
    operation = fields.Char(readonly=True, help="What the sender wants: the operation called, or the kind of message.")
    message_id = fields.Char(string="Message Number", required=True, readonly=True, help="By which a resend is known.")
    payload = fields.Text(
        string="Message",
        readonly=True,
        groups=CONTENT,
        help="As it came while it is to be handled; what concerns a patient is masked afterwards.",
    )
    response = fields.Text(string="Answer", readonly=True, groups=CONTENT, help="A resend gets the same once more.")
    state = fields.Selection(STATES, required=True, default="received", readonly=True)
    code = fields.Char(string="Reason (code)", readonly=True)
    arguments = fields.Json(readonly=True, export_string_translation=False)
    reason = fields.Char(compute="_compute_reason")
    attempts = fields.Integer(readonly=True, default=0, aggregator="max")
    received_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    handled_at = fields.Datetime(readonly=True)

    _message_unique = models.UniqueIndex("(source_id, channel, message_id)")
    _to_do_index = models.Index("(channel, id) WHERE state = 'received'")
    _failed_index = models.Index("(id) WHERE state = 'failed'")
    _received_index = models.Index("(received_at)")

    @api.depends("code", "arguments")
    @api.depends_context("lang")
    def _compute_reason(self):
        for message in self:
            message.reason = self._sentence(message.code, message.arguments)

    # -- receiving and handling --------------------------------------------------------------------------------

    @api.model
    def _receive(self, source, channel, operation, message_id, payload):
        """Keep a message; return its record and whether it is new. The caller commits before it says so to anybody."""
        ((message, is_new),) = self._receive_all(source, channel, [(operation, message_id, payload, None)])
        return message, is_new

    @api.model
    def _receive_all(self, source, channel, messages):
        """Keep messages ``(operation, message_id, payload, response)``; return ``(record, is_new)`` of each."""
        statement = SQL(
            """INSERT INTO hospital_his_inbox
                      (source_id, channel, operation, message_id, payload, response, state, attempts, received_at)
               SELECT %s, %s, came.operation, came.message_id, came.payload, came.response, 'received', 0, %s
                 FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
                      WITH ORDINALITY AS came (operation, message_id, payload, response, place)
                ORDER BY came.place
                   ON CONFLICT (source_id, channel, message_id) DO NOTHING
            RETURNING message_id, id""",
            source.id,
            channel,
            fields.Datetime.now(),
            *(list(column) for column in zip(*messages, strict=True)),
        )
        cr = QuietCursor(self.env.cr)
        cr.execute(statement)
        new = dict(cr.fetchall())
        rest = {message_id for _operation, message_id, _payload, _response in messages} - new.keys()
        known = self.search([("source_id", "=", source.id), ("channel", "=", channel), ("message_id", "in", rest)])
        ids = new | {message.message_id: message.id for message in known}
        # Of one that came twice in this very call, the first is the new one.
        return [
            (self.browse(ids[message_id]), new.pop(message_id, None) is not None)
            for _operation, message_id, _payload, _response in messages
        ]

    def _handle(self):
        """Do what the messages ask for, in the order in which they came."""
        for channel, messages in self.sorted("id").grouped("channel").items():
            getattr(messages, f"_handle_{channel}")()

    def _close(self, state, code=False, arguments=False, response=None):
        """An attempt at these messages ended, for all in the same way."""
        for message in self:
            values = {
                "state": state,
                "code": code,
                "arguments": arguments,
                "attempts": message.attempts + 1,
                "handled_at": fields.Datetime.now(),
            }
            if response is not None:
                values["response"] = response
            if state != "failed":
                values["payload"] = veil.message(message.payload)
            message.write(values)

    # -- by people ---------------------------------------------------------------------------------------------

    def write(self, vals):
        if not self.env.su and (vals.keys() - WRITABLE or any(message.state != "failed" for message in self)):
            raise AccessError(self.env._("Only a message that failed can be corrected; then it is replayed."))
        return super().write(vals)

    def action_replay(self):
        """Handle what failed once more, corrected or not."""
        self.check_access("write")
        messages = self.filtered(lambda message: message.state == "failed").sudo()
        messages.flush_recordset()
        messages._handle()
        passed = messages.filtered(lambda message: message.state != "failed")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if passed == messages else "warning",
                "message": self.env._(
                    "%(passed)s of %(all)s messages were handled.", passed=len(passed), all=len(messages)
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
