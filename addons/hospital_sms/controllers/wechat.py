import logging

from odoo import http
from odoo.http import request

from ..models.hospital_wechat_visit import VISIT
from ..protocols import wechat_client
from ..protocols.http import Unanswered
from ..protocols.wechat_crypto import LIMIT, Refused

_logger = logging.getLogger(__name__)

ADDRESS = "/hospital_sms/wechat/<string:key>"
COOKIE = "hospital_wechat"
HEADERS = [
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"),
]
# What anybody may call: no session, no login. Who is calling is told by the signature of what is sent.
PUBLIC = {"type": "http", "auth": "public", "csrf": False, "save_session": False, "max_content_length": LIMIT}


class Wechat(http.Controller):
    """What WeChat's servers call, and the few pages that a patient sees."""

    # -- callbacks ---------------------------------------------------------------------------------------------------

    @http.route(ADDRESS, methods=["GET"], **PUBLIC)
    def confirm(self, key, signature="", timestamp="", nonce="", echostr="", **_query):
        """WeChat's set-up page asks whether the address is ours."""
        try:
            self._gateway(key)._wechat_confirm(signature, timestamp, nonce)
        except Refused as refused:
            return self._refuse(refused)
        return request.make_response(echostr, [("Content-Type", "text/plain; charset=utf-8")])

    @http.route(ADDRESS, methods=["POST"], **PUBLIC)
    def receive(self, key, **_params):
        """An event or a message; answered at once, for WeChat waits five seconds."""
        sent = request.httprequest
        said = [sent.args.get(name, "") for name in ("msg_signature", "timestamp", "nonce")]
        try:
            answer = self._gateway(key)._wechat_receive(*said, sent.get_data())
        except Refused as refused:
            return self._refuse(refused)
        return request.make_response(answer, [("Content-Type", "text/plain; charset=utf-8")])

    # -- pages -------------------------------------------------------------------------------------------------------

    @http.route(f"{ADDRESS}/open/<string:link>", methods=["GET"], **PUBLIC)
    def open(self, key, link, **_query):
        """A patient's link: find out who opens it."""
        if "MicroMessenger" not in request.httprequest.user_agent.string:
            return self._page("outside")
        gateway = self._gateway(key)
        visit = gateway.env["hospital.wechat.visit"]._open(gateway, link)
        if not visit:
            return self._page("expired")
        back = f"{gateway.get_base_url()}/hospital_sms/wechat/{key}/opened"
        response = request.redirect(
            wechat_client.authorize_url(gateway.wechat_page, gateway.login, back, visit._pass("state")), local=False
        )
        response.set_cookie(
            COOKIE,
            visit._pass("cookie"),
            max_age=VISIT,
            path=f"/hospital_sms/wechat/{key}",
            httponly=True,
            samesite="Lax",
            secure=back.startswith("https:"),
        )
        return response

    @http.route(f"{ADDRESS}/opened", methods=["GET"], **PUBLIC)
    def opened(self, key, code="", state="", **_query):
        """WeChat sends the visitor back; the code says who it is."""
        gateway = self._gateway(key)
        visit = self._visit(gateway, "state", state)
        if not visit or not code or not visit._use():
            return self._page("expired")
        try:
            visit.openid = gateway._wechat_ask(wechat_client.openid, code)
        except (Unanswered, wechat_client.Refusal) as error:
            _logger.info("WeChat does not say who opened a link: %s", error)
            return self._page("later")
        if visit._is_bound():
            return self._land(visit)
        return self._page("bind", proof=visit._pass("proof"), key=key)

    @http.route(f"{ADDRESS}/bind", methods=["POST"], **PUBLIC)
    def bind(self, key, **_params):
        """The last four digits of the patient's telephone number."""
        proof, digits = (request.httprequest.form.get(name, "") for name in ("proof", "digits"))
        visit = self._visit(self._gateway(key), "proof", proof)
        if not visit.openid:
            return self._page("expired")
        outcome = visit._prove(digits.strip())
        if outcome == "bound":
            return self._land(visit)
        if outcome == "locked":
            return self._page("locked")
        return self._page("bind", proof=proof, key=key, wrong=True)

    # -- shared ------------------------------------------------------------------------------------------------------

    def _gateway(self, key):
        return request.env["hospital.gateway"]._wechat_by_key(key)

    def _visit(self, gateway, stage, text):
        cookie = request.httprequest.cookies.get(COOKIE, "")
        return gateway.env["hospital.wechat.visit"]._of_pass(gateway, stage, text, cookie)

    def _land(self, visit):
        if address := visit._landing():
            return request.redirect(address)
        return self._page("done")

    def _refuse(self, refused):
        _logger.warning("A WeChat callback from %s was refused: %s", request.httprequest.remote_addr, refused)
        return request.make_response("", status=403)

    def _page(self, step, **values):
        """A page without anything of the patient; patients read Chinese, whatever the telephone is set to."""
        if request.env["res.lang"]._get_data(code="zh_CN"):
            request.update_context(lang="zh_CN")
        company = request.env["res.company"].sudo().search([], order="id", limit=1)
        return request.render(
            "hospital_sms.wechat_page",
            {"step": step, "hospital": company.name, "wrong": False, **values},
            headers=HEADERS,
        )
