import time
from datetime import UTC, datetime

from odoo import api, fields, models

from odoo.addons.hospital_base import secrets

from ..protocols import wechat_crypto
from ..protocols.contract import Reply, Report
from ..protocols.wechat_crypto import Refused

FRESH = 300  # seconds that a callback may have been under way
FOLLOWS = {"subscribe": True, "unsubscribe": False}


class HospitalGateway(models.Model):
    """What WeChat tells us: who follows, what a message became, what somebody writes."""

    _inherit = "hospital.gateway"

    def _wechat_confirm(self, signature, timestamp, nonce):
        """Raise Refused unless the address was opened by WeChat's set-up page."""
        self._wechat_check_time(timestamp)
        token, _key = self._wechat_secrets()
        wechat_crypto.check(signature, token, timestamp, nonce)

    def _wechat_receive(self, signature, timestamp, nonce, body):
        """Take in one callback and return what is answered; raises Refused. Sent twice, it has one effect."""
        self._wechat_check_time(timestamp)
        token, key = self._wechat_secrets()
        sealed = wechat_crypto.fields(body).get("Encrypt", "")
        wechat_crypto.check(signature, token, timestamp, nonce, sealed)
        said = wechat_crypto.fields(wechat_crypto.unseal(sealed, key, self.login))
        answer = self._wechat_take(said)
        if not answer:
            return "success"
        return wechat_crypto.envelope(wechat_crypto.seal(answer, key, self.login), token, timestamp, nonce)

    @api.model
    def _wechat_check_time(self, timestamp):
        if not (timestamp.isascii() and timestamp.isdigit()) or abs(time.time() - int(timestamp[:12])) > FRESH:
            raise Refused("time")

    def _wechat_secrets(self):
        """The token and the AES key that were agreed on."""
        try:
            token, key = (self._read_secret(name) for name in (self.wechat_token_ref, self.wechat_aes_ref))
            return token, wechat_crypto.key_of(key)
        except secrets.NoSecret as error:
            raise Refused(f"no secret {error.name}") from None
        except ValueError as error:
            raise Refused(str(error)) from None

    def _wechat_take(self, said):
        """Handle the fields of a callback; returns the XML of an answer, or nothing."""
        openid, event = said.get("FromUserName", ""), said.get("Event", "")
        at = _moment(said.get("CreateTime", ""))
        if event in ("TEMPLATESENDJOBFINISH", "subscribe_msg_sent_event"):
            self.env["hospital.message"]._keep(self.id, [_report(said, at)])
            return ""
        account = said.get("ToUserName", "")
        if event in FOLLOWS:
            self.env["hospital.wechat.follower"]._set_follows(self, openid, FOLLOWS[event], at)
            if event == "subscribe" and self.wechat_welcome:
                return wechat_crypto.text_answer(openid, account, self.wechat_welcome, int(time.time()))
        elif not event:
            key = said.get("MsgId") or f"{openid}:{said.get('CreateTime', '')}"
            self.env["hospital.message"]._keep(self.id, [Reply("", account, _text(said), key, at, openid=openid)])
        return ""


def _moment(text):
    """
    >>> _moment("1409304348")
    datetime.datetime(2014, 8, 29, 9, 25, 48)
    """
    try:
        return datetime.fromtimestamp(int(text), UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return fields.Datetime.now()


def _report(said, at):
    """
    >>> _report({"MsgID": "7", "Status": "success"}, None)[:3]
    ('7', 'delivered', '')
    >>> _report({"MsgID": "7", "Status": "failed:user block"}, None)[:3]
    ('7', 'failed', 'user block')
    >>> _report({"MsgID": "7", "ErrorCode": "43101", "ErrorStatus": "user refused"}, None)[:3]
    ('7', 'failed', '43101')
    >>> _report({"MsgID": "7", "ErrorCode": "0", "ErrorStatus": "success"}, None)[:3]
    ('7', 'delivered', '')
    """
    status = said.get("Status", "")
    if status == "success" or said.get("ErrorCode") == "0":
        return Report(said.get("MsgID", ""), "delivered", "", done_at=at)
    code = said.get("ErrorCode") or status.removeprefix("failed:").strip()
    return Report(said.get("MsgID", ""), "failed", code, done_at=at)


def _text(said):
    """What somebody writes; of what is not written, what it is.

    >>> _text({"MsgType": "text", "Content": "您好"}), _text({"MsgType": "image"})
    ('您好', '[image]')
    >>> _text({"MsgType": "voice", "Recognition": "我好多了"})
    '我好多了'
    """
    return said.get("Content") or said.get("Recognition") or f"[{said.get('MsgType', '')}]"
