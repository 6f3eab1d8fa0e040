from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.hospital_base.models.hospital_schedule import WEEKDAYS


class HospitalFollowupWorker(models.Model):
    """The roster of the follow-up centre: who works on which days."""

    _name = "hospital.followup.worker"
    _description = "Follow-up Worker"
    _order = "user_id"
    _rec_name = "user_id"

    user_id = fields.Many2one(
        "res.users", required=True, ondelete="cascade", string="Worker", domain=[("share", "=", False)]
    )
    active = fields.Boolean(default=True)
    monday = fields.Boolean(default=True)
    tuesday = fields.Boolean(default=True)
    wednesday = fields.Boolean(default=True)
    thursday = fields.Boolean(default=True)
    friday = fields.Boolean(default=True)
    saturday = fields.Boolean()
    sunday = fields.Boolean()
    away_from = fields.Date()
    away_to = fields.Date()
    capacity = fields.Integer(help="No new patients above this many tasks at hand; 0: no limit.")

    _user_unique = models.UniqueIndex("(user_id)", "This person is already on the roster.")
    _away_in_order = models.Constraint(
        "CHECK (away_from IS NULL OR away_to IS NULL OR away_from <= away_to)",
        "An absence cannot end before it begins.",
    )
    _capacity_positive = models.Constraint("CHECK (capacity >= 0)", "The limit must be positive.")

    @api.model
    def _on_duty(self, day):
        workers = self.search(
            [(WEEKDAYS[day.weekday()], "=", True), ("active", "=", True), ("user_id.active", "=", True)]
        )
        return workers - workers._away(day)

    @api.model
    def _gone(self):
        """Return who has left the roster."""
        return self.search([("active", "=", False)])

    @api.model
    def _away(self, day):
        """Return who is on leave."""
        begun = Domain("away_from", "=", False) | Domain("away_from", "<=", day)
        not_over = Domain("away_to", "=", False) | Domain("away_to", ">=", day)
        known = Domain("away_from", "!=", False) | Domain("away_to", "!=", False)
        return self.search(begun & not_over & known)
