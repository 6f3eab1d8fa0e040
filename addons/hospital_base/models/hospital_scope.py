from odoo import fields, models
from odoo.tools import SQL


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
        head, nurse = user._has_hospital_role("head"), user._has_hospital_role("nurse")
        for model in ("hospital.scope", "hr.employee", "hr.version", "hr.department"):
            self.env[model].flush_model()
        # One query: it runs at every search of a patient.
        rows = self.env.execute_query(
            SQL(
                """
                WITH own AS (
                    SELECT employee.id, version.department_id
                      FROM hr_employee employee JOIN hr_version version ON version.id = employee.current_version_id
                     WHERE employee.user_id = %(user)s AND employee.active
                ), charge AS (
                    SELECT relation.hr_department_id AS id
                      FROM hospital_scope scope
                      JOIN hospital_scope_hr_department_rel relation ON relation.hospital_scope_id = scope.id
                     WHERE scope.user_id = %(user)s AND scope.date_from <= %(today)s
                       AND (scope.date_to IS NULL OR scope.date_to >= %(today)s)
                     UNION ALL
                    SELECT own.department_id FROM own JOIN hr_department department ON department.id = own.department_id
                     WHERE %(head)s OR (%(nurse)s AND department.kind = 'ward')
                     UNION ALL
                    SELECT department.id FROM hr_department department JOIN own ON own.id = department.manager_id
                     WHERE %(head)s
                )
                SELECT DISTINCT department.id
                  FROM charge JOIN hr_department parent ON parent.id = charge.id
                  JOIN hr_department department ON starts_with(department.parent_path, parent.parent_path)
                 WHERE department.active
                 ORDER BY department.id
                """,
                user=user.id,
                today=self.env["res.company"]._hospital_today(),
                head=head,
                nurse=nurse,
            )
        )
        return [department_id for (department_id,) in rows]

    def _clinical_department_ids_of(self, user):
        """The same for those who treat patients: a leader in charge sees figures and cases, no patient."""
        return self._department_ids_of(user) if user._has_hospital_role("doctor", "nurse") else []
