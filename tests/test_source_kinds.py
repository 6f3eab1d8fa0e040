"""What every kind of HIS database must do alike: the same rows in the same order, gone on with after any batch, the
same words for the same troubles. PostgreSQL, MariaDB and SQLite are real servers; SQL Server is a double of its wire.
"""

import time

import pytds
import pytest
import source_kinds
import sqlalchemy as sa
from drda_listener import DrdaListener
from exchange_kit import mariadb  # noqa: F401
from his_servers import Faulty, free_port
from source_kinds import BEGAN, PEOPLE, Limits, Source, failure, job, read
from tds_server import LATIN
from tns_listener import TnsListener

from odoo.addons.hospital_his_connector.exchange import drivers, keyset, marks

SERVERS = ["postgresql", "mariadb", "sqlserver"]
KINDS = ["sqlite", *SERVERS]  # SQLite is a file: nothing between it and us can break off
NETWORK = ["postgresql", "mysql", "sqlserver", "oracle", "db2"]
DATED = [(row["id"], row["xm"]) for row in PEOPLE if row["gxsj"]]
MORE = [{"id": f"Q{number:05}", "xm": "王" * 50, "bz": "", "gxsj": BEGAN} for number in range(6000)]
SHORT = Limits(connect=5, silence=2)
UNDATED = [(row["id"], row["xm"]) for row in PEOPLE if not row["gxsj"]]


@pytest.fixture(params=KINDS)
def source(request, tmp_path):
    if request.param == "mariadb":
        opened = source_kinds.mariadb(request.getfixturevalue("mariadb"), "gbk")
    elif request.param == "postgresql":
        opened = source_kinds.postgresql()
    else:
        opened = getattr(source_kinds, request.param)(tmp_path)
    with opened as (engine, connection, *_server):
        yield Source(engine, connection)


# -- the contract -------------------------------------------------------------------------------------------------


def test_all_rows_in_order_then_those_without_a_time(source):
    assert read(job(source.connection))[0] == DATED + UNDATED


def test_goes_on_after_any_batch(source):
    """Broken off after each batch of fifteen, begun again from its mark: each row once, in the same order."""
    rows, mark, finished = [], {}, False
    while not finished:
        part, mark, finished = read(job(source.connection, since=mark, batch=15), broken_off=True)
        rows += part
    assert rows == DATED + UNDATED
    source.add([{"id": "P100", "xm": "李四", "bz": "", "gxsj": max(row["gxsj"] for row in PEOPLE if row["gxsj"])}])
    again, _mark, _finished = read(job(source.connection, since=mark))
    assert ("P100", "李四") in again and len(again) < len(PEOPLE)


def test_words_and_signs_of_the_query_are_its_own(source):
    """Times with colons, a per cent sign before a letter, Chinese in a condition, names that are words of SQL."""
    query = "SELECT id, xm AS \"order\", gxsj FROM br WHERE xm LIKE N'张%' AND '08:00' <> '%d%s' AND id <> ':w'"
    if source.connection["driver"] in ("sqlite", "mysql"):
        query = query.replace("N'", "'").replace('"', "`" if source.connection["driver"] == "mysql" else '"')
    work = job(source.connection, query=query, fields=[{"target": "name", "column": "order"}])
    rows, mark, _finished = read(work)
    assert rows == DATED + UNDATED
    assert read(work | {"since": mark})[0]  # now with parameters too


def test_wrong_settings_are_named(source):
    driver = source.connection["driver"]
    cases = [({"query": "SELECT * FROM nichts"}, "bad_query"), ({"key": "nichts"}, "no_column")]
    if driver != "sqlite":
        cases += [
            ({"host": "no-such-host.invalid"}, "host_unknown"),
            ({"host": "127.0.0.1", "port": free_port()}, "refused"),
        ]
    if driver in ("mysql", "sqlserver"):
        codes = {"mysql": ("password", "no_database"), "sqlserver": ("login_or_database",) * 2}[driver]
        cases += zip(({"password": "falsch"}, {"database": "nichts"}), codes, strict=True)
    for change, expected in cases:
        place = {name: value for name, value in change.items() if name in ("host", "port", "password", "database")}
        other = {name: value for name, value in change.items() if name not in place}
        code, arguments = failure(job(source.connection | place, **other))
        assert code == expected, (change, code, arguments)
        assert not any(person["xm"] in str(arguments) for person in PEOPLE)


