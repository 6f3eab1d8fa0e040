from odoo import api, models

# The feeds that fill the tables which answer an enquiry.
FEEDS = {
    "phone": "department_phone",
    "drug": "drug",
    "inpatient": "inpatient",
    "exam_item": "exam_item",
    "surgery": "surgery",
    "leader": "directory",
    "expert": "clinic_session",
    "senior_expert": "clinic_session",
}


class HospitalEnquiry(models.AbstractModel):
    """Enquiries that the HIS answers itself, and how old the answers from the tables here are."""

    _inherit = "hospital.enquiry"

    @api.model
    def _live(self, kind, text, limit):
        enquiry = self._live_enquiry(kind)
        if not enquiry:
            return super()._live(kind, text, limit)
        rows, asked_at, origin, remark = enquiry._answer(text, limit)
        if rows is None:
            rows, asked_at = self._rows(kind, text, limit), self._synchronised_at(kind)
        return rows, asked_at, origin, remark

    @api.model
    def _is_live(self, kind):
        return bool(self._live_enquiry(kind)) or super()._is_live(kind)

    @api.model
    def _live_enquiry(self, kind):
        return self.env["hospital.his.enquiry"].sudo().search([("kind", "=", kind)], limit=1)

    @api.model
    def _synchronised_at(self, kind):
        runs = self.env["hospital.his.run"].sudo()
        last = runs.search([("feed_id.kind", "=", FEEDS[kind]), ("state", "=", "done")], limit=1)
        return last.finished_at or super()._synchronised_at(kind)
