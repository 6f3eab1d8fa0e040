"""A statement that writes, as an engineer typed it: with named parameters, which the driver binds."""

import re

import sqlalchemy as sa

from ..exchange.problems import Rejected

_EVERYTHING = re.compile(r"\s*(update|delete)\b(?!.*\bwhere\b)", re.IGNORECASE | re.DOTALL)


def parameters(statement: str) -> set[str]:
    r"""Names after a colon; ``::text`` and times in quotes are none, ``\:`` stands for a colon.

    >>> sorted(parameters("UPDATE zy SET sf = :followed, gx = '08:30'::time WHERE lsh = :visit"))
    ['followed', 'visit']
    """
    return set(sa.text(statement)._bindparams)


def check(statement: str, known: dict[str, str]) -> None:
    """What can be seen without asking the HIS.

    >>> check("UPDATE zy SET sf = 1 WHERE lsh = :visit AND (bb IS NULL OR bb < :version)", {"visit": "", "version": ""})
    >>> check("UPDATE zy SET sf = 1", {})
    Traceback (most recent call last):
    odoo.addons.hospital_his_connector.exchange.problems.Rejected: every_row
    >>> check("DELETE FROM t WHERE a = :nam", {"name": "text"})
    Traceback (most recent call last):
    odoo.addons.hospital_his_connector.exchange.problems.Rejected: unknown_parameter
    """
    if not statement.strip():
        raise Rejected("no_statement")
    if _EVERYTHING.match(statement):
        raise Rejected("every_row")
    if unknown := sorted(parameters(statement) - known.keys()):
        raise Rejected("unknown_parameter", name=unknown[0], names=", ".join(sorted(known)))
