from odoo import fields, models

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
    source_id = fields.Many2one("hospital.his.source", index="btree_not_null", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)

    _staff_no_unique = models.UniqueIndex(
        "(staff_no) WHERE staff_no IS NOT NULL", "Another employee already has this staff number."
    )
    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of an employee must be unique."
    )


class HrEmployeePublic(models.Model):
    _inherit = "hr.employee.public"

    staff_no = fields.Char(string="Staff Number", readonly=True)
    profession = fields.Selection(PROFESSIONS, readonly=True)
    professional_title = fields.Char(readonly=True)