# -- servers that misbehave ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", NETWORK)
@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ("silent", {"connect_timeout"}),
        ("reset", {"lost", "no_connection", "tds_encryption"}),
        ("garbage", {"lost", "no_connection", "tds_encryption", "connect_timeout"}),
    ],
)
def test_answer_within_the_deadline(kind, fault, codes):
    """Whatever a driver does (Oracle's never comes back from a silent server), its process is gone in time."""
    server = Faulty(fault)
    connection = {"driver": kind, "host": "127.0.0.1", "port": server.port, "database": "his", "username": "u"}
    began = time.monotonic()
    # IBM's client tries a connection that was hung up on for five seconds and more
    limits = Limits(connect=12 if kind == "db2" else 2, silence=2)
    code, arguments = failure(job(connection | {"password": "p"}), limits)
    assert time.monotonic() - began < 30
    assert code in codes, (code, arguments)
    server.close()


@pytest.mark.parametrize("fault", ["stall", "cut"])
@pytest.mark.parametrize("source", SERVERS, indirect=True)
def test_breaks_off_in_the_middle_and_catches_up(source, fault):
    source.add(MORE)
    server = between(source, fault, after=400_000)
    work = job(source.connection | {"host": "127.0.0.1", "port": server.port}, batch=100)
    rows, mark = [], {}
    with pytest.raises(source_kinds.ReadingFailed) as caught:
        with source_kinds.parent.Session() as session, session.reading(work, SHORT) as heads:
            for head, blobs in heads:
                if head["type"] == "batch":
                    rows += [line.split(b"\t")[2].decode() for line in blobs["copy"].splitlines()]
                    mark = head["mark"]
    assert caught.value.code in ("silence", "lost"), caught.value.code
    server.close()
    assert 0 < len(rows) < len(MORE)
    rest, _mark, finished = read(job(source.connection, since=mark))
    assert finished and sorted(rows + [key for key, _name in rest]) == sorted(row["id"] for row in PEOPLE + MORE)


@pytest.mark.parametrize("source", SERVERS, indirect=True)
def test_a_slow_one_is_not_taken_for_a_silent_one(source):
    """All of it takes longer than a sign of life is waited for, and is less than one batch."""
    source.add(MORE)
    server = between(source, "slow")
    began = time.monotonic()
    work = job(source.connection | {"host": "127.0.0.1", "port": server.port}, batch=100_000)
    rows, _mark, finished = read(work, SHORT)
    assert time.monotonic() - began > SHORT.silence
    assert finished and len(rows) == len(PEOPLE + MORE)
    server.close()


def between(source, fault, **options):
    """A server that misbehaves in front of the real one."""
    host, port = source.connection["host"], source.connection["port"]
    return Faulty(fault, f"{host}/.s.PGSQL.{port}" if host.startswith("/") else port, **options)


def test_oracle_says_what_to_do():
    """A listener that accepts as an old server does, or refuses; a client that is not there."""
    connection = {"driver": "oracle", "host": "127.0.0.1", "database": "orcl", "username": "u", "password": "p"}
    for listener, change, expected in (
        ({"version": 313}, {}, "oracle_too_old"),
        ({"version": 314}, {}, "oracle_too_old"),
        ({"error": 12514}, {}, "oracle_no_service"),
        ({"error": 12505}, {"oracle_name": "sid"}, "oracle_no_sid"),
        ({"error": 12528}, {}, "oracle_listener"),
        ({"version": 313}, {"oracle_thick": True, "oracle_client": "/nowhere"}, "no_oracle_client"),
    ):
        server = TnsListener(**listener)
        code, arguments = failure(job(connection | {"port": server.port} | change))
        assert code == expected, (listener, code, arguments)
        server.close()


