from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What became of one row: new, changed, unchanged, repeated, waiting or rejected, and why the latter."""

    key: str | None
    result: str
    code: str = ""
    arguments: dict[str, Any] = {}
