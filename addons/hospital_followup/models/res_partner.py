from odoo import api, fields, models

# What stops or redirects every follow-up of a patient.
FOLLOWED_FIELDS = {"deceased", "do_not_contact", "consent", "is_test_patient", "mother_id"}


class ResPartner(models.Model):
    _inherit = "res.partner"

    followup_task_ids = fields.One2many("hospital.followup.task", "patient_id", string="Follow-ups")

    def _after_exchange(self, created, changed):
        super()._after_exchange(created, changed)
        changed._reconcile_followup()

    def write(self, vals):
        result = super().write(vals)
        if FOLLOWED_FIELDS & vals.keys():
            patients = self.filtered("is_patient")
            if vals.get("deceased") is False:
                patients._reopen_taken_for_dead()
            patients._reconcile_followup()
        return result

    def _reopen_taken_for_dead(self):
        """What a person closed because of the death is nobody's verdict any more."""
        tasks = self.env["hospital.followup.task"].sudo()
        closed = tasks.search(
            [("patient_id", "in", self.ids), ("close_reason", "=", "death"), ("done_by", "!=", False)]
        )
        closed.write({"done_by": False, "done_at": False})

    def _reconcile_followup(self):
        """Bring the follow-ups of these patients into line with them."""
        if self:
            enrolments = self.env["hospital.followup.enrolment"].sudo().search([("patient_id", "in", self.ids)])
            self.env["hospital.followup.task"].sudo()._reconcile(enrolments.encounter_id)

    @api.model
    def _visible_patient_queries(self, user):
        """Who has a task in hand sees its patient and whom to call."""
        tasks = self.env["hospital.followup.task"]
        return super()._visible_patient_queries(user) + [
            *tasks._in_hand_queries(user, "patient_id"),
            *tasks._in_hand_queries(user, "contact_id"),
        ]
