from odoo import fields, models
from odoo.fields import Domain

PROFESSIONS = [
    ("doctor", "Doctor"),
    ("nurse", "Nurse"),
    ("medtech", "Medical technologist"),
    ("admin", "Administrative staff"),
    ("logistics", "Logistics"),
]


class HrEmployee(models.Model):
    _inherit = "hr.employee"

    staff_no = fields.Char(string="Staff Number", copy=False)
    profession = fields.Selection(PROFESSIONS)
    professional_title = fields.Char()
    specialty = fields.Char(help="What the doctor is known for; told to callers who ask for a clinic.")
    source_id = fields.Many2one("hospital.his.source", index="btree_not_null", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)

    _staff_no_unique = models.UniqueIndex(
        "(staff_no) WHERE staff_no IS NOT NULL", "Another employee already has this staff number."
    )
    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of an employee must be unique."
    )

    def write(self, vals):
        result = super().write(vals)
        if "user_id" in vals:
            # Whoever gets the account later sees the earlier patients; whoever loses it does not.
            self._refresh_care()
        return result

    def _refresh_care(self):
        Encounter = self.env["hospital.encounter"].sudo()
        fields_of_care = ("attending_id", "resident_id", "nurse_id")
        treated = Encounter.search(Domain.OR(Domain(field, "in", self.ids) for field in fields_of_care))
        self.env["res.partner"].sudo()._refresh_care(treated.patient_id.ids)


class HrEmployeePublic(models.Model):
    _inherit = "hr.employee.public"

    staff_no = fields.Char(string="Staff Number", readonly=True)
    profession = fields.Selection(PROFESSIONS, readonly=True)
    professional_title = fields.Char(readonly=True)
    specialty = fields.Char(readonly=True)
