"""Departments and employees: few rows with many rules of Odoo's behind them, so the ORM writes them."""

from odoo.tools import SQL

from ..exchange.targets import KINDS
from .loader import QUIET, Loader

_MODELS = {"department": "hr.department", "employee": "hr.employee"}


class _OrmLoader(Loader):
    """``plain`` names what is copied as it is; ``code`` adopts a record that was made by hand."""

    plain: dict[str, str] = {}
    links: dict[str, str] = {}
    code = ""

    def _find(self):
        super()._find()
        if self.code in self.names:
            self._run(
                """UPDATE his_stage stage SET res_id = target.id, is_new = FALSE
                     FROM (SELECT %(code)s AS code, min(id) AS id FROM %(table)s
                            WHERE external_id IS NULL GROUP BY 1 HAVING count(*) = 1) target
                    WHERE stage.is_new AND target.code = stage.%(code)s""",
                code=SQL.identifier(self.code),
                table=SQL.identifier(self.table),
            )

    def _write(self):
        self.cr.execute("SELECT * FROM his_stage ORDER BY line")
        rows = self.cr.dictfetchall()
        records = self.env[self.model].with_context(active_test=False, **QUIET)
        created = records.create([self._record(row) for row in rows if row["is_new"]])
        new = [row for row in rows if row["is_new"]]
        if new:
            self.cr.execute_values(
                (
                    "UPDATE his_stage SET res_id = made.id "
                    "FROM (VALUES %s) AS made (line, id) WHERE his_stage.line = made.line"
                ),
                [(row["line"], record.id) for row, record in zip(new, created, strict=True)],
            )
        for row in rows:
            if not row["is_new"]:
                records.browse(row["res_id"]).write(self._record(row))
        self.env.flush_all()

    def _record(self, row):
        values = {"source_id": self.source_id, "external_id": row["external_id"]}
        values |= {field: row[name] for name, field in self.plain.items() if name in row and row[name] is not None}
        values |= {field: row[f"{name}_id"] for name, field in self.links.items() if f"{name}_id" in row}
        return values

    def _notify(self):
        """The ORM wrote: nothing to tell it."""

    def settle(self):
        """The department above may come later, the head of department comes with the employees."""
        self.cr.execute(
            "SELECT id, res_id, missing FROM hospital_his_link WHERE feed_id = %s AND missing IS NOT NULL",
            [self.feed.id],
        )
        links = self.cr.fetchall()
        found = {}
        for name in {name for _id, _res_id, missing in links for name in missing}:
            keys = [missing[name] for _id, _res_id, missing in links if name in missing]
            records = self.env[_MODELS[KINDS[self.kind][name].refers]].with_context(active_test=False)
            for record in records.search([("source_id", "=", self.source_id), ("external_id", "in", keys)]):
                found[name, record.external_id] = record.id
        settled = 0
        for link_id, res_id, missing in links:
            known = {name: found[name, key] for name, key in missing.items() if (name, key) in found}
            if known:
                settled += 1
                self.env[self.model].browse(res_id).write({self.links[name]: value for name, value in known.items()})
                self.cr.execute(
                    "UPDATE hospital_his_link SET missing = NULLIF(missing - %s::text[], '{}') WHERE id = %s",
                    [list(known), link_id],
                )
        return settled


class DepartmentLoader(_OrmLoader):
    """``hr.department``."""

    model = "hr.department"
    code = "code"
    plain = {name: name for name in ("name", "code", "kind", "campus", "phone", "active")}
    links = {"parent": "parent_id", "manager": "manager_id", "substitute": "followup_substitute_id"}


class EmployeeLoader(_OrmLoader):
    """``hr.employee``. Who left is archived; the account stays as the administrator set it."""

    model = "hr.employee"
    code = "staff_no"
    plain = {name: name for name in ("name", "staff_no", "profession", "professional_title", "active")} | {
        "phone": "work_phone"
    }
    links = {"department": "department_id"}
