from odoo import fields, models


class HospitalGatewayAllowed(models.Model):
    """A number that may be written to while the hospital does not really send."""

    _name = "hospital.gateway.allowed"
    _description = "Number That May Be Written To"
    _order = "number"
    _rec_name = "number"

    number = fields.Char(required=True)
    name = fields.Char(string="Whose")

    _once = models.UniqueIndex("(number)", "This number is on the list already.")
