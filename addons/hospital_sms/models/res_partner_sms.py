from odoo import models


class ResPartner(models.Model):
    """Odoo's SMS button on a patient: what it shows and keeps is the masked number, never the full one."""

    _inherit = "res.partner"

    def _sms_get_recipients_info(self, force_field=False, partner_fallback=True):
        patients = self.filtered("is_patient")
        info = super(ResPartner, self - patients)._sms_get_recipients_info(force_field, partner_fallback)
        for patient in patients:
            info[patient.id] = {
                "partner": patient,
                "sanitized": patient.phone_masked or False,
                "number": patient.phone_masked or False,
                "partner_store": False,
                "field_store": "phone_masked",
            }
        return info

    def _phone_format(self, fname=False, number=False, country=False, force_format="E164", raise_exception=False):
        """The masked number of a patient is as good as a number: what sends it looks the real one up."""
        if len(self) == 1 and self.is_patient and self.phone_masked in (number, fname and self[fname]):
            return self.phone_masked
        return super()._phone_format(
            fname=fname, number=number, country=country, force_format=force_format, raise_exception=raise_exception
        )
