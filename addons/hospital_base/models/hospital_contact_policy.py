from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..gate import admission
from .hospital_contact import CHANNELS, PURPOSES


class HospitalContactPolicy(models.Model):
    """When and how often patients may be contacted for one purpose by one channel."""

    _name = "hospital.contact.policy"
    _description = "Contact Policy"
    _order = "purpose, channel"
    _rec_name = "purpose"

    purpose = fields.Selection(PURPOSES, required=True)
    channel = fields.Selection(CHANNELS, required=True)
    hours = fields.Char(required=True, help="Allowed hours, for example 09:00-11:45,14:30-19:30")
    cap = fields.Integer(default=2, help="At most this many contacts in the number of days beside it; 0: no limit.")
    cap_days = fields.Integer(default=7)

    _one_per_purpose = models.UniqueIndex("(purpose, channel)", "There is already a policy for this combination.")
    _cap_positive = models.Constraint("CHECK (cap >= 0 AND cap_days > 0)", "The limits must be positive.")

    @api.constrains("hours")
    def _check_hours(self):
        for policy in self:
            try:
                admission.parse_hours(policy.hours)
            except ValueError as error:
                raise ValidationError(
                    self.env._("Hours look like 09:00-11:45,14:30-19:30, not %s", policy.hours)
                ) from error
