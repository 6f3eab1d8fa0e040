from odoo import models

from .hospital_followup_task import OPEN_STATES


class HrEmployee(models.Model):
    _inherit = "hr.employee"

    def write(self, vals):
        result = super().write(vals)
        if "active" in vals:
            self._hand_over_ward_followups()
        return result

    def _hand_over_ward_followups(self):
        """Who leaves, or comes back: the ward tasks of the patients find their owner anew."""
        tasks = self.env["hospital.followup.task"].sudo()
        theirs = [
            ("mode", "=", "ward"),
            ("state", "in", OPEN_STATES),
            "|",
            ("encounter_id.attending_id", "in", self.ids),
            ("encounter_id.nurse_id", "in", self.ids),
        ]
        tasks._reconcile(tasks.search(theirs).encounter_id)
