"""May a patient be contacted? One decision for calls, texts and surveys.

Times are naive datetimes of the hospital's clock.
"""

import re
from datetime import datetime, time, timedelta
from typing import NamedTuple

DEFAULT_HOURS = "09:00-11:45,14:30-19:30"
WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")

# A patient with an open complaint is not asked how satisfied he or she is, nor invited to an event.
BLOCKED_BY_COMPLAINT = {"survey", "marketing"}
# What is no part of the treatment needs the patient's consent.
NEEDS_CONSENT = {"marketing"}

Hours = tuple[tuple[time, time], ...]


class Policy(NamedTuple):
    """Allowed hours and the frequency cap (``cap`` contacts in ``cap_days`` days; 0: none) of a purpose."""

    purpose: str
    hours: Hours
    cap: int = 0
    cap_days: int = 7


class Facts(NamedTuple):
    """What the gate knows of one patient; ``touches`` are the earlier contacts for the same purpose."""

    deceased: bool = False
    do_not_contact: bool = False
    refused: bool = False
    consent_withdrawn: bool = False
    consent_given: bool = False
    open_complaint: bool = False
    touches: tuple[datetime, ...] = ()


class Verdict(NamedTuple):
    """``yes``; ``later`` with the earliest time; ``no`` with the reason."""

    verdict: str
    at: datetime | None = None
    reason: str | None = None


def parse_hours(text: str) -> Hours:
    """
    >>> parse_hours("09:00-11:45, 14:30-19:30")[1]
    (datetime.time(14, 30), datetime.time(19, 30))
    >>> parse_hours("9-12")
    Traceback (most recent call last):
    ValueError: 9-12
    """
    windows = []
    for part in (text or "").split(","):
        match = WINDOW.fullmatch(part.strip())
        if not match:
            raise ValueError(part)
        start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
        if start >= end:
            raise ValueError(part)
        windows.append((start, end))
    return tuple(sorted(windows))


def next_allowed(hours: Hours, at: datetime) -> datetime:
    """Return ``at`` when it lies inside the hours, else the beginning of the next window.

    >>> hours = parse_hours("09:00-11:45,14:30-19:30")
    >>> next_allowed(hours, datetime(2026, 3, 2, 12, 10))
    datetime.datetime(2026, 3, 2, 14, 30)
    >>> next_allowed(hours, datetime(2026, 3, 2, 21, 0))
    datetime.datetime(2026, 3, 3, 9, 0)
    """
    for start, end in hours:
        if at.time() < start:
            return datetime.combine(at.date(), start)
        if at.time() < end:
            return at
    return datetime.combine(at.date() + timedelta(days=1), hours[0][0])


def decide(facts: Facts, policy: Policy, at: datetime) -> Verdict:
    """Return the verdict for one patient at ``at``.

    >>> noon = datetime(2026, 3, 2, 12, 10)
    >>> policy = Policy("followup", parse_hours(DEFAULT_HOURS), cap=2, cap_days=7)
    >>> decide(Facts(deceased=True), policy, noon)
    Verdict(verdict='no', at=None, reason='deceased')
    >>> decide(Facts(), policy, noon)
    Verdict(verdict='later', at=datetime.datetime(2026, 3, 2, 14, 30), reason='hours')
    >>> decide(Facts(), policy, datetime(2026, 3, 2, 15, 0)).verdict
    'yes'
    >>> often = (datetime(2026, 2, 27, 10), datetime(2026, 3, 1, 10))
    >>> decide(Facts(touches=often), policy, datetime(2026, 3, 2, 15, 0))
    Verdict(verdict='later', at=datetime.datetime(2026, 3, 6, 10, 0), reason='cap')
    >>> decide(Facts(open_complaint=True), policy._replace(purpose="survey"), noon).reason
    'open_complaint'
    """
    refusals = (
        (facts.deceased, "deceased"),
        (facts.do_not_contact, "do_not_contact"),
        (facts.refused, "refused"),
        (facts.consent_withdrawn, "consent_withdrawn"),
        (policy.purpose in NEEDS_CONSENT and not facts.consent_given, "no_consent"),
        (policy.purpose in BLOCKED_BY_COMPLAINT and facts.open_complaint, "open_complaint"),
    )
    for refused, reason in refusals:
        if refused:
            return Verdict("no", reason=reason)
    if policy.cap:
        span = timedelta(days=policy.cap_days)
        recent = sorted(touch for touch in facts.touches if touch > at - span)
        if len(recent) >= policy.cap:
            return Verdict("later", next_allowed(policy.hours, recent[-policy.cap] + span), "cap")
    allowed = next_allowed(policy.hours, at)
    if allowed > at:
        return Verdict("later", allowed, "hours")
    return Verdict("yes")
