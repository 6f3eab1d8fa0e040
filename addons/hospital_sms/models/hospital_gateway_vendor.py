import hmac
import secrets

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..protocols import aliyun, tencent, vendor
from ..protocols.http import endpoint
from ..protocols.sgip_listener import allowed

ACCOUNT = "hospital_sms.group_gateway"
PUSHED = {"aliyun": aliyun.pushed, "tencent": tencent.pushed}


class HospitalGateway(models.Model):
    """Accounts at vendors of cloud messages and at SMPP gateways; what vendors bring by themselves."""

    _inherit = "hospital.gateway"

    alphabet = fields.Selection(selection_add=[("gsm7", "GSM 7-bit (SMPP)")], ondelete={"gsm7": "set default"})
    long_alphabet = fields.Selection(selection_add=[("gsm7", "GSM 7-bit (SMPP)")], ondelete={"gsm7": "set null"})
    smpp_system_type = fields.Char(
        string="System Type", size=12, groups=ACCOUNT, help="Only where the operator asks for one."
    )
    smpp_ids = fields.Selection(
        [
            ("hex_decimal", "Hexadecimal in answers, decimal in reports"),
            ("decimal_hex", "Decimal in answers, hexadecimal in reports"),
        ],
        string="Message Ids",
        groups=ACCOUNT,
        help="Empty: reports name a message as the answer to its submit did.",
    )
    push_token = fields.Char(groups=ACCOUNT, copy=False, readonly=True)
    push_url = fields.Char(
        compute="_compute_push_url",
        string="Address for Reports",
        groups=ACCOUNT,
        help="Enter it at the vendor for reports (状态报告) and for replies (上行短信). Whoever knows it can bring "
        "reports, unless you name who may connect.",
    )

    @api.depends("push_token", "protocol")
    def _compute_push_url(self):
        for gateway in self:
            token = gateway.push_token
            gateway.push_url = token and f"{gateway.get_base_url()}/hospital_sms/{gateway.protocol}/{token}"

    @api.constrains("protocol", "enabled", "host", "port", "login", "signature", "vendor_app", "proxy")
    def _check_vendor(self):
        for gateway in self.filtered(lambda gateway: gateway.protocol in PUSHED):
            for place in filter(None, (gateway.host, gateway.proxy)):
                try:
                    endpoint(place, gateway.port or 0)
                except ValueError:
                    raise ValidationError(
                        self.env._(
                            "“%(place)s” is no address to send to: a name, or http:// with an address within the "
                            "hospital. Only there may anything travel without encryption.",
                            place=place,
                        )
                    ) from None
            if gateway.enabled and not (gateway.login and gateway.signature):
                raise ValidationError(
                    self.env._("“%(gateway)s” needs an access key and a signature.", gateway=gateway.name)
                )
            if gateway.enabled and gateway.protocol == "tencent" and not gateway.vendor_app:
                raise ValidationError(self.env._("“%(gateway)s” needs an app id.", gateway=gateway.name))

    def action_new_push_address(self):
        """The vendor brings reports to an address that nobody can guess; the one before no longer counts."""
        self.ensure_one()
        self.check_access("write")
        self.push_token = secrets.token_urlsafe(32)

    # -- what a vendor brings ------------------------------------------------------------------------------------

    @api.model
    def _pushed_to(self, protocol, token, address):
        """The gateway that this token opens to this caller, or none. How much of a token is right cannot be timed."""
        gateways = self.with_context(active_test=False).search(
            [("protocol", "=", protocol), ("push_token", "!=", False)]
        )
        return gateways.filtered(
            lambda gateway: (
                hmac.compare_digest(gateway.push_token.encode(), token.encode("utf-8", "replace"))
                and gateway._may_push(address)
            )
        )[:1]

    def _may_push(self, address):
        try:
            return not self.listen_peers or allowed(address, self.listen_peers)
        except ValueError:
            return False

    def _keep_pushed(self, body):
        """Keep what a vendor has brought; ValueError for what is none of its forms."""
        self.ensure_one()
        arrived = PUSHED[self.protocol](vendor.rows(body))
        # The vendor waits a few seconds only. What takes longer it brings again.
        self.env.cr.execute("SET LOCAL statement_timeout = '4s'")
        self.env["hospital.message"]._keep(self.id, arrived)
