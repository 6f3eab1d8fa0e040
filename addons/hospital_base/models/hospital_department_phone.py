from odoo import api, fields, models


class HospitalDepartmentPhone(models.Model):
    """A telephone of a department and what it is for."""

    _name = "hospital.department.phone"
    _description = "Department Phone"
    _inherit = ["hospital.search.mixin"]
    _order = "department_id, sequence, id"
    _search_key_fields = ("department_id.name", "purpose", "number", "place")

    source_id = fields.Many2one("hospital.his.source", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)
    department_id = fields.Many2one("hr.department", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    number = fields.Char(required=True)
    purpose = fields.Char(help="Nurses' station, doctor on duty, appointments …")
    place = fields.Char()
    hours = fields.Char(help="When somebody answers, such as 8:00–17:30.")
    active = fields.Boolean(default=True)

    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of a telephone must be unique."
    )

    @api.depends("department_id", "purpose", "number")
    def _compute_display_name(self):
        for phone in self:
            parts = [phone.department_id.name, phone.purpose, phone.number]
            phone.display_name = " · ".join(part for part in parts if part)
