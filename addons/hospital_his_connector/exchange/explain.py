"""What a mapping makes of one row, line by line: for a person who looks for what is wrong with it."""

from typing import Any, NamedTuple

from .mapping import Mapper, key_first
from .problems import ReadingFailed, Rejected


class Meaning(NamedTuple):
    """What one line of the mapping makes of the row: a value of ours, or the reason why not."""

    target: str
    value: Any
    problem: Rejected | ReadingFailed | None = None


def explain(spec: dict[str, Any], row: dict[str, Any]) -> dict[str, list[Meaning]]:
    """Column -> what it becomes, in the order of the mapping, then what it does not use; under "" what comes from no
    column, or why nothing can be said.

    >>> spec = {"kind": "patient", "key": "ID", "codemaps": {"xb": {"1": "male"}}, "fields": [
    ...     {"target": "name", "column": "XM"}, {"target": "phone", "column": "DH", "transform": "phones"},
    ...     {"target": "gender", "column": "XB", "transform": "code", "codemap": "xb"},
    ...     {"target": "deceased", "column": "SW", "transform": "boolean"}]}
    >>> row = {"ID": 7, "XM": " 张三 ", "DH": "13900001234/0731-85551234", "XB": "1", "SW": "x", "BZ": None}
    >>> meanings = explain(spec, row)
    >>> [(column, *(meaning.value for meaning in meanings[column])) for column in ("ID", "XM", "XB", "BZ")]
    [('ID', '7'), ('XM', '张三'), ('XB', 'male'), ('BZ',)]
    >>> [phone.number for phone in meanings["DH"][0].value]
    ['13900001234', '073185551234']
    >>> [(meaning.target, meaning.problem.code) for meaning in meanings["SW"]]
    [('deceased', 'bad_boolean')]
    >>> explain(spec, {"ID": 7})[""][0].problem.code
    'no_column'
    """
    found: dict[str, list[Meaning]] = {}
    try:
        mapper = Mapper(spec, list(row))
    except ReadingFailed as failure:
        return {column: [] for column in row} | {"": [Meaning("", None, failure)]}
    columns = {column.casefold(): column for column in row}
    for line in key_first(spec):
        target = line["target"]
        try:
            meaning = Meaning(target, mapper.value(target, list(row.values())))
        except Rejected as problem:
            meaning = Meaning(target, None, problem)
        for name in (line.get("column") or "").split(","):
            found.setdefault(columns.get(name.strip().casefold(), ""), []).append(meaning)
    return found | {column: [] for column in row if column not in found}
