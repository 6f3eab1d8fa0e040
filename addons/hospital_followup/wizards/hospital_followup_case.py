from odoo import api, fields, models


class HospitalFollowupCase(models.TransientModel):
    """A complaint, praise or suggestion heard in a follow-up: two taps and the patient's words."""

    _name = "hospital.followup.case"
    _description = "Case from a Follow-up"

    task_id = fields.Many2one("hospital.followup.task", required=True, readonly=True, ondelete="cascade")
    kind = fields.Selection(
        [("complaint", "Complaint"), ("praise", "Praise"), ("suggestion", "Suggestion")],
        required=True,
        default="complaint",
    )
    department_id = fields.Many2one(
        "hr.department",
        string="Department Concerned",
        compute="_compute_department_id",
        store=True,
        readonly=False,
    )
    severity = fields.Selection([("low", "Minor"), ("normal", "Normal"), ("high", "Serious")], default="normal")
    description = fields.Text(required=True)

    @api.depends("task_id")
    def _compute_department_id(self):
        for wizard in self:
            wizard.department_id = wizard.task_id.department_id

    def action_create(self):
        self.ensure_one()
        self.task_id.check_access("read")
        task = self.task_id.sudo()
        self.env["hospital.case"].create(
            {
                "kind": self.kind,
                "patient_id": task.patient_id.id,
                "encounter_id": task.encounter_id.id,
                "department_id": self.department_id.id,
                "severity": self.severity,
                "description": self.description,
                "res_model": task._name,
                "res_id": task.id,
            }
        )
        return {"type": "ir.actions.act_window_close"}
