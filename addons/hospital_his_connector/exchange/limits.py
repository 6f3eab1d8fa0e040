"""How long anybody waits for a HIS."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Seconds: to get a connection; without a sign of life; for all waiting of one reading."""

    connect: float = 10
    silence: float = 120
    total: float = 3600
