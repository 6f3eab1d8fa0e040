"""Rows that others bring us: what each of them says, and about what it is silent.

A row of a query has every column; a row that is brought may leave some out, and what it does not say stays as it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .problems import Rejected
from .targets import KINDS
from .transform import plain

# A code table's meaning for "this says nothing": an update of a visit tells no state.
SILENT = "-"


class Shape(NamedTuple):
    """What rows must have in common to be written together."""

    names: tuple[str, ...]
    silent: tuple[str, ...] = ()


def columns(line: Mapping[str, Any]) -> list[str]:
    """The columns that a mapping line reads.

    >>> columns({"transform": "concat", "column": "PV1-19, DG1-1"}), columns({"transform": "constant", "column": ""})
    (['PV1-19', 'DG1-1'], [])
    """
    if line.get("transform") == "constant":
        return []
    parts = line["column"].split(",") if line.get("transform") == "concat" else [line["column"]]
    return [part.strip() for part in parts]


def known(spec: Mapping[str, Any]) -> list[str]:
    """All columns that a feed reads, each once, the key first."""
    names = [*key_columns(spec), *(name for line in spec["fields"] for name in columns(line))]
    return list({name.casefold(): name for name in names}.values())


def key_columns(spec: Mapping[str, Any]) -> list[str]:
    """Those that name the row."""
    own = [line for line in spec["fields"] if line["target"] == "external_id"]
    return columns(own[0]) if own else [spec["key"]]


def reduced(spec: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """The mapping without the lines about which rows of this shape are silent.

    >>> spec = {"kind": "department", "key": "DM", "fields": [{"target": "name", "column": "MC"},
    ...     {"target": "phone", "column": "DH"}]}
    >>> [line["target"] for line in reduced(spec, Shape(("dm", "mc")))["fields"]]
    ['name']
    """
    there = {name.casefold() for name in shape.names}
    fields = [
        line
        for line in spec["fields"]
        if line["target"] not in shape.silent and all(name.casefold() in there for name in columns(line))
    ]
    return dict(spec) | {"fields": fields}


def completed(spec: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with nothing in the place of what it may not leave out, so that its absence is said.

    >>> spec = {"kind": "department", "key": "DM", "fields": [{"target": "name", "column": "MC"}]}
    >>> completed(spec, {"dm": "01"})
    {'dm': '01', 'MC': None}
    """
    there = {name.casefold() for name in row}
    needed = key_columns(spec)
    for line in spec["fields"]:
        if KINDS[spec["kind"]][line["target"]].required:
            needed = needed + columns(line)
    return dict(row) | {name: None for name in needed if name.casefold() not in there}


def shape(spec: Mapping[str, Any], row: Mapping[str, Any]) -> Shape:
    """
    >>> fields = [{"target": "state", "column": "MSH-9.2", "transform": "code", "codemap": "adt"}]
    >>> spec = {"key": "PV1-19", "fields": fields, "codemaps": {"adt": {"A01": "in_progress", "A08": "-"}}}
    >>> [shape(spec, {"PV1-19": "1", "MSH-9.2": event}).silent for event in ("A01", "A08")]
    [(), ('state',)]
    """
    values = {name.casefold(): value for name, value in row.items()}
    silent = []
    for line in spec["fields"]:
        if line.get("transform") == "code" and (column := line["column"].strip().casefold()) in values:
            codes = spec["codemaps"].get(line["codemap"], {})
            if SILENT in codes.values() and codes.get(_text(values[column]), codes.get("*")) == SILENT:
                silent.append(line["target"])
    return Shape(tuple(row), tuple(silent))


def stretches(
    spec: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]
) -> Iterator[dict[Shape, list[tuple[int, Mapping[str, Any]]]]]:
    """Numbered rows by shape. A record that is told of again in another shape begins a new stretch: order counts.

    >>> spec = {"kind": "department", "key": "DM", "fields": [{"target": "name", "column": "MC"},
    ...     {"target": "phone", "column": "DH"}]}
    >>> one, again, other = {"DM": "1", "MC": "a"}, {"DM": "1", "MC": "b", "DH": "2"}, {"DM": "2", "MC": "a"}
    >>> [[len(part) for part in stretch.values()] for stretch in stretches(spec, [one, other, again, one])]
    [[2], [1], [1]]
    """
    stretch: dict[Shape, list[tuple[int, Mapping[str, Any]]]] = {}
    shapes: dict[tuple[str, ...], Shape] = {}
    names = [name.casefold() for name in key_columns(spec)]
    for number, row in enumerate(rows):
        row = completed(spec, row)
        values = {name.casefold(): value for name, value in row.items()}
        key, own = tuple(_text(values[name]) for name in names), shape(spec, row)
        if shapes.get(key, own) != own:
            yield stretch
            stretch, shapes = {}, {}
        shapes[key] = own
        stretch.setdefault(own, []).append((number, row))
    if stretch:
        yield stretch


def _text(value: Any) -> str:
    try:
        return plain(value)
    except Rejected:
        return repr(value)
