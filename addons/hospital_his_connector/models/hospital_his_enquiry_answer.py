from odoo import api, fields, models

from .hospital_his_enquiry import ANSWERS_KEPT


class HospitalHisEnquiryAnswer(models.Model):
    """The last good answer to a question, for when the HIS does not answer. Nobody reads it but the enquiry."""

    _name = "hospital.his.enquiry.answer"
    _description = "Last Answer to a Live Enquiry"
    _log_access = False

    enquiry_id = fields.Many2one("hospital.his.enquiry", required=True, ondelete="cascade")
    text = fields.Char(required=True)
    rows = fields.Json(required=True)
    asked_at = fields.Datetime(required=True)

    _question_unique = models.UniqueIndex("(enquiry_id, text)")

    @api.autovacuum
    def _gc_answers(self):
        """What is a week old helps no caller, and may name patients."""
        self.search([("asked_at", "<", fields.Datetime.now() - ANSWERS_KEPT)]).unlink()
