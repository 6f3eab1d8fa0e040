from datetime import timedelta

from odoo import fields, models


class HospitalSchedule(models.Model):
    """What keeps the data exchange in order at night."""

    _inherit = "hospital.schedule"

    job = fields.Selection(
        selection_add=[
            ("compare_feeds", "Compare feeds with the HIS"),
            ("his_comparisons", "Do the queued comparisons"),
            ("prune_his", "Clear old records of the data exchange away"),
        ],
        ondelete=dict.fromkeys(("compare_feeds", "his_comparisons", "prune_his"), "cascade"),
    )

    def _run_compare_feeds(self):
        checks = self.env["hospital.his.reconciliation"]
        checks._queue(self.feed_ids or self.env["hospital.his.feed"].search([("active", "=", True)]))
        self._run_his_comparisons()

    def _run_his_comparisons(self):
        """A feed that is being read is compared a little later."""
        checks = self.env["hospital.his.reconciliation"]
        checks._work(*self.env["hospital.his.feed"]._deadlines())
        if checks.search_count([("state", "=", "queued")], limit=1):
            checks._call(fields.Datetime.now() + timedelta(minutes=2))

    def _run_prune_his(self):
        self.env["hospital.his.pruning"]._prune()
