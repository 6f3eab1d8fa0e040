"""What the links to vendors of cloud messages share: one signed request per part, no session.

A vendor sends a template of its own with our values in it, to one number, however long the text becomes: the message
is one part.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from odoo.addons.hospital_base.service.backoff import delay

from .connection import BEIJING, national
from .contract import Account, Link, Outcome, Part, Rejected, Reply, Report, Service, Status, Unknown, Unsent
from .http import Answer, Client, Unanswered, endpoint, loads

_logger = logging.getLogger(__name__)

PAUSE = 1.0  # seconds without a submit after the vendor found us too fast
MOST_ROWS, MOST_BYTES = 1000, 256 * 1024  # of what a vendor brings at once
LONGEST = 2000  # characters of anything that comes in


class Request(NamedTuple):
    """A signed POST."""

    path: str
    headers: dict[str, str]
    body: bytes = b""


class Refused(Exception):
    """The vendor does not know us; the text is its code."""


class VendorLink(Link):
    """A link of which each part is one request.

    host: the vendor's usual endpoint, where the account names none
    period: seconds between two looks for reports and replies
    too_fast: how codes begin that are about the account and not about one number
    """

    host = ""
    period = 20.0
    too_fast: tuple[str, ...] = ()
    options = ("signature", "proxy")

    def __init__(self, account: Account, service: Service):
        super().__init__(account, service)
        proxy = account.options.get("proxy")
        self.client = Client(endpoint(account.host or self.host, account.port), endpoint(proxy) if proxy else None)
        self.signature = (account.options.get("signature") or "").strip("【】")
        self.wake = lambda: None
        self._room = account.window * account.connections
        self._sending: set[asyncio.Task] = set()
        self._open = False
        self._paused_until = 0.0
        self._trouble = asyncio.Event()
        self._refused = ""

    # What a vendor's file says

    def compose(self, part: Part) -> Request:
        """The request that sends ``part``."""
        raise NotImplementedError

    def verdict(self, part: Part, answer: Any) -> Outcome:
        """What the vendor's JSON says of the part; raises Refused."""
        raise NotImplementedError

    async def look(self) -> None:
        """Prove the login and take in what has arrived; raises Refused, Unanswered."""
        raise NotImplementedError

    # The contract

    @property
    def free(self) -> int:
        if not self._open or asyncio.get_running_loop().time() < self._paused_until:
            return 0
        return self._room - len(self._sending)

    def reserve(self, count: int) -> list[str]:
        return [secrets.token_hex(16) for _ in range(count)]

    def submit(self, parts: Sequence[Part]) -> None:
        for part in parts:
            task = asyncio.create_task(self._deliver(part))
            self._sending.add(task)
            task.add_done_callback(partial(self._delivered, part))

    async def run(self) -> None:
        failures = 0
        self.service.status(Status("connecting"))
        try:
            while not self._refused:
                self._trouble.clear()
                try:
                    await self.look()
                    failures = 0
                    if not self._open:
                        self._open = True
                        self.service.status(Status("connected", 1))
                        self.wake()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._trouble.wait(), self.period)
                except Refused as error:
                    self._refused = str(error)
                except Unanswered as error:
                    failures += 1
                    self._open = False
                    self.service.status(Status("failing", 0, str(error)))
                    await asyncio.sleep(delay(failures))
            self.service.status(Status("refused", 0, self._refused))
        finally:
            self._open = False

    async def close(self, grace: float) -> None:
        self._open = False
        if self._sending:
            _done, late = await asyncio.wait(self._sending, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self.client.close()

    # One part

    async def _deliver(self, part: Part) -> Outcome:
        if not part.template:
            return Rejected(part.id, "no_template")
        if part.index != 1:
            return Rejected(part.id, "in_parts")
        left = False

        def leaving() -> None:
            nonlocal left
            left = True

        try:
            request = self.compose(part)
        except ValueError as error:
            return Rejected(part.id, str(error))
        try:
            answer = await self.client.post(*request, leaving=leaving)
        except Unanswered as error:
            # Nothing more goes out until the vendor has answered something.
            self._open = False
            self._trouble.set()
            return Unknown(part.id, str(error)) if left else Unsent(part.id)
        except asyncio.CancelledError:
            return Unknown(part.id, "closed") if left else Unsent(part.id)
        return self._judge(part, answer)

    def _judge(self, part: Part, answer: Answer) -> Outcome:
        """JSON is the vendor's word. Anything else comes from something in between, which has let it pass or not."""
        try:
            said = loads(answer.body)
            if not isinstance(said, dict):
                raise ValueError
            outcome = self.verdict(part, said)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError):
            if answer.status == 429:
                outcome = Rejected(part.id, "HTTP 429", "throttled")
            elif 300 <= answer.status < 500:
                outcome = Rejected(part.id, f"HTTP {answer.status}", "busy")
            else:
                outcome = Unknown(part.id, f"HTTP {answer.status}")
        except Refused as error:
            self._open = False
            self._refused = str(error)
            self._trouble.set()
            outcome = Rejected(part.id, str(error), "busy")
        if isinstance(outcome, Rejected) and outcome.code.startswith(("HTTP 429", *self.too_fast)):
            self._pause()
        return outcome

    def _delivered(self, part: Part, task: asyncio.Task) -> None:
        self._sending.discard(task)
        # Cancelled: it had not even begun.
        self.service.settle([Unsent(part.id) if task.cancelled() else task.result()])
        if self.free:
            self.wake()

    def _pause(self) -> None:
        loop = asyncio.get_running_loop()
        self._paused_until = loop.time() + PAUSE
        loop.call_later(PAUSE, lambda: self.free and self.wake())

    async def ask(self, request: Request) -> Any:
        """What the vendor answers to a question; raises Unanswered."""
        answer = await self.client.post(*request)
        try:
            return loads(answer.body)
        except ValueError:
            raise Unanswered(f"HTTP {answer.status}") from None

    async def keep(self, arrived: Sequence[Report | Reply]) -> None:
        """The vendor has forgotten what it gave us: hold it until it is kept."""
        failures = 0
        while arrived:
            try:
                return await self.service.keep(arrived)
            except Exception as error:
                failures += 1
                _logger.warning("Gateway %s: what came in cannot be kept (%s)", self.account.id, type(error).__name__)
                await asyncio.sleep(delay(failures))


