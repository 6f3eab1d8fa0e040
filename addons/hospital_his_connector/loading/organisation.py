"""Departments and employees: few rows with many rules of Odoo's behind them, so the ORM writes them."""

from odoo.tools import SQL

from ..exchange.targets import KINDS
from .loader import QUIET, Loader


class OrmLoader(Loader):
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
        for name in self.links:
            if not KINDS[self.kind][name].soft:
                continue
            self._run("SELECT res_id, id FROM %s late", self._late(name))
            found = dict(self.cr.fetchall())
            for record in self.env[self.model].browse(found).exists():
                record.write({self.links[name]: found[record.id]})
            self._forget_missing(name)
        self.env.flush_all()
        return ()


class DepartmentLoader(OrmLoader):
    """``hr.department``. Odoo refuses a tree with a circle in it, so parents are given when all are known."""

    model = "hr.department"
    code = "code"
    plain = {name: name for name in ("name", "code", "kind", "campus", "phone", "active")}
    links = {"manager": "manager_id", "substitute": "followup_substitute_id"}

    def _write(self):
        super()._write()
        if "parent" in self.names:
            self.cr.execute("SELECT res_id, parent_id FROM his_stage")
            circular = self._place(dict(self.cr.fetchall()))
            # Noted as missing: the parent is given as soon as the HIS has mended the circle.
            self.cr.execute("UPDATE his_stage SET parent_id = NULL WHERE res_id = ANY(%s)", [circular])

    def settle(self):
        super().settle()
        self._run("SELECT late.link_id, late.res_id, late.id FROM %s late", self._late("parent"))
        links = self.cr.fetchall()
        if not links:
            return ()
        circular = self._place({res_id: parent_id for _link_id, res_id, parent_id in links})
        placed = [link_id for link_id, res_id, _parent_id in links if res_id not in circular]
        self.cr.execute(
            "UPDATE hospital_his_link SET missing = NULLIF(missing - 'parent', '{}') WHERE id = ANY(%s)", [placed]
        )
        if not circular:
            return ()
        self.cr.execute("SELECT external_id FROM hr_department WHERE id = ANY(%s) ORDER BY 1", [circular])
        return "parent_circle", {"keys": ", ".join(key for (key,) in self.cr.fetchall() if key)}

    def _place(self, parents):
        """Give departments their parents; return those that would be part of themselves: they get none."""
        self.env.flush_all()
        self.cr.execute("SELECT id, parent_id FROM hr_department")
        tree = dict(self.cr.fetchall())
        # In many a HIS what is on top is part of itself.
        parents = {key: parent_id if parent_id != key else None for key, parent_id in parents.items() if key in tree}
        circular = [res_id for res_id in _circles(tree | parents) if res_id in parents]
        parents |= dict.fromkeys(circular)
        moved = {res_id: parent_id for res_id, parent_id in parents.items() if tree[res_id] != parent_id}
        departments = self.env[self.model].with_context(**QUIET)
        # Away from the old places first: two that change places would be a circle for a moment.
        departments.browse([res_id for res_id in moved if tree[res_id]]).parent_id = False
        for parent_id in dict.fromkeys(filter(None, moved.values())):
            departments.browse([res_id for res_id in moved if moved[res_id] == parent_id]).parent_id = parent_id
        self.env.flush_all()
        return circular


def _circles(parents):
    """Whoever comes back to himself on the way up.

    >>> sorted(_circles({1: 2, 2: 3, 3: 2, 4: 4, 5: None}))
    [2, 3, 4]
    """
    circles, seen = set(), set()
    for start in parents:
        way, here = [], start
        while here is not None and here not in seen:
            seen.add(here)
            way.append(here)
            here = parents.get(here)
        if here in way:
            circles.update(way[way.index(here) :])
    return circles


class EmployeeLoader(OrmLoader):
    """``hr.employee``. Who left is archived; the account stays as the administrator set it."""

    model = "hr.employee"
    code = "staff_no"
    plain = {name: name for name in ("name", "staff_no", "profession", "professional_title", "specialty", "active")} | {
        "phone": "work_phone"
    }
    links = {"department": "department_id"}
