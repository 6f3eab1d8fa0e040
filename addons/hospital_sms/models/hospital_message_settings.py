from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .hospital_message_batch_life import APPROVE_ABOVE
from .hospital_message_deletion import DEFAULT_MONTHS, LEGAL_MONTHS, MONTHS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospital_sms_retention_months = fields.Integer(
        string="Messages Are Kept (months)", default=DEFAULT_MONTHS, config_parameter=MONTHS
    )

    hospital_sms_approve_above = fields.Integer(
        string="Approval above (receivers)", default=APPROVE_ABOVE, config_parameter="hospital_sms.approve_above"
    )

    @api.constrains("hospital_sms_approve_above")
    def _check_approve_above(self):
        if any(setting.hospital_sms_approve_above < 1 for setting in self):
            raise ValidationError(self.env._("At least one receiver needs no approval."))

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
