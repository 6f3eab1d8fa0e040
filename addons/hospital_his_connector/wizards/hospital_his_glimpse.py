from datetime import timedelta

from odoo import api, fields, models


class HospitalHisGlimpse(models.AbstractModel):
    """A dialog that holds patients' data while it is used, and an hour longer at most."""

    _name = "hospital.his.glimpse"
    _description = "Look at Data of the HIS"

    _transient_max_hours = 1

    @api.model_create_multi
    def create(self, vals_list):
        # Odoo cleans up once a day; what is shown here shall not stay that long.
        again_at = fields.Datetime.now() + timedelta(hours=self._transient_max_hours, minutes=1)
        self.env.ref("base.autovacuum_job").sudo()._trigger(at=again_at)
        return super().create(vals_list)

    def action_forget(self):
        """Close the dialog; nothing of it is kept."""
        self.unlink()
        return {"type": "ir.actions.act_window_close"}

    def _dialog(self, name):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }
