from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.hospital_base.identity import phone


class HospitalGatewayAllowed(models.Model):
    """A number that messages may reach although the hospital does not really send: the engineers' own phones."""

    _name = "hospital.gateway.allowed"
    _description = "Number for Tests"
    _order = "name, number"

    number = fields.Char(string="Phone Number", required=True)
    name = fields.Char(string="Whose", required=True)

    _number_unique = models.UniqueIndex("(number)", "This number is already in the list.")

    @api.constrains("number")
    def _check_number(self):
        for line in self:
            if [known.number for known in phone.split(line.number) if known.valid] != [line.number]:
                raise ValidationError(self.env._("Write one telephone number, digits only."))


class HospitalGatewaySwitch(models.Model):
    """Real sending, on or off: each line is somebody's decision, the last one counts."""

    _name = "hospital.gateway.switch"
    _description = "Real Sending"
    _order = "id desc"
    _log_access = False

    live = fields.Selection([("on", "On: messages reach people"), ("off", "Off: demonstration")], required=True)
    reason = fields.Char(required=True)
    user_id = fields.Many2one(
        "res.users", string="By", required=True, readonly=True, default=lambda self: self.env.user, ondelete="restrict"
    )
    at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create([{**vals, "user_id": self.env.uid, "at": fields.Datetime.now()} for vals in vals_list])
        self.env["ir.config_parameter"].sudo().set_param("hospital_sms.live", str(lines[-1:].live == "on"))
        self.env["hospital.service"]._wake("messages")
        return lines


class HospitalGateway(models.Model):
    _inherit = "hospital.gateway"

    @api.model
    def _is_live(self):
        """Whether messages reach people. If not, only numbers for tests leave by anything but the simulator."""
        return self.env["ir.config_parameter"].sudo().get_param("hospital_sms.live") == "True"

    @api.model
    def demonstration(self):
        """For pages: whether they have to say that nothing reaches a phone."""
        return not self._is_live()
