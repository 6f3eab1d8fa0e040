"""One source row into the values of one record of ours, or a rejection."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from . import copytext, finish, transform
from .problems import ReadingFailed, Rejected
from .targets import SQL_TYPES, TARGETS, Target

# Part of every row's hash: raised when a function of this package changes what it makes of a value.
REVISION = 2

# A longer key names nothing, and no index takes it.
LONGEST_KEY = 255

_MAKE_TEXT = frozenset(("text", "digits", "code", "constant", "concat"))


def version(spec: dict[str, Any], *more: Any) -> str:
    """Names a mapping (and ``more``, if given); rows mapped by another one are written again.

    >>> a = {"kind": "patient", "fields": [{"target": "name", "column": "XM"}], "codemaps": {}}
    >>> version(a) == version(dict(a)), version(a) == version(a | {"kind": "employee"})
    (True, False)
    >>> version(a) == version(a, "SELECT 1")
    False
    """
    relevant = [REVISION, *(spec.get(part) for part in ("kind", "key", "fields", "codemaps", "timezone")), *more]
    text = json.dumps(relevant, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def key_first(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of a mapping, that of the key in front: the key column, if no line says otherwise."""
    lines = list(spec["fields"])
    if not any(line["target"] == "external_id" for line in lines):
        lines.insert(0, {"target": "external_id", "column": spec["key"], "transform": "text"})
    return sorted(lines, key=lambda line: line["target"] != "external_id")


