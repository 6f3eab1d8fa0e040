from odoo import api, fields, models
from odoo.exceptions import AccessError


class HospitalHisStop(models.Model):
    """The stop switch: while a stop stands, nothing is written to this system, or to any; what waits is kept."""

    _name = "hospital.his.stop"
    _inherit = ["hospital.his.message"]
    _description = "Stop of Writing"
    _order = "id desc"
    _rec_name = "reason"

    source_id = fields.Many2one("hospital.his.source", ondelete="cascade", help="Empty: no system is written to.")
    reason = fields.Char(required=True)
    lifted_at = fields.Datetime(readonly=True)
    lifted_by = fields.Many2one("res.users", readonly=True)

    _one_in_force = models.UniqueIndex(
        "(COALESCE(source_id, 0)) WHERE lifted_at IS NULL", "Writing is already stopped there."
    )

    def write(self, vals):
        if not self.env.su and vals:
            raise AccessError(self.env._("A stop is lifted, not changed."))
        return super().write(vals)

    @api.model
    def _of(self, source):
        """The stop that holds ``source``, if any."""
        in_force = [("lifted_at", "=", False), ("source_id", "in", (source.id, False))]
        return self.sudo().search(in_force, limit=1)

    def action_lift(self):
        """Write again; what was held back goes first."""
        self.check_access("write")
        values = {"lifted_at": fields.Datetime.now(), "lifted_by": self.env.uid}
        self.filtered(lambda stop: not stop.lifted_at).sudo().write(values)
        self.env["hospital.service"]._wake("exchange")
