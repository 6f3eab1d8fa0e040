"""An operator inside the process: nothing leaves it. What becomes of a part depends on the last two digits.

    01  not delivered (UNDELIV)                 06  delivered, and the receiver answers "TD"
    02  on the operator's blacklist (MBBLACK)   07  refused at once (13)
    03  no report ever                          08  expired (EXPIRED)
    04  throttled the first time                09  the report comes twice
    05  delivered, and the receiver answers "1" 10  the report comes before the answer

All others are delivered. What depends on chance (how long a report takes) depends on the part's reference alone.
"""

import asyncio
import itertools
import time
from datetime import UTC, datetime

from .contract import Accepted, Link, Rejected, Reply, Report, Status, link

FAILURES = {"01": "UNDELIV", "02": "MBBLACK", "08": "EXPIRED"}
REPLIES = {"05": "1", "06": "TD"}
ANSWER = 0.01  # seconds until the answer
SOONEST, LATEST = 0.2, 3.0  # seconds until the report


def report_delay(reference: str) -> float:
    """
    >>> SOONEST <= report_delay("18f3a2b400000001") == report_delay("18f3a2b400000001") <= LATEST
    True
    """
    return SOONEST + (int(reference, 16) * 2654435761 % 1000) / 1000 * (LATEST - SOONEST)


@link("simulator")
class Simulator(Link):
    def __init__(self, account, service):
        super().__init__(account, service)
        self.wake = lambda: None
        self._counter = itertools.count(time.time_ns() // 1000)
        self._open = False
        self._answers = {}  # part id -> (part, timer)
        self._reports = {}  # its own number -> (arrivals, timer)
        self._throttled = set()
        self._keeping = set()

    @property
    def free(self):
        return max(0, self.account.window * self.account.connections - len(self._answers)) if self._open else 0

    def reserve(self, count):
        return [f"{next(self._counter):016x}" for _ in range(count)]

    def submit(self, parts):
        loop = asyncio.get_running_loop()
        for part in parts:
            if part.number[-2:] == "10":
                self._report(part)
            self._answers[part.id] = part, loop.call_later(ANSWER, self._answer, part)

    async def run(self):
        self._open = True
        self.service.status(Status("connected", self.account.connections))
        self.wake()
        try:
            await asyncio.Event().wait()
        finally:
            self._open = False

    async def close(self, grace):
        """Reports that are still to come, come now: a demonstration that is stopped leaves nothing in the air."""
        self._open = False
        for part, timer in list(self._answers.values()):
            timer.cancel()
            self._answer(part)
        for key, (arrivals, timer) in list(self._reports.items()):
            timer.cancel()
            self._arrive(key, arrivals)
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=grace)

    # -- what an operator does -----------------------------------------------------------------------------------

    def _answer(self, part):
        del self._answers[part.id]
        case = part.number[-2:]
        if case == "07":
            outcome = Rejected(part.id, "13")
        elif case == "04" and part.number not in self._throttled:
            self._throttled.add(part.number)
            outcome = Rejected(part.id, "8", "throttled")
        else:
            outcome = Accepted(part.id, part.reference)
            if case not in ("03", "10"):
                self._report(part)
        self.service.settle([outcome])
        self.wake()

    def _report(self, part):
        case = part.number[-2:]
        code = FAILURES.get(case, "DELIVRD")
        state = "failed" if case in FAILURES else "delivered"
        delay = 0 if case == "10" else report_delay(part.reference)
        report = Report(part.reference, state, code, part.number, datetime.now(UTC).replace(tzinfo=None))
        self._later(delay, [report, report] if case == "09" else [report])
        if case in REPLIES and part.index == part.total:
            reply = Reply(part.number, part.sender, REPLIES[case], part.reference, openid=part.openid)
            self._later(delay + 1, [reply])

    def _later(self, delay, arrivals):
        key = next(self._counter)
        timer = asyncio.get_running_loop().call_later(delay, self._arrive, key, arrivals)
        self._reports[key] = arrivals, timer

    def _arrive(self, key, arrivals):
        del self._reports[key]
        task = asyncio.get_running_loop().create_task(self.service.keep(arrivals))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)