class Mapper:
    """A mapping compiled for the columns of one query.

    >>> mapper = Mapper({"kind": "department", "key": "KSDM", "timezone": "Asia/Shanghai", "codemaps": {}, "fields": [
    ...     {"target": "name", "column": "KSMC", "transform": "text"}]}, ["KSDM", "KSMC"])
    >>> mapper.columns
    [('external_id', 'text'), ('name', 'text')]
    >>> mapper.values((" 0101 ", "心内科"))
    {'external_id': '0101', 'name': '心内科'}
    >>> try: mapper.values(("0101", None))
    ... except Rejected as problem: print(problem.code, problem.arguments)
    missing {'target': 'name', 'column': 'KSMC'}

    A state that the code table lacks is refused (a cancelled visit must not pass for a finished one); of an
    impossible birth date the patient does not suffer.

    >>> state = {"target": "state", "column": "ZT", "transform": "code", "codemap": "zt"}
    >>> mapper = Mapper({"kind": "inpatient", "key": "ID", "codemaps": {"zt": {"1": "finished"}}, "fields": [state]},
    ...     ["ID", "ZT"])
    >>> try: mapper.values(("1", "8"))
    ... except Rejected as problem: print(problem.code, problem.arguments, mapper.unmapped)
    bad_choice {'value': '8', 'column': 'ZT'} {('zt', '8'): 1}
    >>> mapper = Mapper({"kind": "patient", "key": "ID", "fields": [
    ...     {"target": "name", "column": "XM"}, {"target": "birth_date", "column": "CSRQ", "transform": "date"},
    ...     {"target": "id_number", "column": "SFZ", "transform": "id_number"}]}, ["ID", "XM", "CSRQ", "SFZ"])
    >>> days = "0000-00-00", "9999-12-31", "2150-01-01", "不详"
    >>> {str(mapper.values(("1", "张三", day, "11010519491231002X"))["birth_date"]) for day in days}
    {'1949-12-31'}
    >>> mapper.values(("1", "张三", "0000-00-00", None))["birth_date"]
    >>> mapper.external_id(("1", "张三", None, None)), mapper.external_id(("1" * 3000, "张三", None, None))
    ('1', None)
    """

    def __init__(self, spec: dict[str, Any], columns: Sequence[str]) -> None:
        lines = key_first(spec)
        self._open(spec, columns, lines)
        self.mapped = tuple(line["target"] for line in lines)
        unfilled = [name for name, target in TARGETS[self.kind].items() if target.required and name not in self.mapped]
        if unfilled:
            raise ReadingFailed("unmapped_target", targets=unfilled)
        self._finish = finish.for_kind(self.kind, self.mapped, self.zone)
        self.columns: list[tuple[str, str]] = self._finish.columns

    def _open(self, spec: dict[str, Any], columns: Sequence[str], lines: Sequence[dict[str, Any]]) -> None:
        self.kind = spec["kind"]
        self.version = version(spec).encode()
        self.zone = ZoneInfo(spec.get("timezone") or "Asia/Shanghai")
        self.unmapped: dict[tuple[str, str], int] = {}
        self._positions = {name.casefold(): index for index, name in enumerate(columns)}
        self._codemaps = spec.get("codemaps") or {}
        self._fields = [self._compile(line) for line in lines]

    @property
    def sql_columns(self) -> list[tuple[str, str]]:
        """Name and PostgreSQL type of each staged column."""
        return [(name, SQL_TYPES[kind]) for name, kind in self.columns]

    def values(self, row: Sequence[Any]) -> dict[str, Any]:
        """The mapped values of one row, by column; raises Rejected."""
        values, doubts = {}, {}
        for field in self._fields:
            name, target = field[0], field[4]
            try:
                values[name] = self._value(field, row)
            except Rejected as problem:
                if not target.doubt:
                    raise
                values[name], doubts[target.doubt] = None, str(problem.arguments.get("value", ""))[:64]
        return self._finish(values, doubts)

    def value(self, target: str, row: Sequence[Any]) -> Any:
        """What one line of the mapping makes of a row, whatever becomes of the others; raises Rejected."""
        return self._value(next(field for field in self._fields if field[0] == target), row)

    @staticmethod
    def _value(field: tuple[str, str, Callable, Callable, Target], row: Sequence[Any]) -> Any:
        name, column, read, convert, target = field
        try:
            value = convert(read(row))
            if target.choices and value is not None and value not in target.choices:
                raise Rejected("bad_choice", value=value)
            if value is None and target.required:
                raise Rejected("missing", target=name)
            if value is not None and (name == "external_id" or target.refers) and len(value) > LONGEST_KEY:
                raise Rejected("out_of_range", value=value[:64])
        except Rejected as problem:
            problem.arguments.setdefault("column", column)
            raise
        return value

    def line(self, row: Sequence[Any]) -> tuple[str, bytes]:
        """The HIS key and the COPY line of one row: key, hash, values."""
        values = self.values(row)
        try:
            body = copytext.line([values[name] for name, _type in self.columns]).encode()
        except UnicodeEncodeError:
            raise Rejected("bad_encoding") from None
        row_hash = hashlib.blake2b(body, digest_size=16, key=self.version).hexdigest()
        return values["external_id"], b"%s\t%s\n" % (row_hash.encode(), body)

    def external_id(self, row: Sequence[Any]) -> str | None:
        """The HIS key of a row that was rejected, as far as it can be told."""
        try:
            return self._value(self._fields[0], row)
        except Rejected:
            return None

    def _compile(self, line: dict[str, Any]) -> tuple[str, str, Callable, Callable, Target]:
        name = line["target"]
        target = TARGETS[self.kind].get(name)
        if target is None:
            raise ReadingFailed("unknown_target", target=name)
        kind = line.get("transform") or "text"
        column = line.get("column") or ""
        codes = None
        report = None
        if kind == "code":
            table = line.get("codemap") or ""
            codes = self._codemaps.get(table, {})

            def report(value: str) -> None:
                place = (table, value[:64])
                self.unmapped[place] = self.unmapped.get(place, 0) + 1
                if target.strict:
                    raise Rejected("bad_choice", value=value[:64])

        convert = transform.make(kind, line.get("argument") or "", transform.Settings(self.zone, codes, report))
        return name, column, self._reader(kind, column), self._as_type(convert, kind, target), target

    def _as_type(self, convert: Callable, kind: str, target: Target) -> Callable:
        """A text transformer feeding a date or a number: what it made is read once more as the target's type.

        A constant "1" for an integer and a code table that answers "true" are ordinary.
        """
        if kind == target.type or target.type == "text" and kind in _MAKE_TEXT:
            return convert
        second = transform.make(target.type, "", transform.Settings(self.zone))
        return lambda value: second(convert(value))

    def _reader(self, kind: str, column: str) -> Callable[[Sequence[Any]], Any]:
        if kind == "constant":
            return lambda row: None
        if kind == "concat":
            places = [self._position(part) for part in column.split(",")]
            return lambda row: [row[place] for place in places]
        return _item(self._position(column))

    def _position(self, column: str) -> int:
        try:
            return self._positions[column.strip().casefold()]
        except KeyError:
            raise ReadingFailed("no_column", column=column, columns=", ".join(self._positions)[:300]) from None


def _item(place: int) -> Callable[[Sequence[Any]], Any]:
    return lambda row: row[place]


def raw(names: Iterable[str], row: Sequence[Any]) -> dict[str, Any]:
    """A row as it came, fit for JSON; reading it again gives the same mapped values.

    >>> from decimal import Decimal
    >>> raw(["A", "B"], [Decimal("1.50"), None])
    {'A': '1.50', 'B': None}
    """
    return {
        name: value if value is None or isinstance(value, (str, int)) else raw_value(value)
        for name, value in zip(names, row, strict=True)
    }


def raw_value(value: Any) -> Any:
    """What JSON does not know, in a form that is mapped to the same."""
    try:
        return transform.plain(value)
    except Rejected:
        return repr(value)[:2000]
