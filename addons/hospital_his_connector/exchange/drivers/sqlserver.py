"""SQL Server through pymssql, which brings FreeTDS: from SQL Server 7.0 on, if told the version of the protocol."""

from sqlalchemy import URL

from ..limits import Limits
from .driver import Driver


def _url(source: dict) -> URL:
    r"""
    >>> _url({"host": "10.0.0.5", "database": "his", "tds_version": "7.1", "tds_encryption": "off"}).query
    immutabledict({'tds_version': '7.1', 'encryption': 'off'})

    A named instance has no port of its own: the server is asked for it.

    >>> _url({"host": r"10.0.0.5\SQL2008", "database": "his"}).port
    """
    host = source.get("host") or "localhost"
    options = {"tds_version": source.get("tds_version"), "encryption": source.get("tds_encryption")}
    if source.get("tds_version") == "7.0":
        options["charset"] = "GB18030"  # a server that old does not say in which character set its texts are
    return URL.create(
        "mssql+pymssql",
        username=source.get("username") or None,
        password=source.get("password") or None,
        host=host,
        port=None if "\\" in host else int(source.get("port") or 1433),
        database=source.get("database") or None,
        query={name: value for name, value in options.items() if value},
    )


def _connect_args(limits: Limits) -> dict:
    return {
        "login_timeout": max(1, round(limits.connect)),
        "timeout": max(1, round(limits.silence)),
        "appname": "hospital exchange",
        "arraysize": 1000,
    }


def _prepare(connection, _source: dict) -> None:
    with connection.cursor() as cursor:
        # Watermarks go to the server as text, year first, whatever language the user has there. A writer that
        # holds a lock for half a minute is named, instead of being taken for a silent server.
        cursor.execute("SET DATEFORMAT ymd SET LOCK_TIMEOUT 30000")


DRIVER = Driver(
    dialect="mssql+pymssql",
    module="pymssql",
    install="pip install pymssql",
    port=1433,
    url=_url,
    connect_args=_connect_args,
    prepare=_prepare,
    charset="SELECT CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS varchar(128))",
    causes=(  # by number: most of these servers speak Chinese
        # A database that is not there is error 4060, then 18456, and the driver keeps the second only.
        (r"^(18456|4060|911)\b", "login_or_database"),
        (r"^(1848[678]|18470)\b", "account_locked"),
        (r"^(1222|1205)\b", "locked"),
        (r"^(229|230|297|916)\b", "no_permission"),
        (r"^(102|105|156|170|195|207|208|209|241|242|245|319|1033|4104|8155|8156)\b", "bad_query"),
        (r"Connection refused", "refused"),
        (r"No route to host|unreachable", "unreachable"),
        (r"\b20003\b|timed out", "silence"),
        (r"\b20009\b(?!.*Net-Lib)", "host_unknown"),
        (r"\b20002\b", "tds_encryption"),
        (r"\b(2000[46]|20017|20047)\b|reset by peer|Broken pipe", "lost"),
        (r"\b2403\b|codec can't decode", "charset"),
    ),
)
