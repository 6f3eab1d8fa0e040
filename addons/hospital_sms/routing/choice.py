"""By which gateway a message leaves, and whose a number is."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

# In the order in which a number is tried that has left its operator.
OPERATORS = ("cm", "cu", "ct", "cbn")


class Way(NamedTuple):
    """What a gateway serves. ``departments``: only theirs, if any are named."""

    id: int
    operators: frozenset[str]
    service: bool = True
    commercial: bool = True
    departments: frozenset[int] = frozenset()
    on: bool = True


def choose(ways: Iterable[Way], operator: str, commercial: bool, department: int | None) -> int | None:
    """The first way that serves such a message; one that is off, where messages wait, only if no other does.

    >>> mobile = Way(1, frozenset({"cm"}), on=False)
    >>> all_nets = Way(2, frozenset({"cm", "cu", "ct"}), commercial=False, departments=frozenset({7}))
    >>> choose([mobile, all_nets], "cm", False, 7), choose([mobile, all_nets], "cm", False, 8)
    (2, 1)
    >>> choose([mobile, all_nets], "cu", True, 7) is None
    True
    """
    fitting = [
        way
        for way in ways
        if operator in way.operators
        and (way.commercial if commercial else way.service)
        and (not way.departments or department in way.departments)
    ]
    return next((way.id for way in [*(way for way in fitting if way.on), *fitting]), None)


def operator_of(beginning: str, prefixes: Mapping[str, str]) -> str | None:
    """The operator that the longest prefix names; None where none does.

    >>> table = {"170": "cu", "1703": "cm"}
    >>> operator_of("1703123", table), operator_of("1709123", table), operator_of("1390000", table)
    ('cm', 'cu', None)
    """
    for length in range(len(beginning), 0, -1):
        if operator := prefixes.get(beginning[:length]):
            return operator
    return None


def next_operator(refused: Collection[str]) -> str | None:
    """Whose a number may still be that these operators have refused.

    >>> next_operator(["cm"]), next_operator(["cm", "cu", "ct", "cbn"])
    ('cu', None)
    """
    return next((operator for operator in OPERATORS if operator not in refused), None)
