from odoo import fields, models

from odoo.addons.hospital_base.service import Problem


class HospitalSchedule(models.Model):
    _inherit = "hospital.schedule"

    job = fields.Selection(
        selection_add=[("compare_bookings", "Compare bookings with the HIS")], ondelete={"compare_bookings": "cascade"}
    )

    def _run_compare_bookings(self):
        if failed := self.env["hospital.his.booking"]._compare_all():
            self.env.cr.commit()  # pylint: disable=invalid-commit; what was compared stands
            raise Problem(", ".join(failed))
