import asyncio
import secrets

from odoo import api, fields, models

from ..protocols import wechat_client
from ..protocols.http import Client, endpoint
from .hospital_gateway import ACCOUNT
from .hospital_wechat_token import Keeper


class HospitalGateway(models.Model):
    """What an official account needs beyond the account of an operator."""

    _inherit = "hospital.gateway"

    wechat_way = fields.Selection(
        [("template", "Template messages"), ("subscription", "Subscription notices")],
        string="Sends",
        required=True,
        default="template",
    )
    wechat_token_ref = fields.Char(
        string="Callback Token",
        groups=ACCOUNT,
        help="The name of the secret that holds the token agreed on for callbacks.",
    )
    wechat_aes_ref = fields.Char(
        string="Callback Key",
        groups=ACCOUNT,
        help="The name of the secret that holds the EncodingAESKey. Callbacks must be encrypted.",
    )
    wechat_page = fields.Char(
        string="Authorize Page",
        default="https://open.weixin.qq.com",
        groups=ACCOUNT,
        help="Where a visitor is told apart. Another address only where a proxy stands in between.",
    )
    wechat_welcome = fields.Char(string="Welcome", help="What a new follower is told. Empty: nothing.")
    wechat_key = fields.Char(
        string="Address Part", readonly=True, copy=False, default=lambda self: secrets.token_urlsafe(12)
    )
    wechat_callback = fields.Char(string="Callback Address", compute="_compute_wechat_callback")

    _wechat_key_unique = models.UniqueIndex("(wechat_key) WHERE wechat_key IS NOT NULL")

    @api.depends("wechat_key")
    def _compute_wechat_callback(self):
        for gateway in self:
            gateway.wechat_callback = f"{gateway.get_base_url()}/hospital_sms/wechat/{gateway.wechat_key}"

    @api.model
    def _secret_fields(self):
        return [*super()._secret_fields(), "wechat_token_ref", "wechat_aes_ref"]

    def _option_wechat_token(self):
        return Keeper(self.env.cr.dbname, self.id)

    @api.model
    def _wechat_by_key(self, key):
        """The official account behind an address; switched off, it still listens."""
        return self.sudo().search([("wechat_key", "=", key), ("protocol", "=", "wechat")])

    def _wechat_ask(self, question, *arguments):
        """What WeChat answers to a question of ``wechat_client``'s, waited for; raises Unanswered, Refusal."""

        async def ask():
            proxy = endpoint(self.proxy) if self.proxy else None
            http = Client(endpoint(self.host or wechat_client.HOST, self.port), proxy)
            try:
                return await question(http, self.login, self._secret(), *arguments)
            finally:
                http.close()

        return asyncio.run(ask())
