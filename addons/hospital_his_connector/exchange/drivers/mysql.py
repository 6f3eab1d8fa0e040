"""MySQL and MariaDB through PyMySQL: pure Python, so it runs wherever Odoo does."""

import contextlib

from ..limits import Limits
from .driver import Driver


def _connect_args(limits: Limits) -> dict:
    return {
        "connect_timeout": max(1, round(limits.connect)),
        "read_timeout": max(1, round(limits.silence)),
        "write_timeout": max(1, round(limits.silence)),
        # The server converts, whatever character set its tables have (gbk, latin1): all of Unicode arrives.
        "charset": "utf8mb4",
    }


def _prepare(connection, _source: dict) -> None:
    with connection.cursor() as cursor:
        # The reader waits while Odoo writes a batch: the server must not take that for a dead client.
        cursor.execute("SET SESSION net_write_timeout = 600")
        with contextlib.suppress(connection.Error):  # MySQL before 5.6 cannot; the user may only read anyway
            cursor.execute("SET SESSION TRANSACTION READ ONLY")


DRIVER = Driver(
    dialect="mysql+pymysql",
    module="pymysql",
    install="pip install PyMySQL",
    port=3306,
    connect_args=_connect_args,
    prepare=_prepare,
    writable="SET SESSION TRANSACTION READ WRITE",
    charset="SELECT @@character_set_database",
    causes=(
        (r"\(1045,|Access denied for user .*using password", "password"),
        (r"\(1130,", "not_allowed"),
        (r"\(1049,", "no_database"),
        (r"\(1044,|\(114[23],", "no_permission"),
        (r"Name or service not known|getaddrinfo|name resolution|nodename nor", "host_unknown"),
        (r"Connection refused|No such file", "refused"),
        (r"No route to host|unreachable", "unreachable"),
        (r"\(2003,.*timed out", "connect_timeout"),
        (r"read timeout|\(2013,.*timed out|timed out", "silence"),
        (r"\(2013,|\(2006,|\(2014,|Packet sequence|reset by peer|Broken pipe|\(0, ''\)", "lost"),
        (r"\(1064,|\(1054,|\(1146,|\(1052,|\(1305,|\(1248,|\(1060,", "bad_query"),
        (r"\(2003,", "refused"),
    ),
)
