from datetime import datetime, time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import LazyTranslate

from ..protocols import codes

_lt = LazyTranslate(__name__)

# What the service says of a connection, and what to do about it.
SENTENCES = {
    "unreachable": (
        _lt("The operator's server cannot be reached."),
        _lt("Check address, port and the line (VPN) to the operator. It is tried again by itself."),
    ),
    "silent": (
        _lt("The operator's server does not answer."),
        _lt("If it lasts, ask the operator whether the account is served. It is tried again by itself."),
    ),
    "lost": (_lt("The connection broke."), _lt("It is opened again by itself.")),
    "closed": (
        _lt("The operator closed the connection."),
        _lt("If it goes on, ask the operator: too many connections, or another program that uses the account?"),
    ),
    "garbled": (
        _lt("What the operator's server sends is not understood."),
        _lt("Is the protocol the right one, and its version? Ask the operator."),
    ),
    "port_taken": (
        _lt("Our own port is in use by another program."),
        _lt("Choose another port under “Reports”, and tell the operator."),
    ),
    "port_forbidden": (
        _lt("Our own port may not be opened."),
        _lt("Choose a port above 1024, and tell the operator."),
    ),
    "no_address": (
        _lt("This server does not have the address that it should listen on."),
        _lt("Enter an address of this server under “Reports”, or 0.0.0.0."),
    ),
    "no_secret": (
        _lt("The secret was not found on the server."),
        _lt(
            "Put it into the environment variable HOSPITAL_SECRET_%(secret)s or into a file of its name in the folder "
            "of secrets, then press “Try again”."
        ),
    ),
    "no_service": (
        _lt("The service that sends messages does not run: messages wait."),
        _lt("On the server, start “odoo hospital_service”; see the board of services."),
    ),
}
# Answers to a login, by protocol.
LOGINS = {
    "cmpp": {
        "1": _lt("The operator does not understand our login."),
        "2": _lt("The operator does not know the SP id, or not from this address."),
        "3": _lt("The operator refuses the secret."),
        "4": _lt("The operator does not speak this version of CMPP."),
    },
    "sgip": {
        "1": _lt("The operator refuses login name or password."),
        "2": _lt("The account is logged in already."),
        "3": _lt("The account has more connections than it may have."),
        "4": _lt("The operator refuses this way of logging in."),
    },
    "smgp": {
        "2": _lt("The account has more connections than it may have."),
        "20": _lt("The operator does not admit this server's address."),
        "21": _lt("The operator refuses the secret."),
        "22": _lt("The operator does not speak this version of SMGP."),
        "76": _lt("The account has expired."),
    },
    "smpp": {
        "0x0d": _lt("The operator refuses the login."),
        "0x0e": _lt("The operator refuses the secret."),
        "0x0f": _lt("The operator does not know the system id."),
    },
}
LOGIN_ADVICE = _lt(
    "Compare address, login and secret with what the operator gave you, then press “Try again”. It is not tried by "
    "itself: repeated wrong logins lock an account."
)


class HospitalGateway(models.Model):
    """How a gateway is doing, in words and figures."""

    _inherit = "hospital.gateway"

    state_text = fields.Char(string="What Is the Matter", compute="_compute_state_text")
    state_advice = fields.Char(string="What to Do", compute="_compute_state_text")
    queued_count = fields.Integer(string="Waiting", compute="_compute_counts")
    sent_count = fields.Integer(string="Sent", compute="_compute_counts", help="Parts of today that were accepted.")
    delivered_count = fields.Integer(string="Delivered", compute="_compute_counts")
    failed_count = fields.Integer(string="Failed", compute="_compute_counts")
    unknown_count = fields.Integer(string="Unknown", compute="_compute_counts")

    @api.depends("state", "state_code", "protocol", "enabled", "secret_ref")
    @api.depends_context("lang")
    def _compute_state_text(self):
        runs = self.env["hospital.service"].sudo()._lives("messages")
        for gateway in self.sudo():
            gateway.state_text, gateway.state_advice = gateway._state_sentence(runs)

    def _state_sentence(self, runs=True):
        """What is the matter and what to do about it, in the user's language; ``("", "")`` if all is well."""
        if not self.enabled:
            return "", ""
        code = self.state_code or ""
        if not runs:
            code = "no_service"
        elif self.state not in ("failing", "refused"):
            return "", ""
        if login := LOGINS.get(codes.family(self.protocol), {}).get(code.lower()):
            return self.env._(login), self.env._(LOGIN_ADVICE)
        if code in SENTENCES:
            sentence, advice = SENTENCES[code]
            advice = self.env._(advice).replace("%(secret)s", (self.secret_ref or "").upper())
            return self.env._(sentence), advice
        meanings = self.env["hospital.message.code"]._meanings([(self.protocol, code)])
        return (
            meanings.get((self.protocol, code)) or self.env._("The operator answers with code “%(code)s”.", code=code),
            self.env._(LOGIN_ADVICE) if self.state == "refused" else self.env._("It is tried again by itself."),
        )

    def _compute_counts(self):
        """Of parts, since midnight on the hospital's clock."""
        company = self.env["res.company"]
        midnight = company._from_hospital_clock(datetime.combine(company._hospital_today(), time.min))
        self.env["hospital.message.part"].flush_model()
        self.env.cr.execute(
            """SELECT gateway_id, count(sent_at), count(*) FILTER (WHERE state = 'delivered'),
                      count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'unknown')
                 FROM hospital_message_part WHERE sending_at >= %s AND gateway_id = ANY(%s) GROUP BY gateway_id""",
            [midnight, self.ids],
        )
        today = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        self.env.cr.execute(
            """SELECT gateway_id, count(*) FROM hospital_message_part
                WHERE state = 'queued' AND gateway_id = ANY(%s) GROUP BY gateway_id""",
            [self.ids],
        )
        waiting = dict(self.env.cr.fetchall())
        for gateway in self:
            gateway.queued_count = waiting.get(gateway.id, 0)
            (gateway.sent_count, gateway.delivered_count, gateway.failed_count, gateway.unknown_count) = today.get(
                gateway.id, (0, 0, 0, 0)
            )

    def action_switch(self):
        """On or off. Off, messages wait."""
        for gateway in self:
            gateway.enabled = not gateway.enabled

    def action_try_again(self):
        """After a refused login: somebody has looked at it."""
        self.check_access("write")
        if self.filtered(lambda gateway: not gateway.enabled):
            raise UserError(self.env._("The gateway is off. Switch it on first."))
        self.write({"state": "connecting", "state_code": False})

    def action_test(self):
        """Send a message to a number of one's own."""
        self.ensure_one()
        return self.env["hospital.gateway.test"]._begin(self)
