"""How a feed is doing, and what of it a person has to know."""

from datetime import datetime
from typing import Any, NamedTuple

# So many failures in a row are no accident any more; a cause that waiting does not cure is known at once.
FAILURES = 3
# So many rows set aside within a day mean a changed HIS or a wrong mapping, not a typing error.
LETTERS = 20


class Health(NamedTuple):
    """One feed; ``failures`` in a row, ``passing``: the cause of the last one may go by itself, ``lag`` in hours."""

    feed_id: int
    source_id: int
    name: str
    state: str = ""
    code: str = ""
    arguments: dict[str, Any] | None = None
    passing: bool = False
    failures: int = 0
    failed_today: int = 0
    last_success: datetime | None = None
    newest_at: datetime | None = None
    lag: float = 0
    lag_limit: int = 0
    rate: float | None = None
    open_letters: int = 0
    waiting_letters: int = 0
    fresh_letters: int = 0
    hours: tuple[int, ...] = ()

    @property
    def failing(self) -> bool:
        """
        >>> Health(1, 1, "a", failures=1, passing=True).failing, Health(1, 1, "a", failures=3, passing=True).failing
        (False, True)
        >>> Health(1, 1, "a", failures=1).failing
        True
        """
        return self.failures >= FAILURES or bool(self.failures and not self.passing)

    @property
    def late(self) -> bool:
        """A limit of 0 means that it never is."""
        return bool(self.lag_limit) and self.lag > self.lag_limit

    @property
    def light(self) -> str:
        """
        >>> done = Health(1, 1, "a", "done", lag=30)
        >>> Health(1, 1, "a").light, done.light, done._replace(open_letters=1).light, done._replace(lag_limit=26).light
        ('muted', 'success', 'warning', 'danger')
        """
        if self.failing or self.late:
            return "danger"
        if self.failures or self.open_letters:
            return "warning"
        return "success" if self.state else "muted"


class Cause(NamedTuple):
    """What an alarm is about: one alarm per ``(cause, key)``, however often it is found."""

    cause: str
    key: str
    source_id: int | None
    feed_id: int | None
    arguments: dict[str, Any]


def causes(feeds: list[Health]) -> list[Cause]:
    """One cause is one alarm: a HIS that is down is told once, not once a feed, and nobody is told twice of a feed.

    >>> silent = {"state": "failed", "code": "refused", "passing": True, "failures": 3, "lag": 99, "lag_limit": 26}
    >>> down = [Health(n, 1, f"F{n}", **silent) for n in (1, 2)]
    >>> [(cause.cause, cause.key, cause.arguments["feeds"]) for cause in causes(down)]
    [('failing', '1 refused', ['F1', 'F2'])]
    >>> [cause.cause for cause in causes([Health(1, 1, "F", "done", lag=30, lag_limit=26, fresh_letters=99)])]
    ['late', 'letters']
    """
    found: dict[tuple[str, str], Cause] = {}
    for feed in feeds:
        if feed.failing:
            reason = [feed.code, feed.arguments or {}]
            cause = "failing" if feed.passing else "broken"
            _gather(found, feed, cause, f"{feed.source_id} {feed.code}", reason=reason, count=feed.failures)
        elif feed.late:
            _gather(found, feed, "late", str(feed.source_id), hours=round(feed.lag), limit=feed.lag_limit)
        if feed.fresh_letters >= LETTERS:
            cause = Cause("letters", str(feed.feed_id), feed.source_id, feed.feed_id, {})
            cause.arguments.update(feeds=[feed.name], count=feed.fresh_letters)
            found["letters", cause.key] = cause
    return list(found.values())


def _gather(found: dict[tuple[str, str], Cause], feed: Health, cause: str, key: str, **arguments: Any) -> None:
    """Feeds of one source with one cause share an alarm; a single one is named by it."""
    if (cause, key) in found:
        first = found[cause, key]
        first.arguments["feeds"].append(feed.name)
        found[cause, key] = first._replace(feed_id=None)
    else:
        found[cause, key] = Cause(cause, key, feed.source_id, feed.feed_id, {"feeds": [feed.name], **arguments})
