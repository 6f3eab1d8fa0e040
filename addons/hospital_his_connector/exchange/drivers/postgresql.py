"""PostgreSQL through psycopg2, which Odoo needs anyway."""

from ..limits import Limits
from .driver import Driver


def _connect_args(limits: Limits) -> dict:
    """
    >>> _connect_args(Limits(connect=0.5, total=60))["options"]
    '-c default_transaction_read_only=on -c statement_timeout=60000'
    """
    return {
        "connect_timeout": max(2, round(limits.connect)),  # libpq takes 1 for 2
        "options": f"-c default_transaction_read_only=on -c statement_timeout={round(limits.total * 1000)}",
        "application_name": "hospital exchange",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }


def _prepare(connection, _source: dict) -> None:
    """'infinity' and the year 20000 are dates for PostgreSQL and not for Python."""
    import psycopg2
    import psycopg2.extensions as pg

    if connection.encoding in ("SQL_ASCII", "SQLASCII"):
        # The server does not know what its bytes mean: they come one letter each, fit for the text repair.
        connection.set_client_encoding("LATIN1")

    def tolerant(cast):
        def convert(value, cursor):
            try:
                return cast(value, cursor)
            except (ValueError, OverflowError, psycopg2.Error):
                return value

        return convert

    for oid, name, cast in (
        (1082, "DATE", pg.PYDATE),
        (1114, "TIMESTAMP", pg.PYDATETIME),
        (1184, "TIMESTAMPTZ", pg.PYDATETIMETZ),
    ):
        pg.register_type(pg.new_type((oid,), name, tolerant(cast)), connection)


DRIVER = Driver(
    dialect="postgresql+psycopg2",
    module="psycopg2",
    install="pip install psycopg2-binary",
    port=5432,
    connect_args=_connect_args,
    prepare=_prepare,
    writable="SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    charset="SHOW server_encoding",
    causes=(
        (r"could not translate host name|name or service not known", "host_unknown"),
        (r"password authentication failed|no password supplied|认证失败|role \".*\" does not exist", "password"),
        (r"no pg_hba.conf entry|pg_hba.conf 记录", "not_allowed"),
        (r"database \".*\" does not exist|数据库 .* 不存在", "no_database"),
        (r"connection refused|no such file or directory", "refused"),
        (r"no route to host|network is unreachable", "unreachable"),
        (r"timeout expired|timed out", "connect_timeout"),
        (r"statement timeout", "total"),
        (r"permission denied|权限不够", "no_permission"),
        (
            r"syntax error|does not exist|ambiguous|operator does not exist|UndefinedFunction|语法错误|不存在",
            "bad_query",
        ),
        (r"codec can't decode", "charset"),
        (r"server closed the connection|terminating connection|connection reset|ssl|eof detected", "lost"),
    ),
)
