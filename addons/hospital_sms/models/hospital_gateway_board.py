from datetime import datetime, time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import LazyTranslate

from ..protocols import codes
from .hospital_gateway import GATEWAY_STATES

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
        _lt("Reports and replies cannot come in: our own port is in use by another program."),
        _lt("Choose another port under “Reports”, and tell the operator."),
    ),
    "port_forbidden": (
        _lt("Reports and replies cannot come in: our own port may not be opened."),
        _lt("Choose a port above 1024, and tell the operator."),
    ),
    "no_address": (
        _lt("Reports and replies cannot come in: this server does not have the address that it should listen on."),
        _lt("Enter an address of this server under “Reports”, or 0.0.0.0."),
    ),
    "cannot_listen": (
        _lt("Reports and replies cannot come in: our own port cannot be opened."),
        _lt("Check address and port under “Reports”. It is tried again by itself."),
    ),
    "unwritable": (
        _lt("The login or the secret is longer than this protocol allows, or has characters that it lacks."),
        _lt("Compare both with what the operator gave you, then press “Try again”."),
    ),
    "no_secret": (
        _lt("The secret was not found on the server."),
        _lt(
            "Put it into the environment variable HOSPITAL_SECRET_%(secret)s or into a file of its name in the folder "
            "of secrets, then press “Try again”."
        ),
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
    "wechat": {
        "40013": _lt("WeChat does not know the app id."),
        "40125": _lt("WeChat refuses the secret."),
        "40164": _lt("This server's address is not on the account's list at WeChat."),
        "40243": _lt("The account's secret is frozen at WeChat."),
        "50002": _lt("The account is restricted by WeChat."),
    },
}
LOGIN_ADVICE = _lt(
    "Compare address, login and secret with what the operator gave you, then press “Try again”. It is not tried by "
    "itself: repeated wrong logins lock an account."
)


class HospitalGateway(models.Model):
    """How a gateway is doing, in words and figures."""

    _inherit = "hospital.gateway"

    board_state = fields.Selection(
        [*GATEWAY_STATES, ("idle", "No service runs")], string="Now", compute="_compute_board_state"
    )
    state_text = fields.Char(string="What Is the Matter", compute="_compute_board_state")
    state_advice = fields.Char(string="What to Do", compute="_compute_board_state")
    queued_count = fields.Integer(string="Waiting", compute="_compute_counts")
    sent_count = fields.Integer(string="Sent", compute="_compute_counts", help="Parts of today that were accepted.")
    delivered_count = fields.Integer(string="Delivered", compute="_compute_counts")
    failed_count = fields.Integer(string="Failed", compute="_compute_counts")
    unknown_count = fields.Integer(string="Unknown", compute="_compute_counts")

    @api.depends("state", "state_code", "protocol", "enabled", "secret_ref")
    @api.depends_context("lang")
    def _compute_board_state(self):
        """What the service last said counts as long as it runs."""
        runs = self.env["hospital.service"].sudo()._lives("messages")
        for gateway in self.sudo():
            gateway.board_state = "off" if not gateway.enabled else gateway.state if runs else "idle"
            gateway.state_text, gateway.state_advice = gateway._state_sentence() if gateway.enabled else ("", "")

    def _state_sentence(self):
        """What is the matter and what to do about it, in the user's language; ``("", "")`` if all is well."""
        code = self.state_code or ""
        if self.state not in ("failing", "refused") and not (self.state == "connected" and code):
            return "", ""
        if code in SENTENCES:
            sentence, advice = SENTENCES[code]
            advice = self.env._(advice).replace("%(secret)s", (self.secret_ref or "").upper())
            return self.env._(sentence), advice
        if login := LOGINS.get(codes.family(self.protocol), {}).get(code.lower()):
            sentence = self.env._(login)
        else:
            meanings = self.env["hospital.message.code"]._meanings([(self.protocol, code)])
            sentence = meanings.get((self.protocol, code)) or self.env._(
                "The operator answers with code “%(code)s”.", code=code
            )
        advice = LOGIN_ADVICE if self.state == "refused" else _lt("It is tried again by itself.")
        return sentence, self.env._(advice)

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

    @api.model
    def banners(self):
        """What pages about messages say above all else: ``[{"title", "text"}]``."""
        found = []
        if not self._is_live():
            found.append(
                {
                    "title": self.env._("Demonstration: nothing reaches a phone."),
                    "text": self.env._("All messages go to the simulator, but for those to numbers for tests."),
                }
            )
        if not self.env["hospital.service"].sudo()._lives("messages"):
            found.append(
                {
                    "title": self.env._("The service that sends messages does not run: messages wait."),
                    "text": self.env._("On the server, start “odoo hospital_service”; see the board of services."),
                }
            )
        return found

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
