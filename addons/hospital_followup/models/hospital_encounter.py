from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# What a follow-up depends on, when a person corrects a visit by hand.
FOLLOWED_FIELDS = {
    "patient_id",
    "state",
    "discharged_at",
    "discharge_date",
    "department_id",
    "ward_id",
    "attending_id",
    "nurse_id",
    "disposition",
    "diagnosis_code",
}


class HospitalEncounter(models.Model):
    _inherit = "hospital.encounter"

    followup_task_ids = fields.One2many("hospital.followup.task", "encounter_id", string="Follow-ups")

    def _after_exchange(self, created, changed):
        super()._after_exchange(created, changed)
        self.env["hospital.followup.task"]._reconcile(self)

    def write(self, vals):
        result = super().write(vals)
        if FOLLOWED_FIELDS & vals.keys():
            self.env["hospital.followup.task"].sudo()._reconcile(self)
        return result

    @api.model
    def _visible_domain(self, user):
        """Who has a task in hand, or watches over it, sees the visit it is about."""
        tasks = self.env["hospital.followup.task"]._in_hand_queries(user, "encounter_id")
        return super()._visible_domain(user) | Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s = ANY(ARRAY(%s))", SQL.identifier(alias, "id"), SQL(" UNION ALL ").join(tasks)
            )
        )
