"""One line of a mapping on sample rows, before the mapping as a whole is complete."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from .mapping import Mapper
from .problems import ReadingFailed, Rejected
from .targets import KINDS
from .transform import plain


class Sample(NamedTuple):
    """A value of the HIS, and what becomes of it: a value of ours or the reason why not."""

    source: str
    value: Any
    problem: Rejected | ReadingFailed | None = None


def samples(
    spec: dict[str, Any], line: dict[str, Any], columns: Sequence[str], rows: Sequence[Sequence[Any]], count: int = 3
) -> list[Sample]:
    """The first ``count`` different values, those that would be rejected before the others.

    >>> spec = {"kind": "patient", "codemaps": {"xb": {"1": "male"}}}
    >>> line = {"target": "gender", "column": "XB", "transform": "code", "codemap": "xb"}
    >>> [tuple(sample[:2]) for sample in samples(spec, line, ["XB"], [("1",), ("1",), (None,), ("8",)])]
    [('1', 'male'), ('8', None)]
    >>> line = {"target": "deceased", "column": "SW", "transform": "boolean"}
    >>> first, second = samples(spec, line, ["SW"], [("1",), ("x",)])
    >>> first.source, first.problem.code, second.value
    ('x', 'bad_boolean', True)
    >>> samples(spec, line, ["XB"], [("1",)])[0].problem.code
    'no_column'
    """
    target = line["target"]
    # What else is required must not keep this line from being tried.
    others = [
        {"target": name, "transform": "constant", "argument": "-"}
        for name, other in KINDS[spec["kind"]].items()
        if name != target and (other.required or name == "external_id")
    ]
    try:
        mapper = Mapper(spec | {"fields": [line, *others]}, columns)
    except ReadingFailed as failure:
        return [Sample("", None, failure)]
    places = [place for place, name in enumerate(columns) if name.casefold() in _names(line)]
    found: dict[str, Sample] = {}
    for row in rows:
        source = " + ".join(_text(row[place]) for place in places)
        if source in found:
            continue
        try:
            found[source] = Sample(source, mapper.value(target, row))
        except Rejected as problem:
            found[source] = Sample(source, None, problem)
    wanted = [sample for sample in found.values() if sample.source or sample.problem or sample.value]
    return sorted(wanted, key=lambda sample: not sample.problem)[:count]


def _names(line: dict[str, Any]) -> set[str]:
    if line.get("transform") == "constant":
        return set()
    return {part.strip().casefold() for part in (line.get("column") or "").split(",")}


def _text(value: Any) -> str:
    try:
        return plain(value)
    except Rejected:
        return "…"
