from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    hospital_scope_ids = fields.One2many("hospital.scope", "user_id", string="Delegated Scopes")

    def _has_hospital_role(self, *roles):
        """Whether the user holds one of ``roles``, short names such as ``"doctor"``."""
        self.ensure_one()
        return any(self.has_group(f"hospital_base.group_{role}") for role in roles)
