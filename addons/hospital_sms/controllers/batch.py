from odoo import http
from odoo.http import content_disposition, request

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class BatchFiles(http.Controller):
    """The files of an Excel list: the template to fill in, the rows to mend."""

    @http.route("/hospital_sms/batch/list", type="http", auth="user", readonly=True)
    def list_template(self):
        request.update_context(lang=request.env.user.lang)
        batches = request.env["hospital.message.batch"]
        batches.check_access("create")
        return self._download(batches._list_template_file(), request.env._("Receivers"))

    @http.route("/hospital_sms/batch/<int:batch_id>/bad_rows", type="http", auth="user")
    def bad_rows(self, batch_id):
        request.update_context(lang=request.env.user.lang)
        batch = request.env["hospital.message.batch"].browse(batch_id).exists()
        if not batch:
            raise request.not_found()
        batch._require_author()
        return self._download(batch._bad_rows_file(), request.env._("Rows to mend"))

    def _download(self, content, name):
        headers = [("Content-Type", XLSX), ("Content-Disposition", content_disposition(f"{name}.xlsx"))]
        return request.make_response(content, headers)
