from odoo import fields, models


class HospitalHisOutboxDiscard(models.TransientModel):
    """Why writes are not to reach the HIS any more."""

    _name = "hospital.his.outbox.discard"
    _description = "Discard Writes"

    write_ids = fields.Many2many("hospital.his.outbox", default=lambda self: self.env.context.get("active_ids"))
    note = fields.Char(required=True, string="Reason")

    def action_discard(self):
        self.write_ids._discard(self.note)
