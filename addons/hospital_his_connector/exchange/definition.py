"""Feeds with their mappings and code tables as a file: read with care, and compared.

``{"source": {…}, "codemaps": [{"code", "name", "lines": [{"source_value", "target_value"}]}],
"feeds": [{"code", "name", "kind", "query", "key_column", "watermark_column", "active",
"fields": [{"target", "column", "transform", "argument", "codemap"}]}]}``; without "source" it is of feeds alone.
"""

import json
from typing import Any, NamedTuple

from .problems import BadFile
from .targets import KINDS
from .transform import TRANSFORMS

BIGGEST = 5_000_000


class Difference(NamedTuple):
    """One thing that differs between two definitions; what is not there is None.

    place: ("source", name), ("feed", code, name), ("line", feed's code, target), ("code", table's code, value)
    """

    place: tuple[str, ...]
    old: Any
    new: Any


def parse(content: bytes) -> dict[str, Any]:
    r"""What a file says, if it says it in full; raises BadFile.

    >>> feed = {"code": "br", "name": "患者", "kind": "patient", "query": "SELECT 1", "key_column": "id",
    ...     "fields": [{"target": "name", "column": "xm"}]}
    >>> parse(json.dumps({"feeds": [feed]}).encode())["codemaps"]
    []
    >>> def problem(content):
    ...     try: parse(content if isinstance(content, bytes) else json.dumps(content).encode())
    ...     except BadFile as bad: return bad.code, *bad.arguments.values()
    >>> problem(b"PK\x03\x04"), problem(b"[" * 100_000), problem(b" " * 6_000_000), problem([]), problem({})
    (('file_not_json',), ('file_not_json',), ('file_too_big',), ('file_no_feeds',), ('file_no_feeds',))
    >>> problem({"feeds": [feed | {"query": ""}]})
    ('file_lacks', 'feeds[1]', 'query')
    >>> problem({"feeds": [feed | {"kind": "cat"}]})
    ('file_unknown', 'feeds[1]', 'kind', 'cat')
    >>> line = {"target": "gender", "column": "xb", "transform": "code", "codemap": "xb"}
    >>> problem({"feeds": [feed | {"fields": [line]}]})
    ('file_unknown', 'feeds[1].fields[1]', 'codemap', 'xb')
    >>> problem({"feeds": [feed | {"fields": [{"target": "bed", "column": "ch"}]}]})
    ('file_unknown', 'feeds[1].fields[1]', 'target', 'bed')
    >>> problem({"feeds": [feed, feed]})
    ('file_twice', 'feeds[2]', 'br')
    """
    if len(content) > BIGGEST:
        raise BadFile("file_too_big")
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise BadFile("file_not_json") from None
    if not isinstance(data, dict) or not isinstance(data.get("feeds"), list):
        raise BadFile("file_no_feeds")
    if "source" in data:
        _texts(data["source"], "source", ("code", "name"))
    codemaps = _each(data, "codemaps", ("code", "name"))
    for place, codemap in codemaps:
        for line_place, line in _each(codemap, "lines", ("source_value", "target_value"), place):
            for name in line.keys() - {"source_value", "target_value"}:
                raise BadFile("file_unknown", place=line_place, name=name, value=str(line[name])[:64])
    tables = {codemap["code"] for _place, codemap in codemaps}
    for place, feed in _each(data, "feeds", ("code", "name", "kind", "key_column")):
        if feed.get("way") in (None, "query"):  # other ways bring rows without being asked
            _texts(feed, place, ("query",))
        _known(place, "kind", feed["kind"], KINDS)
        for line_place, line in _each(feed, "fields", ("target",), place):
            _known(line_place, "target", line["target"], KINDS[feed["kind"]])
            _known(line_place, "transform", line.get("transform") or "text", TRANSFORMS)
            if line.get("transform") == "code" or line.get("codemap"):
                _known(line_place, "codemap", line.get("codemap") or "", tables)
    return data


def _each(data: dict[str, Any], name: str, required: tuple[str, ...], above: str = "") -> list[tuple[str, dict]]:
    """The parts of a list with their places, each with its texts and under a name of its own."""
    parts = data.setdefault(name, [])
    if not isinstance(parts, list):
        raise BadFile("file_lacks", place=above or "/", name=name)
    seen: set[str] = set()
    found = []
    for number, part in enumerate(parts, 1):
        place = f"{above}.{name}[{number}]".lstrip(".")
        _texts(part, place, required)
        if part[required[0]] in seen:
            raise BadFile("file_twice", place=place, name=part[required[0]])
        seen.add(part[required[0]])
        found.append((place, part))
    return found


def _texts(part: Any, place: str, required: tuple[str, ...]) -> None:
    for name in required:
        if not isinstance(part, dict) or not isinstance(part.get(name), str) or not part[name].strip():
            raise BadFile("file_lacks", place=place, name=name)


def _known(place: str, name: str, value: Any, allowed: Any) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise BadFile("file_unknown", place=place, name=name, value=str(value)[:64])


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[Difference]:
    """What ``new`` changes of ``old``; things that only ``old`` has at the top (feeds, tables) are left alone.

    >>> line = {"target": "name", "column": "xm"}
    >>> old = {"feeds": [{"code": "br", "query": "SELECT 1", "fields": [line]}], "codemaps": []}
    >>> new = {"feeds": [{"code": "br", "query": "SELECT 2", "fields": [line | {"column": "brxm"}]}],
    ...     "codemaps": [{"code": "xb", "lines": [{"source_value": "1", "target_value": "male"}]}]}
    >>> for difference in differences(old, new): print(*difference)
    ('feed', 'br', 'query') SELECT 1 SELECT 2
    ('line', 'br', 'name') {'target': 'name', 'column': 'xm'} {'target': 'name', 'column': 'brxm'}
    ('code', 'xb', '1') None male
    >>> differences(new, new)
    []
    """
    before, after = _flat(old), _flat(new)
    whole = {("line", feed["code"]) for feed in new.get("feeds", ())}
    whole |= {("code", codemap["code"]) for codemap in new.get("codemaps", ())}
    gone = {place: None for place in before if place not in after and place[:2] in whole}
    return [
        Difference(place, before.get(place), value)
        for place, value in (after | gone).items()
        if before.get(place) != value
    ]


def _flat(definition: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    flat: dict[tuple[str, ...], Any] = {("source", name): value for name, value in definition.get("source", {}).items()}
    for feed in definition.get("feeds", ()):
        code = feed["code"]
        flat |= {("feed", code, name): value for name, value in feed.items() if name not in ("code", "fields")}
        flat |= {("line", code, line["target"]): _line(line) for line in feed["fields"]}
    for codemap in definition.get("codemaps", ()):
        code = codemap["code"]
        flat |= {("code", code, line["source_value"]): line["target_value"] for line in codemap["lines"]}
    return flat


def _line(line: dict[str, Any]) -> dict[str, Any]:
    """One line in one form, whether what it leaves out is named or not."""
    return {name: value for name, value in line.items() if value and (name, value) != ("transform", "text")}
