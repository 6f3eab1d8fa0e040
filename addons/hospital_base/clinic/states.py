"""What may become of a slot and of an appointment.

A slot is one place in a clinic session. It is released, held for a short while by whoever is choosing, booked,
and used; an appointment is who booked it. Every state but the last ones may end with the clinic being stopped.
"""

from typing import Any

# State -> what it may become.
SLOT: dict[str, frozenset[str]] = {
    "unreleased": frozenset({"available", "stopped"}),
    "available": frozenset({"unreleased", "locked", "booked", "stopped"}),
    "locked": frozenset({"available", "booked", "stopped"}),
    "booked": frozenset({"available", "checked_in", "attended", "missed", "stopped"}),
    "checked_in": frozenset({"available", "attended", "missed", "stopped"}),
    "missed": frozenset({"attended"}),
    "attended": frozenset(),
    "stopped": frozenset({"available"}),
}
APPOINTMENT: dict[str, frozenset[str]] = {
    "booked": frozenset({"checked_in", "attended", "missed", "cancelled", "stopped"}),
    "checked_in": frozenset({"attended", "missed", "cancelled", "stopped"}),
    "missed": frozenset({"attended"}),
    "stopped": frozenset({"cancelled"}),
    "attended": frozenset(),
    "cancelled": frozenset(),
}
# Somebody is expected.
EXPECTED = ("booked", "checked_in")
# The place is or was used: nobody else can have it.
TAKEN = (*EXPECTED, "attended", "missed")
# A slot in one of these has no appointment behind it: a number table may set it.
FREE = ("unreleased", "available", "locked")


class Refused(Exception):
    """What was asked for is understood, but cannot be: a code with arguments, never a fault of the program."""

    def __init__(self, code: str, **arguments: Any) -> None:
        super().__init__(code)
        self.code = code
        self.arguments = arguments


def check(machine: dict[str, frozenset[str]], old: str, new: str, code: str) -> None:
    """Refuse with ``code`` what ``machine`` does not allow; which includes to stay as it is.

    >>> check(SLOT, "available", "booked", "slot_taken")
    >>> check(SLOT, "booked", "booked", "slot_taken")
    Traceback (most recent call last):
    odoo.addons.hospital_base.clinic.states.Refused: slot_taken
    >>> check(APPOINTMENT, "missed", "attended", "appointment_closed")
    >>> for old in ("attended", "cancelled"):
    ...     try: check(APPOINTMENT, old, "cancelled", "appointment_closed")
    ...     except Refused as refused: print(refused.code, refused.arguments)
    appointment_closed {'state': 'attended'}
    appointment_closed {'state': 'cancelled'}

    Whatever is still to come can be stopped, whatever is over cannot:

    >>> [state for state in SLOT if "stopped" not in SLOT[state]]
    ['missed', 'attended', 'stopped']
    """
    if new not in machine[old]:
        raise Refused(code, state=old)
