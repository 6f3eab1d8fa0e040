from odoo import api, fields, models

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
    host = fields.Char()
    port = fields.Integer()
    login = fields.Char(help="SP id, client id, login name, access key or app id, as the protocol calls it.")
    secret_ref = fields.Char(string="Secret", help="The name of the secret; it is never kept in the database.")
    access_number = fields.Char(help="What the receiver sees as the sender, without extension.")
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

    @api.model
    def _route(self, numbers, terms):
        """Return ``{number: (gateway id or None, operator)}`` for messages of these terms."""
        gateway = self.search([("protocol", "=" if terms.channel == "wechat" else "!=", "wechat")], limit=1)
        return dict.fromkeys(numbers, (gateway.id or None, None))
