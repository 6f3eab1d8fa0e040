import re

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from .hospital_message import OPERATORS

PREFIX = re.compile(r"[0-9]{2,7}")


class HospitalOperatorPrefix(models.Model):
    """Which operator gives out numbers that begin so. The longest prefix counts."""

    _name = "hospital.operator.prefix"
    _description = "Prefix of an Operator"
    _order = "prefix"
    _rec_name = "prefix"

    prefix = fields.Char(required=True, size=7)
    operator = fields.Selection(OPERATORS, required=True)

    _prefix_unique = models.UniqueIndex("(prefix)", "This prefix is already in the list.")

    @api.constrains("prefix")
    def _check_prefix(self):
        for line in self:
            if not PREFIX.fullmatch(line.prefix):
                raise ValidationError(self.env._("A prefix has two to seven digits."))

    @api.model
    @tools.ormcache()
    def _by_prefix(self):
        """``{prefix: operator}``"""
        return {line.prefix: line.operator for line in self.sudo().search([])}

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()


class HospitalOperatorPorted(models.Model):
    """A number that has taken leave of the operator its prefix names: learned from refusals. Written in SQL."""

    _name = "hospital.operator.ported"
    _description = "Ported Number"
    _order = "learned_at desc, id desc"
    _rec_name = "number_masked"
    _log_access = False

    number = fields.Char(string="Full Number", required=True, readonly=True, groups="hospital_base.group_identity")
    number_masked = fields.Char(string="Phone Number", readonly=True)
    operator = fields.Selection(OPERATORS, readonly=True, help="Empty: every operator has refused it.")
    refused = fields.Char(string="Refused By", required=True, readonly=True)
    learned_at = fields.Datetime(required=True, readonly=True)

    _number_unique = models.UniqueIndex("(number)")
