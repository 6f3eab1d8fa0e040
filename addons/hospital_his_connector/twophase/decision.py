"""What becomes of a transaction that was found unfinished."""

# States of a decision record. Decided means: Odoo's side is committed, the HIS's is not known to be.
PREPARING, DECIDED, COMMITTED, ROLLED_BACK = "preparing", "decided", "committed", "rolled_back"


def commits(state: str | None) -> bool:
    """Only what Odoo has committed is committed in the HIS; of what nobody knows, nothing happened (presumed abort).

    The record must not be locked: as long as its coordinator lives, it holds the lock, and decides itself.

    >>> [commits(state) for state in ("preparing", "decided", "committed", "rolled_back", None)]
    [False, True, True, False, False]
    """
    return state in (DECIDED, COMMITTED)
