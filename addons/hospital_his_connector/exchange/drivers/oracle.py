"""Oracle through python-oracledb: alone from 12.1 on ("thin"), with Oracle's own client for older ones ("thick")."""

from sqlalchemy import URL

from ..limits import Limits
from .driver import Driver


def _url(source: dict) -> URL:
    """
    >>> place = {"host": "his", "database": "orcl", "username": "u", "password": "p@/:"}
    >>> _url(place).render_as_string(hide_password=False)
    'oracle+oracledb://u:p%40%2F%3A@his:1521?service_name=orcl'
    >>> str(_url(place | {"oracle_name": "sid"}))
    'oracle+oracledb://u:***@his:1521/orcl'
    """
    sid = source.get("oracle_name") == "sid"
    return URL.create(
        "oracle+oracledb",
        username=source.get("username") or None,
        password=source.get("password") or None,
        host=source.get("host") or "localhost",
        port=int(source.get("port") or 1521),
        database=source.get("database") if sid else None,
        query={} if sid else {"service_name": source.get("database") or ""},
    )


def _connect_args(limits: Limits) -> dict:
    # None of these ends the waiting for a server that accepts and stays silent: only the parent process does.
    return {"tcp_connect_timeout": limits.connect, "retry_count": 0, "expire_time": 1}


def _start(source: dict) -> None:
    """The mode holds for the whole process."""
    import oracledb

    # Numbers with all their digits; long texts as texts and not as something to be fetched later, one by one.
    oracledb.defaults.fetch_decimals = True
    oracledb.defaults.fetch_lobs = False
    if source.get("oracle_thick"):
        try:
            oracledb.init_oracle_client(lib_dir=source.get("oracle_client") or None)
        except oracledb.Error as error:
            raise RuntimeError(str(error)) from None


def _prepare(connection, source: dict) -> None:
    # SQLAlchemy's own conversions make floats of whole numbers; those of ``_start`` are better.
    connection.outputtypehandler = _undecoded if source.get("text_repair") == "bytes" else None
    if not source.get("write"):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")  # both passes of a reading see the same moment, too


def _undecoded(cursor, metadata):
    """Texts of a database that calls itself US7ASCII and holds GBK: the driver would refuse them."""
    import oracledb

    if metadata.type_code in (oracledb.DB_TYPE_VARCHAR, oracledb.DB_TYPE_CHAR, oracledb.DB_TYPE_LONG):
        return cursor.var(
            metadata.type_code,
            size=metadata.internal_size or 0,
            arraysize=cursor.arraysize,
            bypass_decode=True,
            outconverter=_gbk,
        )
    return None


def _gbk(raw: bytes) -> str | bytes:
    """
    >>> _gbk("张三".encode("gbk")), _gbk(b"\\xff")
    ('张三', b'\\xff')
    """
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError:
        return raw  # the row is rejected


DRIVER = Driver(
    dialect="oracle+oracledb",
    module="oracledb",
    install="pip install oracledb",
    port=1521,
    url=_url,
    connect_args=_connect_args,
    start=_start,
    prepare=_prepare,
    charset="SELECT value FROM nls_database_parameters WHERE parameter = 'NLS_CHARACTERSET'",
    engine={"arraysize": 1000},
    causes=(
        (r"DPY-3010", "oracle_too_old"),
        (r"DPY-3015", "oracle_verifier"),
        (r"DPI-1047|DPI-1072", "no_oracle_client"),
        (r"DPI-1050", "oracle_client_old"),
        (r"DPY-6001|ORA-12514", "oracle_no_service"),
        (r"DPY-6003|ORA-12505", "oracle_no_sid"),
        (r"ORA-01017|ORA-1017\b", "password"),
        (r"ORA-28000|ORA-28001|ORA-28002", "account_locked"),
        (r"ORA-01045", "not_allowed"),
        (r"DPY-6000|ORA-12541|ORA-12528|ORA-12526|ORA-12518|ORA-12516|ORA-12520", "oracle_listener"),
        (r"ORA-01033|ORA-01034|ORA-01089|ORA-01090", "starting"),
        (r"Name or service not known|getaddrinfo|name resolution|nodename nor|ORA-12545", "host_unknown"),
        (r"Connection refused", "refused"),
        (r"No route to host|unreachable|ORA-12543", "unreachable"),
        (r"DPY-4024|DPY-4011.*timed out|ORA-12170|ORA-03136|timed out", "silence"),
        (r"DPY-4005|DPY-4011|DPY-1001|ORA-03113|ORA-03114|ORA-03135|ORA-00028|ORA-02396|reset by peer", "lost"),
        (r"ORA-12637|ORA-12660|ORA-12569|DPY-3001", "oracle_encryption"),
        (r"DPY-3012|DPY-3014|codec can't decode|ORA-12703|ORA-12713", "charset"),
        (r"ORA-01555", "total"),
        (r"ORA-01031|ORA-01039", "no_permission"),
        (r"ORA-009\d\d|ORA-017\d\d|ORA-018\d\d", "bad_query"),
    ),
)
