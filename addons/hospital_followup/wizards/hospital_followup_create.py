from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import SQL

# Days after its day until a single follow-up is overdue.
SINGLE_LATEST = 2


class HospitalFollowupCreate(models.TransientModel):
    """Follow-ups made by a person for chosen patients or visits: by a plan, or one on a day."""

    _name = "hospital.followup.create"
    _description = "Create Follow-ups"

    encounter_ids = fields.Many2many("hospital.encounter", string="Visits")
    kind = fields.Selection(
        [("plan", "All points of a plan"), ("single", "One follow-up")], required=True, default="plan"
    )
    plan_id = fields.Many2one("hospital.followup.plan")
    single_date = fields.Date(string="On", default=lambda self: self.env["res.company"]._hospital_today())
    mode = fields.Selection(
        [("central", "Follow-up centre"), ("ward", "Treating doctor")], required=True, default="central", string="By"
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        domain=lambda self: self.env["hospital.followup.task"]._owner_domain(),
        help="Empty: by the usual assignment.",
        ondelete="cascade",
    )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        ids = self.env.context.get("active_ids") or []
        encounters = self.env["hospital.encounter"]
        if self.env.context.get("active_model") == "hospital.encounter":
            encounters = encounters.browse(ids)
        elif self.env.context.get("active_model") == "res.partner":
            encounters = self._last_stays(ids)
        return values | {"encounter_ids": [Command.set(encounters._filtered_access("read").ids)]}

    @api.model
    def _last_stays(self, patient_ids):
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (patient_id) id FROM hospital_encounter
                    WHERE patient_id = ANY(%s) AND state = 'finished'
                    ORDER BY patient_id, encounter_class <> 'inpatient', admitted_at DESC""",
                list(patient_ids),
            )
        )
        return self.env["hospital.encounter"].browse(encounter_id for (encounter_id,) in rows)

    def action_create(self):
        self.ensure_one()
        if not self.env.user._has_hospital_role("supervisor", "doctor", "nurse", "functional"):
            raise AccessError(self.env._("Your role does not create follow-ups."))
        self.env["hospital.followup.task"]._require_owner(self.user_id)
        if not self.encounter_ids:
            raise UserError(self.env._("None of the chosen patients has a finished visit."))
        self.encounter_ids.check_access("read")
        enrolments = self._enrol(self.encounter_ids.sudo())
        self.env["hospital.followup.task"].sudo()._reconcile(enrolments.encounter_id)
        tasks = self._plan_single(enrolments) if self.kind == "single" else enrolments.task_ids
        if self.user_id:
            tasks.filtered(lambda task: task.state == "open").write({"user_id": self.user_id.id, "reassigned": True})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Created Follow-ups"),
            "res_model": "hospital.followup.task",
            "view_mode": "list,form",
            "domain": [("id", "in", tasks.ids)],
        }

    def _plan(self):
        return self.plan_id if self.kind == "plan" else self.env.ref("hospital_followup.plan_single")

    def _enrol(self, encounters):
        """A person's choice of a plan overrides a rule's; one more follow-up leaves the running plan alone."""
        Enrolment = self.env["hospital.followup.enrolment"].sudo()
        enrolments = Enrolment.browse()
        for mode, group in encounters.grouped(self._mode_of).items():
            known = Enrolment.search([("encounter_id", "in", group.ids), ("mode", "=", mode)])
            if self.kind == "plan":
                known.write({"plan_id": self.plan_id.id, "rule_id": False, "state": "waiting", "reason": False})
            fresh = [
                {"encounter_id": visit.id, "patient_id": visit.patient_id.id, "mode": mode, "plan_id": self._plan().id}
                for visit in group - known.encounter_id
            ]
            enrolments |= known | Enrolment.create(fresh)
        return enrolments

    def _mode_of(self, encounter):
        shared = "central" if encounter.encounter_class == "inpatient" else "outpatient"
        return "ward" if self.mode == "ward" else shared

    def _plan_single(self, enrolments):
        """Add one task on the day to each follow-up that is not stopped; a second time changes nothing."""
        Task = self.env["hospital.followup.task"].sudo()
        planned = Task.search([("enrolment_id", "in", enrolments.ids), ("due_date", "=", self.single_date)])
        wanted = enrolments.filtered(lambda enrolment: not enrolment.reason) - planned.enrolment_id
        fresh = Task.create(
            [
                {
                    "enrolment_id": enrolment.id,
                    "plan_id": enrolment.plan_id.id,
                    "encounter_id": enrolment.encounter_id.id,
                    "patient_id": enrolment.patient_id.id,
                    "contact_id": (enrolment.patient_id.mother_id or enrolment.patient_id).id,
                    "mode": enrolment.mode,
                    "earliest_date": self.single_date,
                    "due_date": self.single_date,
                    "latest_date": self.single_date + timedelta(days=SINGLE_LATEST),
                }
                for enrolment in wanted
            ]
        )
        # The rest of a task (department, doctor, owner) is read off the visit.
        Task._reconcile(fresh.encounter_id)
        return planned | fresh
