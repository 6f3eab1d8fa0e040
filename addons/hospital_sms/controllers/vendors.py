import json

from odoo import http
from odoo.http import request

from ..protocols import vendor

# What a vendor wants to hear: that it is kept, that it is not.
SAID = {"aliyun": ({"code": 0, "msg": "OK"}, {"code": 1, "msg": "Not understood"}),
        "tencent": ({"result": 0, "errmsg": "OK"}, {"result": 1, "errmsg": "Not understood"})}  # fmt: skip


class VendorPushes(http.Controller):
    """Where vendors bring reports and replies. Who does not know a gateway's token does not learn that it is there."""

    @http.route(
        "/hospital_sms/<any(aliyun, tencent):protocol>/<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        max_content_length=vendor.MOST_BYTES,
    )
    def push(self, protocol, token, **_query):
        """Answers once all of it is kept; whatever fails otherwise, the vendor brings again."""
        sent = request.httprequest
        gateway = request.env["hospital.gateway"].sudo()._pushed_to(protocol, token, sent.remote_addr or "")
        if not gateway:
            raise request.not_found()
        kept, refused = SAID[protocol]
        try:
            gateway._keep_pushed(sent.get_data())
        except ValueError:
            return self._answer(refused, 400)
        return self._answer(kept, 200)

    def _answer(self, said, status):
        return request.make_response(json.dumps(said), [("Content-Type", "application/json")], status=status)
