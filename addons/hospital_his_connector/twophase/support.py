"""Which versions can take part: they must keep a prepared transaction whatever happens to them or to us."""

from ..exchange.problems import ReadingFailed

# What a database says that cannot prepare anything, and so holds nothing.
INCAPABLE = frozenset(("together_impossible", "together_too_old", "together_off"))


def check_mysql(version: tuple[int, ...], mariadb: bool) -> None:
    """Refuse what forgets a prepared transaction when its client goes: MySQL bug 12161, MariaDB MDEV-742.

    >>> check_mysql((10, 11, 6), mariadb=True); check_mysql((8, 0, 36), mariadb=False)
    >>> for case in (((5, 7, 6), False), ((10, 4, 30), True)):
    ...     try: check_mysql(*case)
    ...     except ReadingFailed as failure: print(failure.code, failure.arguments)
    together_too_old {'version': '5.7.6', 'needed': 'MySQL 5.7.7'}
    together_too_old {'version': '10.4.30', 'needed': 'MariaDB 10.5'}
    """
    needed, name = ((10, 5), "MariaDB 10.5") if mariadb else ((5, 7, 7), "MySQL 5.7.7")
    if version < needed:
        raise ReadingFailed("together_too_old", version=".".join(map(str, version)), needed=name)


def check_postgresql(max_prepared: int) -> None:
    """
    >>> check_postgresql(10)
    >>> check_postgresql(0)
    Traceback (most recent call last):
    odoo.addons.hospital_his_connector.exchange.problems.ReadingFailed: together_off
    """
    if not max_prepared:
        raise ReadingFailed("together_off")
