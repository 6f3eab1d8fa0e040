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
    alarm_user_ids = fields.Many2many(
        "res.users",
        string="Who Is Told",
        domain=lambda self: [
            (
                "all_group_ids",
                "in",
                [self.env.ref(f"hospital_base.group_{role}").id for role in ("integration", "admin")],
            )
        ],
        help="Alarms go to these people; if nobody is named, to every integration engineer.",
    )

    _vanish_limit_percent = models.Constraint(
        "CHECK (vanish_limit BETWEEN 0 AND 100)", "The limit of vanished rows is a percentage."
    )
