"""Whose turn it is."""

from typing import NamedTuple


class Lane(NamedTuple):
    """Parts of one priority that wait in order: those of one batch, or (batch 0) all that belong to none."""

    priority: str
    batch_id: int


def shares(lanes: list[Lane], count: int, turn: int = 0) -> list[tuple[Lane, int]]:
    """Share ``count`` parts among the lanes of the most urgent priority that there is.

    turn: grows with each call, so that what cannot be divided goes to another lane each time

    >>> a, b, c = Lane("2", 0), Lane("2", 7), Lane("3", 8)
    >>> shares([a, b, c], 5)
    [(Lane(priority='2', batch_id=0), 3), (Lane(priority='2', batch_id=7), 2)]
    >>> shares([a, b], 1, turn=1)
    [(Lane(priority='2', batch_id=7), 1)]
    >>> shares([], 5)
    []
    """
    if not lanes:
        return []
    first = min(lane.priority for lane in lanes)
    lanes = [lane for lane in lanes if lane.priority == first]
    start = turn % len(lanes)
    lanes = lanes[start:] + lanes[:start]
    each, rest = divmod(count, len(lanes))
    shared = [(lane, each + (place < rest)) for place, lane in enumerate(lanes)]
    return [(lane, share) for lane, share in shared if share]
