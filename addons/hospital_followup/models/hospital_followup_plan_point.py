from odoo import api, fields, models

from ..planning import window


class HospitalFollowupPlanPoint(models.Model):
    """One contact of a plan, so many days after the discharge."""

    _name = "hospital.followup.plan.point"
    _description = "Point of a Follow-up Plan"
    _order = "plan_id, due_day, id"

    plan_id = fields.Many2one("hospital.followup.plan", required=True, index=True, ondelete="cascade")
    name = fields.Char(required=True, translate=True)
    due_day = fields.Integer(required=True, string="Day", help="Days after the discharge.")
    earliest_day = fields.Integer(
        compute="_compute_margins", store=True, readonly=False, required=True, precompute=True
    )
    latest_day = fields.Integer(compute="_compute_margins", store=True, readonly=False, required=True, precompute=True)
    instructions = fields.Text(translate=True, help="What to ask and to say; shown beside the call.")
    active = fields.Boolean(default=True)

    _days_in_order = models.Constraint(
        "CHECK (0 <= earliest_day AND earliest_day <= due_day AND due_day <= latest_day)",
        "The earliest day comes before the day, and the day before the latest one.",
    )
    _one_per_day = models.UniqueIndex("(plan_id, due_day) WHERE active", "The plan already has a point on this day.")

    @api.depends("due_day")
    def _compute_margins(self):
        for point in self:
            point.earliest_day, point.latest_day = window.margins(point.due_day)
