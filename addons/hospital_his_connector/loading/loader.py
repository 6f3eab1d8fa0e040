"""What all kinds have in common: staging, hash difference, references, links, dead letters."""

import json
from dataclasses import dataclass, fields
from io import BytesIO
from typing import Any

from odoo.tools import SQL

from ..exchange.targets import KINDS
from . import letters
from .letters import Letter
from .quiet import QuietCursor
from .references import known, late

# A feed is not a conversation: nobody follows and nothing is said when it creates a record.
QUIET = {"tracking_disable": True, "mail_create_nolog": True, "mail_create_nosubscribe": True}


@dataclass
class Counts:
    """What became of the rows of a batch or of a run."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    waiting: int = 0
    repeated: int = 0

    def add(self, other: "Counts") -> None:
        """Sum up."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


# Fewer new rows than this mislead no planner.
ANALYZE_FROM = 1000


class Loader:
    """Writes batches of one feed.

    Order of work, in one transaction: stage, drop what is unchanged, find the records referred to (a row
    whose parent is unknown waits), write the rest, its children and its links, call the hooks.
    Subclasses write: ``table``, ``model`` and ``_write``.
    """

    model = ""
    # Tables beside that of ``model`` which a batch makes larger.
    grows: tuple[str, ...] = ()

    def __init__(
        self, feed, columns: list[tuple[str, str]], source_columns: list[str], run_id=None, closed_as="resolved"
    ):
        self.feed = feed
        self.env = feed.env
        self.cr = QuietCursor(feed.env.cr)
        self.kind = feed.kind
        self.source_id = feed.source_id.id
        self.zone = feed.source_id.tz
        self.columns = columns
        self.source_columns = source_columns
        self.names = [name for name, _type in columns]
        self.run_id = run_id
        self.closed_as = closed_as
        self.table = self.env[self.model]._table
        self.grown = self.analyzed = 0
        self.references = {
            name: KINDS[self.kind][name]
            for name in self.names
            if KINDS[self.kind].get(name) and KINDS[self.kind][name].refers
        }

    def _analyze(self) -> None:
        """Refresh the planner's statistics when many rows have been added, and each time they have doubled.

        Until autovacuum comes by it takes the tables for empty, and reads all of them for every row.
        """
        if self.grown < ANALYZE_FROM or self.grown < 2 * self.analyzed:
            return
        tables = [SQL.identifier(table) for table in (self.table, "hospital_his_link", *self.grows)]
        self.cr.execute(SQL("ANALYZE %s", SQL(", ").join(tables)))
        self.analyzed = self.grown

    def apply(self, copy: bytes, raw: bytes) -> Counts:
        """Write the rows of one batch; the caller commits."""
        counts = Counts()
        self._raw = raw
        self._stage(copy)
        has_letters = letters.any_open(self.cr, self.feed.id)
        counts.unchanged = self._drop_unchanged(has_letters)
        for reference, target in self.references.items():
            self._refer(reference, target)
        self._find()
        refused = self._wait_for_parents() + self._check()
        counts.waiting = sum(bool(letter.waits_for) for letter in refused)
        counts.rejected = len(refused) - counts.waiting
        if has_letters:
            letters.close(self.cr, self.feed.id, self.closed_as)
        letters.store(self.env.cr, self.feed.id, self.run_id, refused)
        self.cr.execute("SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM his_stage")
        counts.new, counts.changed = self.cr.fetchone()
        self.grown += counts.new
        if counts.new or counts.changed:
            self._write()
            self._note_missing()
            self._link()
            self._analyze()
            self._notify()
        return counts

    def take(self, copy: bytes, raw: bytes) -> list[Letter]:
        """Write rows that no feed will read again: all of them, without links; return those refused."""
        self._raw = raw
        self._stage(copy)
        for reference, target in self.references.items():
            self._refer(reference, target)
        self._find()
        refused = self._wait_for_parents() + self._check()
        self.cr.execute("SELECT 1 FROM his_stage LIMIT 1")
        if self.cr.fetchone():
            self._write()
            self._notify()
        return refused

    # -- steps -----------------------------------------------------------------------------------------

    def _stage(self, copy: bytes) -> None:
        self.env.flush_all()
        columns = SQL(", ").join(SQL("%s %s", SQL.identifier(name), SQL(kind)) for name, kind in self.columns)
        ids = SQL("").join(SQL(", %s int", SQL.identifier(f"{name}_id")) for name in self.references)
        self.cr.execute("DROP TABLE IF EXISTS pg_temp.his_stage")
        self._run(
            """CREATE TEMP TABLE his_stage (line int, row_hash uuid, %s%s, res_id int, is_new boolean, missing jsonb)
               ON COMMIT DROP""",
            columns,
            ids,
        )
        names = ", ".join(f'"{name}"' for name in ("line", "row_hash", *self.names))
        self.cr.copy_expert(f"COPY his_stage ({names}) FROM STDIN", BytesIO(copy))
        self.cr.execute("ANALYZE his_stage (external_id)")

    def _drop_unchanged(self, has_letters: bool) -> int:
        if has_letters:
            same = """EXISTS (SELECT 1 FROM hospital_his_link link WHERE link.feed_id = letter.feed_id
                               AND link.external_id = stage.external_id AND link.row_hash = stage.row_hash)"""
            letters.close(self.cr, self.feed.id, self.closed_as, same)
        self.cr.execute(
            """DELETE FROM his_stage stage USING hospital_his_link link
                WHERE link.feed_id = %s AND link.external_id = stage.external_id AND link.row_hash = stage.row_hash""",
            [self.feed.id],
        )
        return self.cr.rowcount

    def _refer(self, name: str, target) -> None:
        column, key = SQL.identifier(f"{name}_id"), SQL.identifier(name)
        self._run(
            "UPDATE his_stage stage SET %s = %s WHERE stage.%s IS NOT NULL AND stage.%s IS NULL",
            column,
            known(target.refers, self.source_id, SQL("stage.%s", key)),
            key,
            column,
        )

    def _note_missing(self) -> None:
        for name, target in self.references.items():
            if target.soft:
                self._run(
                    """UPDATE his_stage SET missing = COALESCE(missing, '{}') || jsonb_build_object(%s::text, %s)
                        WHERE %s IS NOT NULL AND %s IS NULL""",
                    name,
                    SQL.identifier(name),
                    SQL.identifier(name),
                    SQL.identifier(f"{name}_id"),
                )

    def _wait_for_parents(self) -> list[Letter]:
        waiting = []
        for name, target in self.references.items():
            if target.soft:
                continue
            key, column = SQL.identifier(name), SQL.identifier(f"{name}_id")
            waiting += self._set_aside(
                SQL("%s IS NOT NULL AND %s IS NULL", key, column),
                f"unknown_{target.refers}",
                key,
                waits_for=target.refers,
            )
        return waiting

    def _set_aside(self, condition: SQL, code: str, value: SQL, waits_for: str = "") -> list[Letter]:
        """Take rows out of the staging table and make letters of them."""
        self._run("DELETE FROM his_stage WHERE %s RETURNING line, external_id, %s::text", condition, value)
        rows = self.cr.fetchall()
        if not rows:
            return []
        raw = json.loads(self._raw)
        return [
            Letter(
                key,
                code,
                {"value": text},
                dict(zip(self.source_columns, raw[line], strict=True)),
                (waits_for, text) if waits_for else None,
            )
            for line, key, text in rows
        ]

    def _check(self) -> list[Letter]:
        """Return letters for rows that the database would refuse."""
        return []

    def _find(self) -> None:
        """Which record is each row? New ones get their id here, so that all later steps know it."""
        self._run(
            """UPDATE his_stage stage SET res_id = target.id, is_new = FALSE FROM %s target
                WHERE target.source_id = %s AND target.external_id = stage.external_id""",
            SQL.identifier(self.table),
            self.source_id,
        )
        self.cr.execute("UPDATE his_stage SET is_new = TRUE WHERE res_id IS NULL")

    def _take_ids(self) -> None:
        sequence = f"{self.table}_id_seq"
        self.cr.execute("UPDATE his_stage SET res_id = nextval(%s) WHERE is_new", [sequence])

    def _write(self) -> None:
        raise NotImplementedError

    def _link(self) -> None:
        self.cr.execute(
            """INSERT INTO hospital_his_link (feed_id, external_id, row_hash, res_id, missing)
               SELECT %s, external_id, row_hash, res_id, missing FROM his_stage
               ON CONFLICT (feed_id, external_id) DO UPDATE
                  SET row_hash = excluded.row_hash, res_id = excluded.res_id, missing = excluded.missing""",
            [self.feed.id],
        )

    def _notify(self) -> None:
        """Tell the ORM what SQL did, then whoever derives something from it."""
        self.cr.execute("SELECT res_id, is_new FROM his_stage ORDER BY line")
        rows = self.cr.fetchall()
        self.env.invalidate_all(flush=False)
        records = self.env[self.model].with_context(active_test=False)
        created = records.browse([res_id for res_id, is_new in rows if is_new])
        changed = records.browse([res_id for res_id, is_new in rows if not is_new])
        if changed:
            changed.modified(self._modified())
        self._hook(created, changed)

    def _modified(self) -> list[str]:
        return [name for name in self._assignments() if name in self.env[self.model]._fields]

    def _hook(self, created, changed) -> None:
        (created | changed)._after_exchange(created, changed)

    def settle(self) -> tuple:
        """Fill in references that were unknown when their row came, as soon as they are known.

        Return what the run has to say of it: a code with its arguments, or nothing.
        """
        return ()

    def _late(self, name: str) -> SQL:
        return late(self.feed, name, KINDS[self.kind][name].refers)

    def _forget_missing(self, *names: str) -> None:
        """Strike what is known now from the links' lists of missing references."""
        for name in names:
            self._run(
                """UPDATE hospital_his_link link SET missing = NULLIF(link.missing - %s::text, '{}')
                     FROM %s late WHERE link.id = late.link_id""",
                name,
                self._late(name),
            )

    # -- writing with SQL --------------------------------------------------------------------------------

    def _assignments(self) -> dict[str, SQL]:
        """Column of ours -> expression over ``stage`` (and ``target``, the row as it was)."""
        raise NotImplementedError

    def _update(self) -> None:
        assignments = self._assignments() | {"write_date": SQL("now() AT TIME ZONE 'UTC'")}
        self._run(
            "UPDATE %s target SET %s FROM his_stage stage WHERE target.id = stage.res_id AND NOT stage.is_new",
            SQL.identifier(self.table),
            SQL(", ").join(SQL("%s = %s", SQL.identifier(name), value) for name, value in assignments.items()),
        )

    def _insert(self, defaults: dict[str, Any]) -> None:
        # Nobody created these rows, so create_uid stays empty: that also saves two foreign key checks a row.
        values = {name: SQL("%s", value) for name, value in defaults.items()}
        values |= self._assignments()
        values |= {
            "id": SQL("stage.res_id"),
            "source_id": SQL("%s", self.source_id),
            "external_id": SQL("stage.external_id"),
            **dict.fromkeys(("create_date", "write_date"), SQL("now() AT TIME ZONE 'UTC'")),
        }
        self._run(
            """INSERT INTO %(table)s (%(columns)s)
               SELECT %(values)s FROM his_stage stage LEFT JOIN %(table)s target ON FALSE
                WHERE stage.is_new ORDER BY stage.line""",
            table=SQL.identifier(self.table),
            columns=SQL(", ").join(map(SQL.identifier, values)),
            values=SQL(", ").join(values.values()),
        )

    def _run(self, statement: str, /, *args: Any, **kwargs: Any) -> None:
        self.cr.execute(SQL(statement, *args, **kwargs))
