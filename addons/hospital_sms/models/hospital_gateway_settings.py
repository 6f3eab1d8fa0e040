from ipaddress import ip_network

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .hospital_gateway import ACCOUNT

ALPHABETS = [("ucs2", "UCS-2"), ("gbk", "GBK"), ("ascii", "ASCII")]


class HospitalGateway(models.Model):
    """What only some protocols ask for. Fields are named as the links name their options."""

    _inherit = "hospital.gateway"

    # Texts
    alphabet = fields.Selection(
        ALPHABETS,
        required=True,
        default="ucs2",
        help="In GBK and ASCII, a text with a character that they lack goes out in UCS-2: nothing is left out.",
    )
    long_alphabet = fields.Selection(
        ALPHABETS, string="Alphabet of Long Texts", help="Of texts in several parts. Empty: the same."
    )
    wide_ref = fields.Boolean(
        string="16-Bit Reference",
        help="Parts of long texts are numbered with two bytes, so that those of different texts are not mixed up. Not "
        "all operators carry it; a part holds one character less.",
    )
    # CMPP, SGIP, SMGP
    service_code = fields.Char(size=10, groups=ACCOUNT, help="Service id or service type, assigned by the operator.")
    fee_type = fields.Char(
        size=2, groups=ACCOUNT, help="Empty: free for the receiver (CMPP 01, SMGP 00), as hospitals have it."
    )
    fee_code = fields.Char(size=6, groups=ACCOUNT, help="In fen. Empty: 000000.")
    heartbeat = fields.Integer(default=20, help="Seconds without traffic after which we ask whether the other lives.")
    response_timeout = fields.Integer(default=60, help="Seconds after which an answer is no longer expected.")
    # SGIP
    node = fields.Char(size=10, string="Node Number", groups=ACCOUNT, help="3, area code and company: 3073112345.")
    corp_id = fields.Char(size=5, string="Company Code", groups=ACCOUNT)
    listen_host = fields.Char(
        string="Own Address", default="0.0.0.0", groups=ACCOUNT, help="Where China Unicom brings reports and replies."
    )
    listen_port = fields.Integer(string="Own Port", groups=ACCOUNT, help="0: no reports by a connection of theirs.")
    listen_login = fields.Char(string="Their Login", size=16, groups=ACCOUNT)
    listen_secret_ref = fields.Char(string="Their Secret's Name", groups=ACCOUNT)
    listen_peers = fields.Char(
        string="Who May Connect",
        groups=ACCOUNT,
        help="Addresses or networks, separated by commas: 10.1.2.3, 10.8.0.0/16. All others are turned away.",
    )
    # SMGP
    padded_login = fields.Boolean(
        string="Fill Up the Client Id", help="For a client id of less than eight characters whose login is refused."
    )
    product_id = fields.Char(size=21, string="Product Id", groups=ACCOUNT)
    # Vendors
    vendor_app = fields.Char(string="App Id", groups=ACCOUNT)
    vendor_region = fields.Char(string="Region", groups=ACCOUNT, help="For example ap-guangzhou. Empty: the usual one.")
    proxy = fields.Char(
        groups=ACCOUNT, help="The way to the internet, where there is no direct one: http://10.1.2.3:3128"
    )

    _seconds = models.Constraint(
        "CHECK (heartbeat BETWEEN 5 AND 3600 AND response_timeout BETWEEN 5 AND 600)",
        "Heartbeats come every 5 to 3,600 seconds, answers within 5 to 600.",
    )

    @api.model
    def _secret_fields(self):
        return [*super()._secret_fields(), "listen_secret_ref"]

    @api.constrains(
        "protocol", "enabled", "node", "corp_id", "listen_host", "listen_port", "listen_peers", "listen_secret_ref"
    )
    def _check_sgip(self):
        for gateway in self.filtered(lambda gateway: gateway.protocol == "sgip" and gateway.enabled):
            node = gateway.node or ""
            if not (len(node) == 10 and node.isdecimal() and node.startswith("3") and gateway.corp_id):
                raise ValidationError(
                    self.env._("SGIP needs a node number (ten digits, the first is 3) and a company code.")
                )
            if gateway.listen_port and not (gateway.listen_peers and gateway.listen_secret_ref):
                raise ValidationError(
                    self.env._("Name who may connect to your port, and the secret that they have to know.")
                )
            if other := gateway._at_the_same_port():
                raise ValidationError(
                    self.env._(
                        "“%(other)s” listens on port %(port)s already: each account of China Unicom needs a port of "
                        "its own.",
                        other=other.name,
                        port=gateway.listen_port,
                    )
                )

    def _at_the_same_port(self):
        """The gateway that is on and listens where this one does."""
        others = self.sudo().search(
            [
                ("protocol", "=", "sgip"),
                ("enabled", "=", True),
                ("listen_port", "=", self.listen_port or -1),
                ("id", "!=", self.id),
            ]
        )
        everywhere = (False, "", "0.0.0.0", "::")
        return others.filtered(
            lambda other: (
                other.listen_host == self.listen_host
                or other.listen_host in everywhere
                or self.listen_host in everywhere
            )
        )[:1]

    @api.constrains("listen_peers")
    def _check_peers(self):
        for gateway in self.filtered("listen_peers"):
            try:
                for peer in gateway.listen_peers.split(","):
                    ip_network(peer.strip(), strict=False)
            except ValueError as error:
                raise ValidationError(
                    self.env._("“Who may connect” is not understood: %(problem)s", problem=error)
                ) from None

    def _split_style(self):
        """How a text is cut for this gateway: arguments of ``text.split`` and ``text.count``."""
        return {
            "alphabet": self.alphabet,
            "long": self.long_alphabet or None,
            "wide": self.wide_ref,
            "reserved": self._option_reserved(),
        }

    def _option_reserved(self):
        """Characters that the gateway adds: its signature in brackets."""
        if not (self.signature and self.signature_by_gateway):
            return 0
        return len(self.signature.strip("【】")) + 2

    def _option_listen_secret(self):
        return self._read_secret(self.listen_secret_ref)

    def _option_codes(self):
        return self.env["hospital.message.code"]._kinds(self.protocol)