def extension(part: Part, access_number: str) -> str:
    """What follows the access number.

    >>> extension(Part(1, "", "13900001234", "1069012345", ""), "10690")
    '12345'
    """
    return part.sender.removeprefix(access_number) if access_number else ""


def rows(body: bytes) -> list[dict[str, Any]]:
    """The rows of what a vendor has brought: an object or a list of them, all flat; ValueError for anything else.

    >>> rows(b'[{"a": 1}]'), rows(b'{"a": 1}')
    ([{'a': 1}], [{'a': 1}])
    >>> rows(b'[{"a": {"b": 1}}]')
    Traceback (most recent call last):
    ValueError: not rows
    """
    said = loads(body)
    found = said if isinstance(said, list) else [said]
    if len(found) > MOST_ROWS or not all(
        isinstance(row, dict) and not any(isinstance(value, dict | list) for value in row.values()) for row in found
    ):
        raise ValueError("not rows")
    return found


def words(value: Any) -> str:
    """A vendor's text as a database keeps it: JSON may hold NULs and halves of characters; "" for nothing.

    >>> words("TD\\0\\ud83d"), words(None), words(7)
    ('TD?', '', '7')
    """
    return "" if value is None else str(value)[:LONGEST].encode("utf-8", "replace").decode().replace("\0", "")


def local(number: Any) -> str:
    """The digits of a number, without country code in mainland China; "" if it is none.

    >>> local("+8613900001234"), local("13900001234"), local("+852 6123 4567"), local(None)
    ('13900001234', '13900001234', '85261234567', '')
    """
    return national(words(number))[:20]


def beijing(text: Any) -> datetime | None:
    """Naive UTC of what a vendor's clock says.

    >>> beijing("2026-11-27 08:30:00"), beijing("yesterday"), beijing(None)
    (datetime.datetime(2026, 11, 27, 0, 30), None, None)
    """
    try:
        at = datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
    return at.replace(tzinfo=BEIJING).astimezone(UTC).replace(tzinfo=None)


def seconds(stamp: Any) -> datetime | None:
    """Naive UTC of seconds since 1970.

    >>> seconds("1457336869"), seconds(0), seconds("soon")
    (datetime.datetime(2016, 3, 7, 7, 47, 49), None, None)
    """
    try:
        return datetime.fromtimestamp(int(stamp), UTC).replace(tzinfo=None) if int(stamp) > 0 else None
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def digest(*parts: Any) -> str:
    """A key for what carries none of its own: the same however often, and by whatever way, it comes."""
    return hashlib.sha256("\0".join(map(words, parts)).encode()).hexdigest()[:32]
