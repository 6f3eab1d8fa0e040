from odoo import models


class HospitalHisSource(models.Model):
    """The way from a connection to its feeds."""

    _inherit = "hospital.his.source"

    def action_new_feed(self):
        """Choose a table or write a query, see its columns, map them."""
        self.ensure_one()
        return self.env["hospital.his.look"]._begin(self)
