from odoo import api, fields, models


class HospitalHisRun(models.Model):
    """What hangs on the runs: comparisons."""

    _inherit = "hospital.his.run"

    origin = fields.Selection(selection_add=[("reconcile", "Reconciliation")], ondelete={"reconcile": "cascade"})

    @api.model
    def _cron_exchange(self):
        super()._cron_exchange()
        checks = self.env["hospital.his.reconciliation"]
        checks._work(*self.env["hospital.his.feed"]._deadlines())
        if checks.search_count([("state", "=", "queued")], limit=1):
            self.env.ref("hospital_his_connector.ir_cron_exchange")._trigger()
