"""What the service ``messages`` and a link (the way to one account of an operator or vendor) expect of each other.

A link never decides what is sent: it is handed parts that stand as *sending* in the database, and says what became of
each of them, exactly once. What it cannot say for certain it calls unknown.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol


class Account(NamedTuple):
    """An account at an operator or vendor, as the gateway's form has it; secrets already read.

    rate: parts per second the account may send, 0 for no limit; kept by the service, known to the link for its pauses
    window: unanswered submits per connection
    options: what only some protocols know, by the name of the gateway's field
    """

    id: int
    protocol: str
    host: str = ""
    port: int = 0
    login: str = ""
    secret: str = ""
    access_number: str = ""
    rate: int = 0
    window: int = 16
    connections: int = 1
    options: dict[str, Any] = {}


class Part(NamedTuple):
    """One part on its way out.

    reference: hex, from ``Link.reserve``; kept in the database before the bytes leave
    number: the receiver's digits, without country code in mainland China; "" on WeChat
    sender: access number and extension, shown to the receiver
    text: the whole message; ``index`` of ``total`` says which part of it this is; ``ref``: any number common to all
    parts of the message, whenever they are sent (its id), by which the receiver's phone puts them together
    values: what templates of vendors and of WeChat ask for; ``template``: their code
    """

    id: int
    reference: str
    number: str
    sender: str
    text: str
    index: int = 1
    total: int = 1
    priority: int = 2
    openid: str = ""
    template: str = ""
    values: dict[str, str] = {}
    ref: int = 0


class Accepted(NamedTuple):
    """The operator took the part; ``provider_id`` (hex, or the vendor's text) is what its report will name."""

    part_id: int
    provider_id: str


class Rejected(NamedTuple):
    """The operator refused the part.

    code: the raw code, with the protocol's name for it in front where that is needed to read it ("8", "EXPIRED")
    kind: "throttled" (again after a pause), "later" (a forbidden hour, a quota: again much later), "elsewhere" (the
    number belongs to another operator), "busy" (the gateway is in trouble: again, or by another gateway), "failed"
    """

    part_id: int
    code: str
    kind: str = "failed"


class Unsent(NamedTuple):
    """Not one byte of the part has left: it may be sent again."""

    part_id: int


class Unknown(NamedTuple):
    """It left, and nothing more will be heard on this connection."""

    part_id: int
    reason: str = ""


class Report(NamedTuple):
    """What became of a part at the receiver.

    state: "delivered", "failed", "pending" (the operator is still trying)
    number: "" where the peer does not name it
    done_at: naive UTC, as far as the operator's minutes tell
    reference: ours, where the peer repeats it: finds the part even if the answer with the operator's id never came
    """

    provider_id: str
    state: str
    code: str
    number: str = ""
    done_at: datetime | None = None
    reference: str = ""


class Reply(NamedTuple):
    """A text from a receiver.

    destination: our access number and extension; key: tells a repeated one; long texts come in ``index`` of ``total``
    parts with the same ``ref``
    """

    number: str
    destination: str
    text: str
    key: str
    at: datetime | None = None
    ref: int = 0
    index: int = 1
    total: int = 1
    openid: str = ""


Outcome = Accepted | Rejected | Unsent | Unknown


class Status(NamedTuple):
    """For the board. state: connecting, connected, failing, refused (the login: nothing is tried again by itself)"""

    state: str
    connected: int = 0
    code: str = ""


class Service(Protocol):
    """The service's side, called from the loop's thread."""

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Keep what became of parts; they are persisted together, soon."""

    async def keep(self, arrived: Sequence[Report | Reply]) -> None:
        """Persist what came in; once this returns it may be acknowledged. Raises when it could not be kept."""

    def status(self, status: Status) -> None:
        """Tell the board."""


class Link:
    """One account. A protocol's file derives from this and names itself with ``@link("cmpp2")``."""

    # Options of Account that this protocol reads.
    options: tuple[str, ...] = ()

    def __init__(self, account: Account, service: Service):
        self.account = account
        self.service = service

    @property
    def free(self) -> int:
        """How many parts may be handed over now: connected, logged in, window open, not throttled."""
        raise NotImplementedError

    def reserve(self, count: int) -> list[str]:
        """References for the next ``count`` parts, each used once."""
        raise NotImplementedError

    def submit(self, parts: Sequence[Part]) -> None:
        """Send; at most ``free`` of them. Returns at once: what becomes of them goes to ``service.settle``."""
        raise NotImplementedError

    def on_free(self, wake: Callable[[], None]) -> None:
        """``wake`` is called whenever ``free`` has grown."""
        self.wake = wake

    async def run(self) -> None:
        """Keep the account's connections until cancelled; a refused login ends it (after ``status("refused")``)."""
        raise NotImplementedError

    async def close(self, grace: float) -> None:
        """Log out in order: wait for answers at most ``grace`` seconds, call the rest unknown, close."""
        raise NotImplementedError


LINKS: dict[str, type[Link]] = {}


def link(*protocols: str) -> Callable[[type[Link]], type[Link]]:
    def register(cls: type[Link]) -> type[Link]:
        LINKS.update(dict.fromkeys(protocols, cls))
        return cls

    return register
