from odoo import fields, models


class HospitalHisSource(models.Model):
    """What keeps a HIS connection running without anybody looking."""

    _inherit = "hospital.his.source"

    vanish_limit = fields.Integer(
        string="Stop above (% vanished)",
        required=True,
        default=5,
        help="If more than this share of a feed's rows is no longer in the HIS, nothing is taken out: a person "
        "decides.",
    )

    _vanish_limit_percent = models.Constraint(
        "CHECK (vanish_limit BETWEEN 0 AND 100)", "The limit of vanished rows is a percentage."
    )
