from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .hospital_message_admission import REPEATED
from .hospital_message_batch_life import APPROVE_ABOVE
from .hospital_message_care import SILENT
from .hospital_message_deletion import DEFAULT_MONTHS, LEGAL_MONTHS, MONTHS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospital_sms_retention_months = fields.Integer(
        string="Messages Are Kept (months)", default=DEFAULT_MONTHS, config_parameter=MONTHS
    )
    hospital_sms_approve_above = fields.Integer(
        string="Approval above (messages)", default=APPROVE_ABOVE, config_parameter="hospital_sms.approve_above"
    )
    hospital_sms_repeated_minutes = fields.Integer(
        string="Not Repeated within (minutes)", default=REPEATED, config_parameter="hospital_sms.repeated_minutes"
    )
    hospital_sms_silent_hours = fields.Integer(
        string="No Report after (hours)", default=SILENT, config_parameter="hospital_sms.silent_hours"
    )

    @api.constrains("hospital_sms_approve_above", "hospital_sms_repeated_minutes", "hospital_sms_silent_hours")
    def _check_sending(self):
        # Odoo takes a 0 for "nothing entered", and so for the default.
        for setting in self:
            if (
                min(
                    setting.hospital_sms_approve_above,
                    setting.hospital_sms_repeated_minutes,
                    setting.hospital_sms_silent_hours,
                )
                < 1
            ):
                raise ValidationError(self.env._("Approval, repetition and reports: at least 1."))

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
