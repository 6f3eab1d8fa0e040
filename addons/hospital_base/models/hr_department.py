from odoo import api, fields, models


class HrDepartment(models.Model):
    _inherit = "hr.department"

    code = fields.Char(index="btree_not_null")
    kind = fields.Selection(
        [
            ("clinical", "Clinical department"),
            ("ward", "Ward"),
            ("medtech", "Medical technology"),
            ("functional", "Functional department"),
        ],
        index="btree_not_null",
    )
    campus = fields.Char()
    phone = fields.Char()
    source_id = fields.Many2one("hospital.his.source", index="btree_not_null", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)
    followup_substitute_id = fields.Many2one(
        "hr.employee",
        string="Follow-up Substitute",
        help="Takes the ward follow-ups of patients whose doctor and nurse have no account.",
    )
    in_my_scope = fields.Boolean(
        compute="_compute_in_my_scope", search="_search_in_my_scope", export_string_translation=False
    )

    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of a department must be unique."
    )

    @api.depends_context("uid")
    def _compute_in_my_scope(self):
        """A rule asks the search for a list, and this for the records of a form."""
        mine = set(self.env["hospital.scope"]._department_ids_of(self.env.user))
        for department in self:
            department.in_my_scope = department.id in mine

    @api.model
    def _search_in_my_scope(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("id", "in", self.env["hospital.scope"]._department_ids_of(self.env.user))]
