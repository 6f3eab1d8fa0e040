from odoo import fields, models


class HospitalFollowupTask(models.Model):
    """A message about a follow-up: no attempt to reach the patient, but part of the task's history."""

    _name = "hospital.followup.task"
    _inherit = ["hospital.followup.task", "hospital.message.subject"]

    message_ids = fields.One2many(
        "hospital.message", "res_id", domain=[("res_model", "=", "hospital.followup.task")], string="Messages"
    )

    def _message_words(self):
        return self.env["hospital.encounter"]._message_words()

    def _message_patients(self):
        """Whom the hospital speaks to: of a newborn the mother."""
        return {task.id: task.contact_id for task in self}

    def _message_values(self):
        own, visits = super()._message_values(), self.encounter_id._message_values()
        return {task.id: visits[task.encounter_id.id] | own[task.id] for task in self}

    def _message_subjects(self):
        return super()._message_subjects() | {"hospital.encounter": self.encounter_id}

    def _message_terms(self):
        return super()._message_terms() | {"purpose": "followup"}
