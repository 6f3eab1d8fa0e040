from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.hospital_base import secrets

from ..protocols import contract

PROTOCOLS = [
    ("simulator", "Simulator"),
    ("cmpp2", "China Mobile CMPP 2.0"),
    ("cmpp3", "China Mobile CMPP 3.0"),
    ("sgip", "China Unicom SGIP 1.2"),
    ("smgp", "China Telecom SMGP 3.0"),
    ("smpp", "SMPP 3.4"),
    ("aliyun", "Aliyun"),
    ("tencent", "Tencent Cloud"),
    ("wechat", "WeChat Official Account"),
]
GATEWAY_STATES = [
    ("off", "Off"),
    ("connecting", "Connecting"),
    ("connected", "Connected"),
    ("failing", "Trying again"),
    ("refused", "Login refused"),
]
# Who sees where an account is and how it logs in.
ACCOUNT = "hospital_sms.group_gateway"
# Protocols that reach an operator by address and port.
BY_ADDRESS = ("cmpp2", "cmpp3", "sgip", "smgp", "smpp")


class HospitalGateway(models.Model):
    """The way to one account of an operator or vendor. Off, it holds messages; it does not fail them."""

    _name = "hospital.gateway"
    _description = "Message Gateway"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    protocol = fields.Selection(PROTOCOLS, required=True, default="simulator")
    enabled = fields.Boolean(string="On", default=True, help="Off: messages wait. They do not fail.")
    # The account
    host = fields.Char(string="Address", groups=ACCOUNT)
    port = fields.Integer(groups=ACCOUNT)
    login = fields.Char(
        groups=ACCOUNT, help="SP id, client id, login name, access key or app id, as the protocol calls it."
    )
    secret_ref = fields.Char(
        string="Secret Name",
        groups=ACCOUNT,
        help="The secret is read from the environment variable HOSPITAL_SECRET_<name> or from the file <name> in the "
        "server's folder of secrets. It is never stored here.",
    )
    access_number = fields.Char(groups=ACCOUNT, help="What the receiver sees as the sender, without extension.")
    rate = fields.Integer(string="Parts per Second", default=20, help="0: no limit.")
    window = fields.Integer(default=16, help="Submits without an answer, per connection.")
    connections = fields.Integer(default=1)
    hours = fields.Char(help="When this account may send, for example 08:00-20:30. Empty: always.")
    signature = fields.Char(help="Put before the text as 【…】.")
    signature_by_gateway = fields.Boolean(help="The operator adds the signature: we only count it.")
    # Routing
    serves_cm = fields.Boolean(string="China Mobile", default=True)
    serves_cu = fields.Boolean(string="China Unicom", default=True)
    serves_ct = fields.Boolean(string="China Telecom", default=True)
    serves_cbn = fields.Boolean(string="China Broadnet", default=True)
    serves_other = fields.Boolean(string="Other Numbers", default=True)
    serves_service = fields.Boolean(string="Service Messages", default=True)
    serves_commercial = fields.Boolean(string="Commercial Messages", default=True)
    department_ids = fields.Many2many("hr.department", string="Only for Departments")
    failover_id = fields.Many2one("hospital.gateway", string="If It Is Down, By", ondelete="set null")
    # What the service says of it
    state = fields.Selection(GATEWAY_STATES, default="off", readonly=True, copy=False)
    state_code = fields.Char(readonly=True, copy=False)
    state_at = fields.Datetime(readonly=True, copy=False)
    connected = fields.Integer(string="Connections Open", readonly=True, copy=False)

    _name_unique = models.UniqueIndex("(name)", "There is already a gateway of this name.")
    _limits = models.Constraint(
        """CHECK (rate >= 0 AND "window" BETWEEN 1 AND 1000 AND connections BETWEEN 1 AND 32)""",
        "Rate, window and connections are out of range.",
    )
    _port_range = models.Constraint("CHECK (port BETWEEN 0 AND 65535)", "A port is a number from 1 to 65535.")

    # -- what is entered -----------------------------------------------------------------------------------------

    @api.constrains("protocol", "enabled", "host", "port", "login")
    def _check_address(self):
        for gateway in self.filtered(lambda gateway: gateway.enabled and gateway.protocol in BY_ADDRESS):
            if not (gateway.host and gateway.port and gateway.login):
                raise ValidationError(
                    self.env._("“%(gateway)s” needs an address, a port and a login.", gateway=gateway.name)
                )

    @api.model
    def _secret_fields(self):
        """The fields that name a secret."""
        return ["secret_ref"]

    @api.constrains(lambda self: self._secret_fields())
    def _check_secret_names(self):
        for gateway in self:
            for name in self._secret_fields():
                if gateway[name] and not secrets.SECRET_NAME.fullmatch(gateway[name]):
                    raise ValidationError(
                        self.env._(
                            "“%(field)s” takes the name of a secret, not the secret itself: letters, digits and "
                            "underscores.",
                            field=self._fields[name]._description_string(self.env),
                        )
                    )

    @api.constrains("signature")
    def _check_signature(self):
        for gateway in self:
            inside = (gateway.signature or "").removeprefix("【").removesuffix("】")
            if "【" in inside or "】" in inside or len(inside) > 20:
                raise ValidationError(
                    self.env._("A signature has at most 20 characters, and no further brackets 【】 in it.")
                )

    @api.constrains("failover_id", "protocol")
    def _check_failover(self):
        for gateway in self.filtered("failover_id"):
            other = gateway.failover_id
            if other == gateway:
                raise ValidationError(self.env._("A gateway cannot stand in for itself."))
            if (other.protocol == "wechat") != (gateway.protocol == "wechat"):
                raise ValidationError(self.env._("WeChat and SMS cannot stand in for each other here."))
            if other.protocol == "simulator" and gateway.protocol != "simulator":
                raise ValidationError(
                    self.env._("The simulator cannot stand in for a real gateway: its messages reach nobody.")
                )

    # -- for the service -----------------------------------------------------------------------------------------

    def _secret(self):
        return self._read_secret(self.secret_ref)

    @api.model
    def _read_secret(self, name):
        """A secret by its name, "" without one; raises NoSecret."""
        return secrets.read(name) if name else ""

    def _account(self):
        """The account as its link is given it; None where a secret is missing, which the board then says."""
        try:
            return contract.Account(
                self.id,
                self.protocol,
                self.host or "",
                self.port,
                self.login or "",
                self._secret(),
                self.access_number or "",
                self.rate,
                self.window,
                self.connections,
                {name: self._option(name) for name in contract.LINKS[self.protocol].options},
            )
        except secrets.NoSecret:
            self.env.cr.execute(
                """UPDATE hospital_gateway SET state = 'refused', state_code = 'no_secret', connected = 0,
                          state_at = now() AT TIME ZONE 'UTC'
                    WHERE id = %s AND state_code IS DISTINCT FROM 'no_secret'""",
                [self.id],
            )
            return None

    def _option(self, name):
        """What a link calls ``name``: the field, unless ``_option_<name>`` makes it."""
        made = getattr(self, f"_option_{name}", None)
        return made() if made else self[name]
