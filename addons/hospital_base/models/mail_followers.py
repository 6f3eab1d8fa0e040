from odoo import api, models
from odoo.exceptions import ValidationError


class MailFollowers(models.Model):
    _inherit = "mail.followers"

    @api.constrains("partner_id")
    def _check_no_patient(self):
        """Every employee may read who follows what, names included."""
        if self.partner_id.filtered("is_patient"):
            raise ValidationError(self.env._("A patient cannot follow a record."))
