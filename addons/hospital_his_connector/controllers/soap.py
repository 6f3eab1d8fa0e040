from werkzeug.exceptions import RequestEntityTooLarge

from odoo import http
from odoo.http import request

from ..models.hospital_his_client_service import Call
from ..soap import reading
from ..soap.contract import FOLDER
from ..soap.problems import Fault

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class AppointmentService(http.Controller):
    """The six appointment services for systems of the hospital. Who may call what: ``hospital.his.client``."""

    @http.route("/his/soap/<string:code>", type="http", auth="none", methods=["POST"], csrf=False, save_session=False)
    def call(self, code, **_query):
        """A request, in either form."""
        sent = request.httprequest
        kind, secret = sent.headers.get("Authorization", "").partition(" ")[::2]
        call = Call(
            address=sent.remote_addr or "",
            body=self._body(sent),
            charset=sent.mimetype_params.get("charset", "").strip("\"' "),
            key=secret.strip() if kind.lower() == "bearer" else sent.headers.get("X-API-Key", ""),
            is_form=sent.mimetype in FORMS,
        )
        reply = request.env["hospital.his.client"].sudo()._serve(code, call)
        return request.make_response(reply.body, [("Content-Type", reply.content_type)], status=reply.status)

    @http.route("/his/soap/<string:code>", type="http", auth="none", methods=["GET"], csrf=False, save_session=False)
    def contract(self, code, **query):
        """The contract, with our address in it: ``?wsdl`` and ``?xsd``."""
        name = next((part.lower() for part in query), "")
        if name not in ("wsdl", "xsd"):
            return request.not_found()
        try:
            client = request.env["hospital.his.client"].sudo()._admitted(code, request.httprequest.remote_addr or "")
        except Fault as problem:
            return request.make_response("", status=problem.status)
        text = (FOLDER / f"appointments.{name}").read_text(encoding="utf-8")
        if name == "wsdl":
            address = client.url.removesuffix("?wsdl")
            text = text.replace("http://localhost/his/soap", address)
            text = text.replace('schemaLocation="appointments.xsd"', f'schemaLocation="{address}?xsd"')
        return request.make_response(text, [("Content-Type", "text/xml; charset=utf-8")])

    def _body(self, sent):
        """All of it, also of one that is too long: the sender hears the answer only after it has been listened to."""
        sent.max_content_length = 2 * reading.LIMIT
        try:
            return sent.get_data()
        except RequestEntityTooLarge:
            return None
