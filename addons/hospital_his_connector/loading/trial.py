"""Write a batch, note what became of each row, and undo it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from odoo.tools import SQL

from .loader import Loader

# What is of no interest to somebody who compares a record with the HIS.
_TECHNICAL = frozenset(
    ("id", "create_date", "write_date", "create_uid", "write_uid", "source_id", "external_id", "care_keys")
    + ("visible_keys", "encounter_id", "lang", "tz")
)
# Values beside the row itself, as text: table of the record -> name of the field, rows (id, value).
_BESIDE = {
    "res_partner": (
        "phone_line_ids",
        """SELECT patient_id, string_agg(number, ', ' ORDER BY sequence, id) FROM hospital_patient_phone
            WHERE patient_id = ANY(%s) GROUP BY 1""",
    )
}


class Outcome(NamedTuple):
    """What became of one row: new, changed, unchanged, waiting or rejected.

    changes: field -> (old, new); of a new record the old ones are None.
    code, arguments: why it was not taken
    """

    key: str
    kind: str
    changes: dict[str, tuple[Any, Any]]
    code: str = ""
    arguments: dict[str, Any] | None = None


def run(loader: Loader, copy: bytes, write: Callable[[], Any]) -> list[Outcome]:
    """Call ``write`` (which applies ``copy`` with ``loader``) in a savepoint that is rolled back."""
    cr = loader.env.cr
    with cr.savepoint(flush=False) as savepoint:
        loader._stage(copy)
        cr.execute("SELECT external_id, row_hash::text FROM his_stage ORDER BY line")
        staged = dict(cr.fetchall())
        write()
        loader.env.flush_all()
        keys = list(staged)
        after_links = _links(loader, keys)
        refused = _refused(loader, keys)
        after = _records(loader, [res_id for res_id, _hash in after_links.values()])
        savepoint.rollback()
        loader.env.invalidate_all(flush=False)
    before_links = _links(loader, keys)
    before = _records(loader, [*(res_id for res_id, _hash in before_links.values()), *after])
    outcomes = []
    for key, row_hash in staged.items():
        old_id, old_hash = before_links.get(key, (None, None))
        new_id, _hash = after_links.get(key, (None, None))
        if key in refused:
            code, arguments, waits = refused[key]
            outcomes.append(Outcome(key, "waiting" if waits else "rejected", {}, code, arguments))
        elif new_id is None or old_hash == row_hash:
            outcomes.append(Outcome(key, "unchanged", {}))
        else:
            old = before.get(new_id) or before.get(old_id)
            changes = _changes(old or {}, after.get(new_id, {}))
            # Another feed may have written the same already: the row is new to this feed, the record stays as it is.
            outcomes.append(Outcome(key, "new" if not old else "changed" if changes else "unchanged", changes))
    return outcomes


def _links(loader: Loader, keys: list[str]) -> dict[str, tuple[int, str]]:
    loader.cr.execute(
        """SELECT external_id, res_id, row_hash::text FROM hospital_his_link
            WHERE feed_id = %s AND external_id = ANY(%s)""",
        [loader.feed.id, keys],
    )
    return {key: (res_id, row_hash) for key, res_id, row_hash in loader.cr.fetchall()}


def _refused(loader: Loader, keys: list[str]) -> dict[str, tuple[str, dict[str, Any], bool]]:
    """A letter of a row that was taken is closed by now: what is still there was refused."""
    loader.cr.execute(
        """SELECT external_id, code, arguments, state = 'waiting' FROM hospital_his_deadletter
            WHERE feed_id = %s AND external_id = ANY(%s) AND state IN ('open', 'waiting', 'ignored')""",
        [loader.feed.id, keys],
    )
    return {key: (code, arguments, waits) for key, code, arguments, waits in loader.cr.fetchall()}


def _records(loader: Loader, ids: list[int]) -> dict[int, dict[str, Any]]:
    loader._run("SELECT id, to_jsonb(record) FROM %s record WHERE id = ANY(%s)", SQL.identifier(loader.table), ids)
    rows = dict(loader.cr.fetchall())
    if loader.table in _BESIDE:
        name, query = _BESIDE[loader.table]
        loader.cr.execute(query, [ids])
        for res_id, value in loader.cr.fetchall():
            rows[res_id][name] = value
    return rows


def _changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """
    >>> _changes({"id": 1, "name": "张三", "bed": "3"}, {"id": 2, "name": "张三", "bed": "5", "planned": False})
    {'bed': ('3', '5')}
    """
    names = [name for name in {**old, **new} if name not in _TECHNICAL]
    pairs = {name: (old.get(name), new.get(name)) for name in names}
    return {name: (was, now) for name, (was, now) in pairs.items() if (was or None) != (now or None)}
