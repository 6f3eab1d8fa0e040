from odoo import api, fields, models


class HospitalHisRun(models.Model):
    """The board shows the runs, so that it has to know of each; and they are found by what it asks for."""

    _inherit = "hospital.his.run"

    origin = fields.Selection(selection_add=[("reconcile", "Reconciliation")], ondelete={"reconcile": "cascade"})

    _feed_index = models.Index("(feed_id, id DESC)")
    _failed_index = models.Index("(feed_id, finished_at) WHERE state = 'failed'")
    _read_index = models.Index("(feed_id, id DESC) WHERE state = 'done' AND read_count > 0")
    _started_index = models.Index("(started_at)")

    @api.model_create_multi
    def create(self, vals_list):
        self.env["hospital.his.board"]._changed()
        return super().create(vals_list)

    def write(self, vals):
        if "state" in vals:
            self.env["hospital.his.board"]._changed()
        return super().write(vals)
