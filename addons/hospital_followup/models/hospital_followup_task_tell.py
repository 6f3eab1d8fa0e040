from odoo import fields, models


class HospitalFollowupTaskTell(models.Model):
    """A follow-up that is finished, or is taken back, is told to the HIS."""

    _inherit = "hospital.followup.task"

    def write(self, vals):
        if "state" not in vals:
            return super().write(vals)
        before = self._finished()
        result = super().write(vals)
        after = self._finished()
        for task in (after - before) | (before - after):
            task._tell_his()
        return result

    def _finished(self):
        return self.filtered(lambda task: task.state == "done")

    def _tell_his(self):
        task = self.sudo()
        now = fields.Datetime.now()
        values = {
            "followed": task.state == "done",
            "at": fields.Datetime.to_string(task.done_at or now),
            "by": task.done_by.employee_id.staff_no,
            "result": task.condition,
        }
        task.encounter_id._tell_his("followed_up", f"{task.id}-{task.state}-{now:%Y%m%d%H%M%S}", values)
