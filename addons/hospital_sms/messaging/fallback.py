"""One notice, one outcome: what follows when a message has not arrived, and what became of the notice as a whole."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

REACHED = {"delivered", "partial"}
ENDED = REACHED | {"excluded", "failed", "unknown", "silent", "cancelled"}
# Excluded for want of a way, not because the patient must not be written to.
NO_WAY = {"no_number"}


class Tried(NamedTuple):
    """What has become of the message on one channel."""

    state: str
    reason: str = ""


class Decision(NamedTuple):
    """next: the channel to go on with; outcome: of the notice, empty while it is under way; call: the call's state."""

    next: str = ""
    outcome: str = ""
    call: str = ""


def decide(channels: Sequence[str], tried: Mapping[str, Tried], call: str = "") -> Decision:
    """Return what is to be done now. Asked again about the same facts, it answers the same.

    channels: those that the notice may use, in their order
    tried: by channel, in the order of sending
    call: due, called, unreached, unneeded or empty

    >>> channels = ("wechat", "sms", "call")
    >>> failed, arrived, open = Tried("failed"), Tried("delivered"), Tried("queued")
    >>> decide(channels, {"wechat": open})
    Decision(next='', outcome='', call='')
    >>> decide(channels, {"wechat": failed}).next, decide(channels, {"wechat": failed, "sms": failed}).next
    ('sms', 'call')
    >>> decide(channels, {"wechat": failed, "sms": arrived}).outcome
    'sms'
    >>> decide(channels, {"wechat": failed, "sms": failed}, "called").outcome
    'call'

    A late report: WeChat has delivered after all, and the text message too; nobody need call any more.

    >>> decide(channels, {"wechat": arrived, "sms": arrived}, "due")
    Decision(next='', outcome='both', call='unneeded')
    >>> decide(channels, {"wechat": Tried("excluded", "deceased")}).outcome
    'excluded'
    >>> decide(channels, {"sms": Tried("excluded", "no_number")}).next, decide(("sms",), {"sms": failed}).outcome
    ('call', 'unreached')
    """
    reached = [channel for channel, one in tried.items() if one.state in REACHED]
    if call == "called":
        return Decision(outcome="call", call=call)
    if reached:
        outcome = "both" if len(reached) > 1 else reached[0]
        return Decision(outcome=outcome, call="unneeded" if call else "")
    if call:
        return Decision(outcome={"due": "", "unreached": "unreached", "unneeded": "unneeded"}[call], call=call)
    if any(one.state not in ENDED for one in tried.values()):
        return Decision()
    channel, last = list(tried.items())[-1]
    if last.state == "cancelled" or (last.state == "excluded" and last.reason not in NO_WAY):
        return Decision(outcome=last.state)
    following = channels[channels.index(channel) + 1 :]
    return Decision(next=following[0]) if following else Decision(outcome="unreached")
