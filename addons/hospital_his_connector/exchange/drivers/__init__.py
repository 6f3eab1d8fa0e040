"""The kinds of databases a HIS may be; one file each, imported only when used."""

from importlib import import_module

from .driver import Driver

NAMES = ("sqlite", "postgresql", "mysql", "oracle", "sqlserver", "db2")


def get(name: str) -> Driver:
    """
    >>> get("mysql").install
    'pip install PyMySQL'
    """
    if name not in NAMES:
        raise ValueError(name)
    return import_module(f"{__name__}.{name}").DRIVER
