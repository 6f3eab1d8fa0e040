from odoo import fields, models


class HospitalFollowupPlan(models.Model):
    """When a patient is called after a discharge: a template that the hospital's own people sign off."""

    _name = "hospital.followup.plan"
    _description = "Follow-up Plan"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    description = fields.Text(translate=True, help="What the plan is for, who signed it off.")
    point_ids = fields.One2many("hospital.followup.plan.point", "plan_id", string="Points", copy=True)
    max_attempts = fields.Integer(
        default=3,
        required=True,
        help="Attempts, over two days and two parts of the day, before a patient counts as lost.",
    )
    grace_days = fields.Integer(
        default=7, required=True, help="Days after the latest day until a task without result expires."
    )
    priority = fields.Selection([("0", "Normal"), ("1", "First")], default="0", required=True)

    _figures_positive = models.Constraint(
        "CHECK (max_attempts > 0 AND grace_days >= 0)", "Attempts and days of grace must be positive."
    )
