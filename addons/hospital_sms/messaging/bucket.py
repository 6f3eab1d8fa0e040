"""How fast an account may send."""

import time

# Seconds of the rate that may be saved up: so much more than the rate may leave in any one second.
SAVED = 0.02


class Bucket:
    """Tokens flow in at ``rate`` a second; 0: there is no limit.

    >>> now = [0.0]
    >>> bucket = Bucket(100, clock=lambda: now[0])
    >>> bucket.take(50), bucket.take(50), bucket.wait()
    (2, 0, 0.01)
    >>> now[0] = 0.5
    >>> bucket.take(50)
    2
    >>> Bucket(0).take(50)
    50
    """

    def __init__(self, rate: int, clock=time.monotonic):
        self.rate = rate
        self._most = max(1.0, rate * SAVED)
        self._tokens = self._most
        self._clock = clock
        self._at = clock()

    def take(self, wanted: int) -> int:
        """How many of ``wanted`` parts may leave now."""
        if not self.rate:
            return wanted
        now = self._clock()
        self._tokens = min(self._most, self._tokens + (now - self._at) * self.rate)
        self._at = now
        # a hair of rounding must not cost a turn
        given = min(wanted, int(self._tokens + 1e-9))
        self._tokens -= given
        return given

    def wait(self) -> float:
        """Seconds until the next part may leave, after ``take`` has refused."""
        return max(0.0, 1 - self._tokens) / self.rate
