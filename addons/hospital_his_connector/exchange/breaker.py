"""Whether a HIS that failed is asked again: nobody waits for a dead one at every question."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# Failures in a row that open the circuit, and how long it stays open before one question tries again.
FAILURES = 3
PAUSE = timedelta(seconds=30)


@dataclass(frozen=True)
class Breaker:
    """Closed: ask. Open: do not. Half open: one question tries, the others do without until it has come back.

    >>> noon = datetime(2026, 3, 1, 12)
    >>> breaker = Breaker()
    >>> for _ in range(3): breaker = breaker.failed(noon)
    >>> breaker.ask(noon + timedelta(seconds=29))[0]
    False
    >>> may, meanwhile = breaker.ask(noon + PAUSE)
    >>> may, meanwhile.ask(noon + PAUSE)[0]
    (True, False)

    The one that tries brings it back, or opens it again; should its process die, another tries after the pause.

    >>> meanwhile.succeeded().ask(noon + PAUSE)[0], meanwhile.failed(noon + PAUSE).ask(noon + PAUSE)[0]
    (True, False)
    >>> meanwhile.ask(noon + 2 * PAUSE)[0]
    True

    Two failures with a success between them are not three in a row.

    >>> Breaker().failed(noon).failed(noon).succeeded().failed(noon).ask(noon)[0]
    True
    """

    failures: int = 0
    retry_at: datetime | None = None

    def ask(self, now: datetime) -> tuple[bool, "Breaker"]:
        """Whether to ask now, and the state while that question is under way."""
        if self.retry_at is None:
            return True, self
        if now < self.retry_at:
            return False, self
        return True, replace(self, retry_at=now + PAUSE)

    def succeeded(self) -> "Breaker":
        return Breaker()

    def failed(self, now: datetime) -> "Breaker":
        failures = self.failures + 1
        return Breaker(failures, now + PAUSE if failures >= FAILURES else None)
