from odoo import models


class HospitalHisOutbox(models.Model):
    """A booking goes on when the HIS has taken its step, or turns back when it has refused it."""

    _inherit = "hospital.his.outbox"

    def _after_writing(self):
        super()._after_writing()
        for booking in self.env["hospital.his.booking"].search([("owed_id", "in", self.ids)]):
            if booking.owed_id.state == "done":
                booking._stepped()
            elif booking.owed_id.state == "dead":
                booking._refused()