@pytest.mark.parametrize("refused", ["password", "database"])
def test_db2_says_what_it_refuses(refused):
    """IBM's own client at a door that shows nothing but the refusal."""
    server = DrdaListener(refused)
    connection = {"driver": "db2", "host": "127.0.0.1", "port": server.port, "database": "HIS", "username": "reader"}
    code, _arguments = failure(job(connection | {"password": "falsch"}))
    assert code == {"password": "password", "database": "no_database"}[refused]
    server.close()


@pytest.mark.parametrize("kind", ["oracle", "db2"])
def test_sql_for_servers_that_are_not_here(kind):
    """Their columns come in capitals and are asked for as they came; times and keys are parameters."""
    driver = drivers.get(kind)
    dialect = sa.create_engine(f"{driver.dialect}://", creator=lambda: None).dialect
    key, watermark = (dialect.identifier_preparer.quote_identifier(name) for name in ("ID", "GXSJ"))
    query = "SELECT id, gxsj FROM his.br WHERE gxsj > DATE '2026-01-01' AND bz <> '8:00'"
    text, parameters = keyset.statement(query, key, watermark, marks.ROWS, BEGAN, "P1")
    compiled = sa.text(text).bindparams(**parameters).compile(dialect=dialect)
    w, k = (":w", ":k") if kind == "oracle" else ("?", "?")
    assert str(compiled) == (
        f'SELECT * FROM ({query}) q WHERE ("GXSJ" > {w} OR ("GXSJ" = {w} AND "ID" > {k})) ORDER BY "GXSJ", "ID"'
    )
    assert compiled.params == {"w": BEGAN, "k": "P1"}


@pytest.mark.parametrize("kind", ["oracle", "db2"])
def test_names_without_a_server(kind):
    connection = {"driver": kind, "database": "his", "username": "u", "password": "p"}
    assert failure(job(connection | {"host": "127.0.0.1", "port": free_port()}))[0] == "refused"
    assert failure(job(connection | {"host": "no-such-host.invalid"}))[0] == "host_unknown"


