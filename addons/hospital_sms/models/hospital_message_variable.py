from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..messaging import variables
from .hospital_message import CHANNELS


class HospitalMessageVariable(models.Model):
    """What a variable of the vendor's or of WeChat's own template is filled with."""

    _name = "hospital.message.variable"
    _description = "Variable of a Vendor's Template"
    _order = "template_id, channel, sequence, id"

    template_id = fields.Many2one("sms.template", required=True, ondelete="cascade", index=True)
    channel = fields.Selection(CHANNELS, required=True, default="sms")
    sequence = fields.Integer(default=10)
    name = fields.Char(
        string="Variable", required=True, help="As the vendor or WeChat calls it: name, 1, thing1, time3 …"
    )
    value = fields.Char(string="Filled With", required=True, help="Words in braces and text, as in {科室}{医生}.")

    _once = models.UniqueIndex("(template_id, channel, name)", "This variable is in the list already.")

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._reopen()
        return lines

    def write(self, vals):
        self._reopen()
        return super().write(vals)

    def unlink(self):
        self._reopen()
        return super().unlink()

    def _reopen(self):
        """What is sent by an approved template is what was approved."""
        self.template_id.filtered(lambda template: template.approval == "approved").sudo().write({"approval": "draft"})

    @api.constrains("value", "template_id")
    def _check_value(self):
        for variable in self:
            known = variable.template_id._words()
            if unknown := [word for word in variables.words(variable.value) if word not in known]:
                raise ValidationError(
                    self.env._(
                        "The variable %(name)s: nothing is known that {%(word)s} stands for.",
                        name=variable.name,
                        word=unknown[0],
                    )
                )
