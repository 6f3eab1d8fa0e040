from odoo import fields, models


class HrDepartment(models.Model):
    _name = "hr.department"
    _inherit = ["hr.department", "hospital.search.mixin"]


class HrEmployee(models.Model):
    _name = "hr.employee"
    _inherit = ["hr.employee", "hospital.search.mixin"]

    search_keys = fields.Text(groups="hr.group_hr_user")
    search_text = fields.Char(groups="hr.group_hr_user")
