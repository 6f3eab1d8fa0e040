"""By which gateway a message leaves, and whose a number is."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

# In the order in which a number is tried that has left its operator.
OPERATORS = ("cm", "cu", "ct", "cbn")
# No prefix of the table is longer.
LONGEST_PREFIX = 7
# Seconds of trouble after which waiting messages take the other way.
PATIENCE = 60


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


def operator_of(number: str, prefixes: Mapping[str, str]) -> str | None:
    """The operator that the longest prefix names; None where none does.

    >>> table = {"170": "cu", "1703": "cm"}
    >>> operator_of("17031234567", table), operator_of("17091234567", table), operator_of("073185551234", table)
    ('cm', 'cu', None)
    """
    for length in range(min(LONGEST_PREFIX, len(number)), 0, -1):
        if operator := prefixes.get(number[:length]):
            return operator
    return None


def next_operator(refused: Collection[str]) -> str | None:
    """Whose a number may still be that these operators have refused.

    >>> next_operator(["cm"]), next_operator(["cm", "cu", "ct", "cbn"])
    ('cu', None)
    """
    return next((operator for operator in OPERATORS if operator not in refused), None)


def gives_up(state: str, seconds: float) -> bool:
    """Whether a gateway that has been in ``state`` for so long leaves its messages to the other one.

    Switched off it holds them: somebody wants that.

    >>> gives_up("failing", 61), gives_up("refused", 61), gives_up("failing", 5), gives_up("off", 9999)
    (True, True, False, False)
    """
    return state in ("failing", "refused") and seconds > PATIENCE
