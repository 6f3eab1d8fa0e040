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
        "hospital_his_source_alarm_user_rel",
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
    keep_runs_days = fields.Integer(
        string="Keep Empty Runs (days)",
        required=True,
        default=7,
        help="Older runs that brought nothing new and met no problem are removed.",
    )
    keep_rows_days = fields.Integer(
        string="Keep Settled Rows (days)",
        required=True,
        default=30,
        help="The contents of dead letters and messages that are settled are emptied after so long; that they were "
        "there, and why, stays. Nothing that is still open is ever touched.",
    )

    _keep_positive = models.Constraint(
        "CHECK (keep_runs_days >= 1 AND keep_rows_days >= 1)", "Records are kept for a day at least."
    )
    _vanish_limit_percent = models.Constraint(
        "CHECK (vanish_limit BETWEEN 0 AND 100)", "The limit of vanished rows is a percentage."
    )
