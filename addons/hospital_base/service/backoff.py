"""How long to wait before the next try."""

import random


def delay(failures: int, first: float = 1.0, longest: float = 60.0, rand=random.random) -> float:
    """Seconds before the try after so many failures in a row: doubling, with jitter from half to whole.

    >>> [delay(n, rand=lambda: 1.0) for n in (1, 2, 3, 7, 5000)]
    [1.0, 2.0, 4.0, 60.0, 60.0]
    >>> delay(3, rand=lambda: 0.0)
    2.0
    """
    return min(longest, first * 2 ** min(failures - 1, 30)) * (0.5 + rand() / 2)