def test_missing_driver_is_named_with_what_brings_it(tmp_path, monkeypatch):
    (tmp_path / "ibm_db_sa.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(tmp_path)  # the reading process looks where this one looks
    code, arguments = failure(job({"driver": "db2", "host": "127.0.0.1"}))
    assert (code, arguments["install"]) == ("no_driver", "pip install ibm_db ibm_db_sa")


# -- SQL Server ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["7.0", "7.1", "7.2", "7.3", "7.4"])
def test_every_version_of_the_protocol(tmp_path, version):
    with source_kinds.sqlserver(tmp_path) as (engine, connection, server):
        source = Source(engine, connection | {"tds_version": version})
        source.add([{"id": "X", "xm": "龘", "bz": "𠮷", "gxsj": PEOPLE[0]["gxsj"]}])
        fields = [{"target": "name", "column": "xm"}, {"target": "code", "column": "bz"}]
        rows, _mark, _finished = read(job(source.connection, fields=fields))
        assert ("X", "龘") in rows
        rows, _mark, _finished = read(job(source.connection, fields=[{"target": "name", "column": "bz"}]))
        assert ("X", "𠮷") in rows
        assert server.logins[-1]["tds"] == version


def test_chinese_in_a_condition_is_sent_as_unicode(tmp_path):
    """A literal without N is read in the server's code page: 张 would then be another letter, or none."""
    with source_kinds.sqlserver(tmp_path) as (engine, connection, server):
        source = Source(engine, connection)
        work = job(source.connection, key="xm", watermark="", fields=[{"target": "name", "column": "id"}])
        _rows, mark, _finished = read(work | {"batch": 15}, broken_off=True)
        rows, _mark, finished = read(work | {"since": mark})
        assert finished and len(rows) == len(PEOPLE) - 15
        assert any(f"[xm] > N'{PEOPLE[14]['xm']}'" in statement for statement in server.statements)


def test_a_second_client_reads_the_same(tmp_path):
    """python-tds speaks the protocol without FreeTDS: the double is not made to measure for one driver."""
    with source_kinds.sqlserver(tmp_path) as (engine, connection, _server):
        Source(engine, connection)
        with pytds.connect("127.0.0.1", "his", "reader", "geheim", port=connection["port"], timeout=5) as client:
            cursor = client.cursor()
            cursor.execute("SELECT id, xm, gxsj FROM br WHERE xm = %s", [PEOPLE[3]["xm"]])
            assert [tuple(row) for row in cursor.fetchall()] == [("P003", PEOPLE[3]["xm"], PEOPLE[3]["gxsj"])]


def test_encryption_of_an_old_server(tmp_path):
    with source_kinds.sqlserver(tmp_path, tls="old") as (engine, connection, _server):
        source = Source(engine, connection | {"tds_encryption": "request"})
        assert failure(job(source.connection))[0] == "tds_encryption"
        assert len(read(job(source.connection | {"tds_encryption": "off"}))[0]) == len(PEOPLE)


# -- Chinese where the database expects something else -------------------------------------------------------------


def test_gbk_in_a_western_collation_of_sql_server(tmp_path):
    with source_kinds.sqlserver(tmp_path, collation=LATIN) as (engine, connection, _server):
        source = Source(engine, connection)
        source.execute("DELETE FROM br WHERE id <> 'P000'")
        source.execute("UPDATE br SET xm = X'D5C5C8FD'")  # sent as it is
        _repaired(source, "ÕÅÈý", "张三")


def test_gbk_in_a_western_table_of_mariadb(mariadb):  # noqa: F811
    with source_kinds.mariadb(mariadb, "latin1") as (engine, connection):
        source = Source(engine, connection, people=[])
        source.execute("INSERT INTO br VALUES ('P000', X'D5C5C8FDE946', NULL, '2026-01-01')")  # 镕: E9 46
        source.execute("UPDATE br SET xm = X'D5C5C8FDE946'")
        _repaired(source, None, "张三镕")


def test_gbk_in_postgresql_without_a_character_set():
    with source_kinds.postgresql("SQL_ASCII") as (engine, connection):
        source = Source(engine, connection, people=[])
        source.execute("INSERT INTO br VALUES ('P000', E'\\xD5\\xC5\\xC8\\xFD', NULL, '2026-01-01')")
        _repaired(source, "ÕÅÈý", "张三")


def test_gbk_bytes_that_pass_for_utf8(tmp_path):
    with source_kinds.sqlite(tmp_path) as (engine, connection):
        source = Source(engine, connection, people=[])
        source.execute("INSERT INTO br VALUES ('P000', X'D2BBD0A9', NULL, '2026-01-01')")
        assert read(job(source.connection))[0] == [("P000", "һЩ")]
        assert read(job(source.connection | {"text_repair": "bytes"}))[0] == [("P000", "一些")]


def test_what_gbk_tables_can_hold(mariadb):  # noqa: F811
    """MariaDB's gbk has 龘; 𠮷 it cannot store at all: what is not in the HIS nobody can read from it."""
    with source_kinds.mariadb(mariadb, "gbk") as (engine, connection):
        source = Source(engine, connection, people=[])
        source.execute("INSERT INTO br VALUES ('P000', '龘', NULL, '2026-01-01')")
        with pytest.raises(sa.exc.DBAPIError):
            source.execute("INSERT INTO br VALUES ('P001', '𠮷', NULL, '2026-01-01')")
        assert read(job(source.connection))[0] == [("P000", "龘")]


def _repaired(source, before, after):
    if before:
        assert read(job(source.connection))[0] == [("P000", before)]
    assert read(job(source.connection | {"text_repair": "western"}))[0] == [("P000", after)]
