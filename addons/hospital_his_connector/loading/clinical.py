"""Rows that belong to a visit: diagnoses, operations, transfers."""

from odoo.tools import SQL

from .loader import Loader


class _ChildLoader(Loader):
    """One row per place in the list of a visit: ``place`` is what must be unique within it."""

    place: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()

    def _find(self):
        """By link, so that a diagnosis that moves to another place is not left behind at the old one."""
        self._run(
            """UPDATE his_stage stage SET res_id = child.id, is_new = FALSE
                 FROM hospital_his_link link JOIN %s child ON child.id = link.res_id
                WHERE link.feed_id = %s AND link.external_id = stage.external_id""",
            SQL.identifier(self.table),
            self.feed.id,
        )
        self.cr.execute("UPDATE his_stage SET is_new = TRUE WHERE res_id IS NULL")

    def _values(self):
        values = {"encounter_id": SQL("stage.encounter_id")}
        values |= {name: SQL("stage.%s", SQL.identifier(name)) for name in self.plain if name in self.names}
        if "sequence" in self.place:
            values["sequence"] = SQL("COALESCE(stage.sequence, 1)") if "sequence" in self.names else SQL("1")
        return values

    def _write(self):
        if "removed" in self.names:
            self._run(
                "DELETE FROM %s child USING his_stage stage WHERE child.id = stage.res_id AND stage.removed",
                SQL.identifier(self.table),
            )
            self.cr.execute("DELETE FROM his_stage WHERE removed AND is_new")
        # Whoever sits in a place that a row of this batch takes makes room; its own row, if it still has one, follows.
        values = self._values()
        same_place = SQL(" AND ").join(
            SQL("child.%s = %s", SQL.identifier(name), values[name]) for name in ("encounter_id", *self.place)
        )
        for there in (SQL("child.id = stage.res_id"), same_place):
            self._run(
                "DELETE FROM %s child USING his_stage stage WHERE %s RETURNING child.id",
                SQL.identifier(self.table),
                there,
            )
        # Sent again, even unchanged, a row that had to go is to be written again.
        if displaced := [child_id for (child_id,) in self.cr.fetchall()]:
            self.cr.execute(
                "DELETE FROM hospital_his_link WHERE feed_id = %s AND res_id = ANY(%s)", [self.feed.id, displaced]
            )
        self.cr.execute("UPDATE his_stage SET res_id = nextval(%s)", [f"{self.table}_id_seq"])
        places = SQL(", ").join(values[name] for name in ("encounter_id", *self.place))
        live = SQL("removed IS NOT TRUE") if "removed" in self.names else SQL("TRUE")
        columns = values | {"id": SQL("stage.res_id")}
        columns |= dict.fromkeys(("create_date", "write_date"), SQL("now() AT TIME ZONE 'UTC'"))
        self._run(
            """INSERT INTO %s (%s)
               SELECT DISTINCT ON (%s) %s FROM his_stage stage WHERE %s ORDER BY %s, stage.line DESC""",
            SQL.identifier(self.table),
            SQL(", ").join(map(SQL.identifier, columns)),
            places,
            SQL(", ").join(columns.values()),
            live,
            places,
        )

    def _notify(self):
        """The visit is what changed."""
        self.cr.execute("SELECT DISTINCT encounter_id FROM his_stage")
        self.env.invalidate_all(flush=False)
        visits = self.env["hospital.encounter"].browse([visit_id for (visit_id,) in self.cr.fetchall()])
        visits.modified([self.inverse])
        visits._after_exchange(visits.browse(), visits)


class DiagnosisLoader(_ChildLoader):
    """``hospital.encounter.diagnosis``."""

    model = "hospital.encounter.diagnosis"
    inverse = "diagnosis_ids"
    place = ("kind", "sequence")
    plain = ("kind", "code", "name")


class OperationLoader(_ChildLoader):
    """``hospital.encounter.operation``."""

    model = "hospital.encounter.operation"
    inverse = "operation_ids"
    place = ("sequence",)
    plain = ("code", "name", "performed_at")

    def _values(self):
        values = super()._values()
        if "surgeon" in self.names:
            values["surgeon_id"] = SQL("stage.surgeon_id")
        return values

    def settle(self):
        self._run(
            """UPDATE hospital_encounter_operation operation SET surgeon_id = late.id
                 FROM %s late WHERE operation.id = late.res_id""",
            self._late("surgeon"),
        )
        self.env.invalidate_all(flush=False)
        self._forget_missing("surgeon")
        return ()


class TransferLoader(_ChildLoader):
    """``hospital.encounter.transfer``."""

    model = "hospital.encounter.transfer"
    inverse = "transfer_ids"
    place = ("transferred_at",)
    plain = ("transferred_at", "from_bed", "to_bed")
    where = ("from_department", "to_department", "from_ward", "to_ward")

    def _values(self):
        places = {f"{name}_id" for name in self.where if name in self.names}
        return super()._values() | {name: SQL("stage.%s", SQL.identifier(name)) for name in sorted(places)}

    def settle(self):
        for name in self.where:
            self._run(
                "UPDATE hospital_encounter_transfer transfer SET %s = late.id FROM %s late "
                "WHERE transfer.id = late.res_id",
                SQL.identifier(f"{name}_id"),
                self._late(name),
            )
        self.env.invalidate_all(flush=False)
        self._forget_missing(*self.where)
        return ()
