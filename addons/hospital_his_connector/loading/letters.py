"""Rows that could not be taken yet: written, brought up to date and closed in sets."""

import hashlib
import json
from typing import Any, NamedTuple

from psycopg2.extras import Json

from .quiet import QuietCursor


class Letter(NamedTuple):
    """One row for the dead-letter list; with ``waits_for`` it is tried again by itself."""

    external_id: str | None
    code: str
    arguments: dict[str, Any]
    payload: dict[str, Any]
    waits_for: tuple[str, str] | None = None


def _dump(value: Any) -> str:
    # jsonb takes neither NUL nor half a surrogate pair.
    return json.dumps(_clean(value), ensure_ascii=False, default=str).encode(errors="replace").decode()


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {name: _clean(part) for name, part in value.items()}
    return value


def _key(letter: Letter) -> str:
    """A row without a key is known by what it holds, so that reading it again does not list it again."""
    if letter.external_id:
        return letter.external_id
    return "?" + hashlib.blake2b(_dump(letter.payload).encode(), digest_size=8).hexdigest()


def store(cr, feed_id: int, run_id: int | None, letters: list[Letter]) -> None:
    """One open letter per row of the HIS; what a person chose to ignore stays ignored until the row changes."""
    if not letters:
        return
    latest = {_key(letter): letter for letter in letters}
    QuietCursor(cr).execute_values(
        """
        INSERT INTO hospital_his_deadletter AS old
               (feed_id, run_id, external_id, code, arguments, payload, state, waits_kind, waits_key, attempts,
                create_date, write_date)
        VALUES %s
        ON CONFLICT (feed_id, external_id) WHERE state IN ('open', 'waiting', 'ignored') DO UPDATE
           SET run_id = excluded.run_id, code = excluded.code, arguments = excluded.arguments,
               payload = excluded.payload, waits_kind = excluded.waits_kind, waits_key = excluded.waits_key,
               attempts = old.attempts + 1, write_date = excluded.write_date,
               state = CASE WHEN old.state = 'ignored' AND old.payload = excluded.payload
                            THEN old.state ELSE excluded.state END
        """,
        [
            (
                feed_id,
                run_id,
                key,
                letter.code,
                Json(letter.arguments, dumps=_dump),
                Json(letter.payload, dumps=_dump),
                "waiting" if letter.waits_for else "open",
                *(letter.waits_for or (None, None)),
            )
            for key, letter in latest.items()
        ],
        template="(%s, %s, %s, %s, %s, %s, %s, %s, %s, 1, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')",
    )


def any_open(cr, feed_id: int) -> bool:
    """Most feeds have none: then nothing has to be closed."""
    cr.execute(
        """SELECT 1 FROM hospital_his_deadletter
            WHERE feed_id = %s AND state IN ('open', 'waiting', 'ignored') LIMIT 1""",
        [feed_id],
    )
    return bool(cr.fetchone())


def close(cr, feed_id: int, state: str, condition: str = "TRUE") -> None:
    """Rows of the staging table are good now, whatever was the matter before."""
    cr.execute(
        f"""
        UPDATE hospital_his_deadletter letter
           SET state = %s, waits_kind = NULL, waits_key = NULL, write_date = now() AT TIME ZONE 'UTC'
          FROM his_stage stage
         WHERE letter.feed_id = %s AND letter.external_id = stage.external_id
           AND letter.state IN ('open', 'waiting', 'ignored') AND {condition}
        """,
        [state, feed_id],
    )
