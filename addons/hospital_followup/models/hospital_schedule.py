from odoo import fields, models


class HospitalSchedule(models.Model):
    _inherit = "hospital.schedule"

    job = fields.Selection(
        selection_add=[
            ("followup_generate", "Generate follow-up tasks"),
            ("followup_assign", "Assign and expire follow-up tasks"),
            ("followup_release", "Put follow-up tasks left in the middle back on the list"),
        ],
        ondelete={
            "followup_generate": "cascade",
            "followup_assign": "cascade",
            "followup_release": "cascade",
        },
    )

    def _run_followup_generate(self):
        self.env["hospital.followup.task"]._generate()

    def _run_followup_assign(self):
        tasks = self.env["hospital.followup.task"]
        tasks._expire()
        tasks._assign()

    def _run_followup_release(self):
        self.env["hospital.followup.task"]._release_left()
