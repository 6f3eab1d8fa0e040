from odoo import fields, models

from .hospital_message_figure import CHANGING_DAYS, NIGHTLY_DAYS


class HospitalSchedule(models.Model):
    _inherit = "hospital.schedule"

    job = fields.Selection(
        selection_add=[
            ("message_words", "Index the words of messages"),
            ("message_figures", "Count messages"),
            ("message_export", "Write exports of messages"),
            ("message_night", "Remove old messages and exports, count the last month again"),
        ],
        ondelete={
            "message_words": "cascade",
            "message_figures": "cascade",
            "message_export": "cascade",
            "message_night": "cascade",
        },
    )

    def _run_message_words(self):
        self.env["hospital.message.block"]._extend_all()

    def _run_message_figures(self):
        self.env["hospital.message.figure"]._refresh_changing(CHANGING_DAYS)

    def _run_message_export(self):
        self.env["hospital.message.export"]._run_waiting()

    def _run_message_night(self):
        self.env["hospital.message.export"]._drop_old()
        self.env["hospital.message.deletion"]._run_retention()
        self.env["hospital.message.figure"]._refresh_changing(NIGHTLY_DAYS)
