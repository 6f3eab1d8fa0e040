from odoo import models

from ..exchange.limits import Limits


class HospitalHisSource(models.Model):
    """The way from a connection to its feeds."""

    _inherit = "hospital.his.source"

    def action_new_feed(self):
        """Choose a table or write a query, see its columns, map them."""
        self.ensure_one()
        return self.env["hospital.his.look"]._begin(self)

    def _short_limits(self, patience):
        """Of a reading that a person waits for."""
        return Limits(self.connect_timeout, min(patience, self.silence_timeout), self.connect_timeout + patience)
