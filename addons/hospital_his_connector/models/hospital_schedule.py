from odoo import fields, models

from odoo.addons.hospital_base.service import Problem


class HospitalSchedule(models.Model):
    _inherit = "hospital.schedule"

    job = fields.Selection(
        selection_add=[("read_feeds", "Read feeds"), ("his_runs", "Do the queued runs of feeds")],
        ondelete={"read_feeds": "cascade", "his_runs": "cascade"},
    )
    # Those not in use too, or a schedule of one feed that is taken out of use would read all others.
    feed_ids = fields.Many2many(
        "hospital.his.feed", string="Feeds", help="Empty: all of them.", context={"active_test": False}
    )

    def _run_read_feeds(self):
        """Read the feeds, each in a run of its own; after a kill the runs go on where they were."""
        runs = self.env["hospital.his.run"]
        runs._interrupt_stale()
        begun = runs._do(runs._queue(self.feed_ids or self.feed_ids.search([("active", "=", True)]), "schedule"))
        if failed := begun.filtered(lambda run: run.state == "failed").feed_id:
            raise Problem(", ".join(failed.mapped("name")))

    def _run_his_runs(self):
        """What somebody has queued by hand, what waits for its next try, what a kill has left."""
        runs = self.env["hospital.his.run"]
        runs._interrupt_stale()
        runs._queue_again()
        runs._do(runs.search([("state", "=", "queued")]))
