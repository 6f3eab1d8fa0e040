from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .hospital_message_deletion import DEFAULT_MONTHS, LEGAL_MONTHS, MONTHS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospital_sms_retention_months = fields.Integer(
        string="Messages Are Kept (months)", default=DEFAULT_MONTHS, config_parameter=MONTHS
    )

    @api.constrains("hospital_sms_retention_months")
    def _check_retention(self):
        if any(setting.hospital_sms_retention_months < LEGAL_MONTHS for setting in self):
            raise ValidationError(
                self.env._(
                    "Messages are kept for at least %s months: the rules for short messages ask providers to keep the "
                    "times, both numbers and the text for so long.",
                    LEGAL_MONTHS,
                )
            )
