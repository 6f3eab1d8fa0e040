from odoo import models

from .sms_sms import HospitalSmsApi


class ResCompany(models.Model):
    _inherit = "res.company"

    def _get_sms_api_class(self):
        """Odoo's own texts go through the hospital's queue, whatever the company."""
        return HospitalSmsApi
