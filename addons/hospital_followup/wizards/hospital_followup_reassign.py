from odoo import fields, models
from odoo.exceptions import AccessError

from ..models.hospital_followup_task import OPEN_STATES


class HospitalFollowupReassign(models.TransientModel):
    _name = "hospital.followup.reassign"
    _description = "Hand Follow-ups over"

    task_ids = fields.Many2many("hospital.followup.task", required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users",
        required=True,
        string="New Owner",
        domain=lambda self: self.env["hospital.followup.task"]._owner_domain(),
        ondelete="cascade",
    )

    def action_reassign(self):
        if not self.env.user._has_hospital_role("supervisor", "head", "functional"):
            raise AccessError(self.env._("Only those in charge hand follow-ups over."))
        self.env["hospital.followup.task"]._require_owner(self.user_id)
        self.task_ids.check_access("read")
        open_tasks = self.task_ids.sudo().filtered(lambda task: task.state in OPEN_STATES)
        open_tasks._release()
        open_tasks.write({"user_id": self.user_id.id, "reassigned": True})
        return {"type": "ir.actions.act_window_close"}
