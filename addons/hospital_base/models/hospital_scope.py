from odoo import fields, models
from odoo.fields import Domain


class HospitalScope(models.Model):
    """Who is in charge of which departments, from when to when (分管权限)."""

    _name = "hospital.scope"
    _description = "Delegated Scope"
    _order = "date_from desc, id desc"
    _rec_name = "user_id"

    user_id = fields.Many2one("res.users", required=True, index=True, ondelete="cascade", string="Person in Charge")
    kind = fields.Selection(
        [("head", "Head of department"), ("delegated", "Leader in charge"), ("cover", "Cover during leave")],
        required=True,
        default="delegated",
    )
    department_ids = fields.Many2many("hr.department", required=True, string="Departments")
    date_from = fields.Date(required=True, default=fields.Date.context_today, string="From")
    date_to = fields.Date(string="To", help="Empty: until further notice.")
    reason = fields.Char()

    _dates_in_order = models.Constraint(
        "CHECK (date_to IS NULL OR date_to >= date_from)", "A scope cannot end before it begins."
    )

    def _department_ids_of(self, user):
        """Ids of the departments ``user`` is in charge of today, sub-departments included.

        A nurse is in charge of the own ward, a head of the own department and of those he or she
        manages; every active scope row adds its departments, whatever the role.
        """
        departments = self.sudo().search(self._active_domain(user)).department_ids
        own = user.sudo().employee_ids.department_id
        if user._has_hospital_role("head"):
            departments |= own | own.search([("manager_id.user_id", "=", user.id)])
        elif user._has_hospital_role("nurse"):
            departments |= own.filtered(lambda department: department.kind == "ward")
        if not departments:
            return []
        return departments.sudo().search([("id", "child_of", departments.ids)]).ids

    def _clinical_department_ids_of(self, user):
        """The same for those who treat patients: a leader in charge sees figures and cases, no patient."""
        return self._department_ids_of(user) if user._has_hospital_role("doctor", "nurse") else []

    def _active_domain(self, user):
        today = self.env["res.company"]._hospital_today()
        return Domain("user_id", "=", user.id) & Domain("date_from", "<=", today) & (
            Domain("date_to", "=", False) | Domain("date_to", ">=", today)
        )
