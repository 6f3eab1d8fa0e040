"""DB2 through ibm_db, which brings IBM's own client (under IBM's licence, so nobody gets it unasked)."""

import socket

from ..limits import Limits
from .driver import Driver


def _dsn(source: dict, limits: Limits) -> str:
    """
    >>> _dsn({"host": "his", "database": "SAMPLE", "username": "u", "password": "p"}, Limits(connect=3))
    'DATABASE=SAMPLE;HOSTNAME=his;PORT=50000;PROTOCOL=TCPIP;UID=u;PWD=p;CurrentSchema=U;ConnectTimeout=3;'
    """
    username = source.get("username") or ""
    parts = {
        "DATABASE": source.get("database") or "",
        "HOSTNAME": source.get("host") or "localhost",
        "PORT": int(source.get("port") or 50000),
        "PROTOCOL": "TCPIP",
        "UID": username,
        "PWD": source.get("password") or "",
        "CurrentSchema": username.upper(),  # the server's own default; ibm_db would set it to nothing
        "ConnectTimeout": max(1, round(limits.connect)),
    }
    return "".join(f"{name}={value};" for name, value in parts.items())


def _connect(source: dict, limits: Limits):
    import ibm_db_dbi

    # IBM's client tries a refused connection for five seconds and then calls it a time-out: ask first.
    address = source.get("host") or "localhost", int(source.get("port") or 50000)
    socket.create_connection(address, limits.connect).close()
    return ibm_db_dbi.connect(_dsn(source, limits), "", "")


DRIVER = Driver(
    dialect="db2+ibm_db",
    module="ibm_db_sa",
    install="pip install ibm_db ibm_db_sa",
    port=50000,
    connect=_connect,
    causes=(
        (r"SQL30082N", "password"),
        (r"SQL30061N|SQL1013N|SQL1031N", "no_database"),
        (r"SQL1336N|Name or service not known|getaddrinfo|name resolution|nodename nor", "host_unknown"),
        (r"Connection refused", "refused"),
        (r"No route to host|unreachable", "unreachable"),
        (r"SQL1060N|SQL0551N|SQL0552N", "no_permission"),
        (r"SQL8002N|SQL1598N", "db2_licence"),
        (r"SQL1035N|SQL1224N|SQL1776N|SQL20157N", "starting"),
        (r"SQL0911N|SQL0913N", "locked"),
        (r"SQL0952N", "total"),
        (r"selectForRecvTimeout|selectForConnectTimeout|timed out", "silence"),
        (r"SQL30081N|SQL30108N|CLI0106E|reset by peer|Broken pipe", "lost"),
        (r"SQL0332N|codec can't decode|CLI0109E", "charset"),
        (r"SQL0(104|204|206|203|205|199|007|418|408|401|440)N", "bad_query"),
    ),
)
