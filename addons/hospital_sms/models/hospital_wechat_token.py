import time
from typing import NamedTuple

from odoo import SUPERUSER_ID, api, fields, models
from odoo.modules.registry import Registry

from ..protocols import wechat_client


class Keeper(NamedTuple):
    """The token of an account, for code outside Odoo's transactions; equal for the same account."""

    database: str
    gateway_id: int

    def __call__(self, stale=""):
        """Return the Token; a new one if ``stale`` is what is kept. Raises Unanswered, Refusal."""
        with Registry(self.database).cursor() as cr:
            # Whoever waited for the row must see what the other has fetched.
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '30s'")
            return api.Environment(cr, SUPERUSER_ID, {})["hospital.wechat.token"]._current(self.gateway_id, stale)


class HospitalWechatToken(models.Model):
    """The access token of an official account: one for all processes. Nobody but the system reads it."""

    _name = "hospital.wechat.token"
    _description = "WeChat Access Token"
    _log_access = False

    gateway_id = fields.Many2one("hospital.gateway", required=True, ondelete="cascade")
    value = fields.Char(groups=fields.NO_ACCESS)
    until = fields.Float(groups=fields.NO_ACCESS, help="Seconds since the epoch when a new one is due.")

    _gateway_unique = models.UniqueIndex("(gateway_id)")

    @api.model
    def _current(self, gateway_id, stale):
        """The token, fetched under the lock of its row: of several processes one asks WeChat, the others wait."""
        cr = self.env.cr
        cr.execute(
            "INSERT INTO hospital_wechat_token (gateway_id) VALUES (%s) ON CONFLICT (gateway_id) DO NOTHING",
            [gateway_id],
        )
        cr.execute("SELECT value, until FROM hospital_wechat_token WHERE gateway_id = %s FOR UPDATE", [gateway_id])
        value, until = cr.fetchone()
        if value and value != stale and until > time.time():
            return wechat_client.Token(value, until)
        gateway = self.env["hospital.gateway"].browse(gateway_id)
        token = gateway._wechat_ask(wechat_client.token, stale)
        cr.execute(
            "UPDATE hospital_wechat_token SET value = %s, until = %s WHERE gateway_id = %s",
            [token.value, token.until, gateway_id],
        )
        return token
