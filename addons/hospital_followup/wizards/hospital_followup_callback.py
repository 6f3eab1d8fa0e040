from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.hospital_base.gate.admission import next_allowed

from ..planning.hours import PARTS, at_time


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
        company = self.env["res.company"]
        today = company._to_hospital_clock(fields.Datetime.now())
        return self._agree(company._from_hospital_clock(at_time(today, PARTS["evening"])))

    def action_tomorrow(self):
        """When calls begin tomorrow."""
        company = self.env["res.company"]
        tomorrow = company._to_hospital_clock(fields.Datetime.now()) + timedelta(days=1)
        hours = self.env["hospital.contact"]._policy("call", "followup").hours
        return self._agree(company._from_hospital_clock(next_allowed(hours, at_time(tomorrow, PARTS["morning"]))))

    def action_pick(self):
        if not self.at:
            raise UserError(self.env._("At what time does the patient want to be called?"))
        return self._agree(self.at)

    def _agree(self, at):
        self.ensure_one()
        if at <= fields.Datetime.now():
            raise UserError(self.env._("This time has passed."))
        self.task_id._record("call_later", asked=at)
        return self.task_id.action_next()
