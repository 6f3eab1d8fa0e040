from odoo import fields, models


class HospitalDirectoryEntry(models.Model):
    """The leaders' directory: who holds which post and how to reach him or her."""

    _name = "hospital.directory.entry"
    _description = "Leaders' Directory"
    _inherit = ["hospital.search.mixin"]
    _order = "level desc, sequence, id"
    _search_key_fields = ("name", "post", "department_id.name", "office_phone")

    source_id = fields.Many2one("hospital.his.source", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    post = fields.Char(required=True)
    level = fields.Selection(
        [("middle", "Middle management"), ("upper", "Hospital management")], required=True, default="middle"
    )
    department_id = fields.Many2one("hr.department", index="btree_not_null", ondelete="set null")
    office_phone = fields.Char()
    mobile = fields.Char(groups="hospital_base.group_leader_mobile")
    office = fields.Char(help="Building and room.")
    active = fields.Boolean(default=True)

    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of an entry must be unique."
    )
