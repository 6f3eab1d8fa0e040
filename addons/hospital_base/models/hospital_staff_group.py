from odoo import fields, models


class HospitalStaffGroup(models.Model):
    _name = "hospital.staff.group"
    _description = "Staff Group"
    _order = "name"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    employee_ids = fields.Many2many("hr.employee", string="Members")
    note = fields.Text()

    _name_unique = models.UniqueIndex("(name)", "A staff group with this name exists already.")
