from datetime import time, timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from ..planning import hours


class HospitalFollowupCallback(models.TransientModel):
    """The patient asks to be called at another time: two taps for the usual ones."""

    _name = "hospital.followup.callback"
    _description = "Agree on a Call-back"

    task_id = fields.Many2one("hospital.followup.task", required=True, readonly=True, ondelete="cascade")
    at = fields.Datetime(string="Another Time")

    def action_half_hour(self):
        return self._agree(fields.Datetime.now() + timedelta(minutes=30))

    def action_two_hours(self):
        return self._agree(fields.Datetime.now() + timedelta(hours=2))

    def action_evening(self):
        return self._agree(self._on_clock(hours.EVENING[0]))

    def action_tomorrow(self):
        return self._agree(self._on_clock(hours.MORNING[0], days=1))

    def action_pick(self):
        if not self.at:
            raise UserError(self.env._("At what time does the patient want to be called?"))
        return self._agree(self.at)

    def _on_clock(self, clock: time, days=0):
        company = self.env["res.company"]
        local = company._to_hospital_clock(fields.Datetime.now()) + timedelta(days=days)
        return company._from_hospital_clock(hours.at_time(local, clock))

    def _agree(self, at):
        self.ensure_one()
        if at <= fields.Datetime.now():
            raise UserError(self.env._("This time has passed."))
        self.task_id._record("call_later", asked=at)
        return self.task_id.action_next()
