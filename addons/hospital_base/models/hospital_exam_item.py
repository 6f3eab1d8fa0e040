from odoo import fields, models

EXAM_KINDS = [("lab", "Laboratory"), ("exam", "Examination")]


class HospitalExamItem(models.Model):
    """A laboratory test or an examination that the hospital offers."""

    _name = "hospital.exam.item"
    _description = "Laboratory or Examination Item"
    _inherit = ["hospital.search.mixin"]
    _order = "name, id"
    _search_key_fields = ("name", "alias", "code")

    source_id = fields.Many2one("hospital.his.source", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)
    code = fields.Char(index="btree_not_null")
    name = fields.Char(required=True)
    alias = fields.Char(help="What people call it, such as 彩超 or ALT.")
    kind = fields.Selection(EXAM_KINDS, required=True, default="lab")
    department_id = fields.Many2one("hr.department", index="btree_not_null", ondelete="restrict")
    price = fields.Float(digits=(12, 2), aggregator="avg")
    specimen = fields.Char()
    preparation = fields.Text(
        help="What the patient has to mind beforehand: fasting, a full bladder, medicine left out."
    )
    turnaround = fields.Char(string="Report After", help="Until when the report is there, such as 2 hours.")
    place = fields.Char(help="Where the patient goes.")
    active = fields.Boolean(default=True)

    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of an item must be unique."
    )
    _price_sensible = models.Constraint("CHECK (price >= 0)", "A price cannot be below nothing.")
