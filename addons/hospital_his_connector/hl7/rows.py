"""What a message says to a feed: rows whose columns are paths."""

from collections.abc import Mapping
from typing import Any

from ..exchange import pushed
from .message import NULL, Message, path


def rows(message: Message, spec: Mapping[str, Any], per: str = "") -> list[dict[str, str | None]]:
    r"""One row for the message, or one for each of its segments ``per``.

    What is empty says nothing and is left out; ``""`` deletes.

    >>> spec = {"kind": "diagnosis", "key": "", "fields": [
    ...     {"target": "external_id", "column": "PV1-19.1,DG1-1", "transform": "concat"},
    ...     {"target": "encounter", "column": "PV1-19.1"}, {"target": "name", "column": "DG1-3.2"},
    ...     {"target": "code", "column": "DG1-3.1"}]}
    >>> text = 'MSH|^~\\&|\rPV1|||||||||||||||||||Z1\rDG1|1||""^肺炎\rDG1|2||I50'
    >>> for row in rows(Message(text), spec, "DG1"): print(row)
    {'PV1-19.1': 'Z1', 'DG1-1': '1', 'DG1-3.2': '肺炎', 'DG1-3.1': None}
    {'PV1-19.1': 'Z1', 'DG1-1': '2', 'DG1-3.1': 'I50'}
    """
    names = [name for name in pushed.known(spec) if path(name)]
    views = message.around(per) if per else [message.segments]
    found = []
    for view in views:
        values = {name: message.value(path(name), view) for name in names}
        found.append({name: None if value == NULL else value for name, value in values.items() if value})
    return found


def unknown(spec: Mapping[str, Any]) -> list[str]:
    """Columns of a mapping that are no path."""
    return [name for name in pushed.known(spec) if not path(name)]
