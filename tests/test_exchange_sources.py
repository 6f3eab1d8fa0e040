"""The same small HIS on every kind of database, and databases that misbehave."""

import os
import subprocess
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from conftest import database
from exchange_kit import Pair, mariadb, odoo, pair, sqlite_his  # noqa: F401
from his_servers import Faulty, free_port
from his_small import NOW, SmallHis, definition
from tds_server import TdsServer

# What of the texts each character set can hold: GBK has 龘 but no four-byte 𬭎.
NAMES = {"gbk": "欧阳龘", "sqlserver": "欧阳龘", "utf8mb4": "李𬭎", "postgresql": "李𬭎", "sqlite": "买买提·艾力"}


@pytest.fixture
def postgres_his():
    name = os.environ["TEST_DB_PREFIX"] + "source"
    subprocess.run(["dropdb", "--if-exists", "--force", name], check=True, capture_output=True)
    subprocess.run(["createdb", "-T", "template0", "-E", "UTF8", name], check=True)
    host, port = os.environ["PGHOST"], os.environ.get("PGPORT", "5432")
    engine = sa.create_engine(f"postgresql+psycopg2:///{name}", poolclass=sa.NullPool)
    connection = {
        "driver": "postgresql",
        "host": host,
        "port": int(port),
        "database": name,
        "username": os.environ["PGUSER"],
    }
    yield SmallHis(engine), connection
    subprocess.run(["dropdb", "--force", name], check=True)


def _load_twice(odoo, his, connection, name):  # noqa: F811
    his.fill(5)
    his.put("br", "P9", xm=name, xb="１", csrq="1990年1月5日", dh="13900009999")
    with database("his") as target:
        pair = Pair(odoo, target, his, connection)  # noqa: F811
        first, second = pair.run(), pair.run()
        assert {run["state"] for run in first.values()} == {"done"}, first
        assert sum(run["new"] + run["changed"] + run["rejected"] for run in second.values()) == 0, second
        assert pair.value("SELECT name FROM res_partner WHERE external_id = 'P9'") == name
        assert (
            pair.value(
                "SELECT count(*) FROM hospital_encounter WHERE patient_id IS NOT NULL AND department_id IS NOT NULL"
            )
            == 10
        )
        his.put("zy", "Z1", zt="0", cysj=None)
        assert pair.run()["inpatient"]["changed"] == 1
        assert [event[1] for event in pair.events()] == ["cancelled"]


@pytest.mark.parametrize("charset", ["gbk", "utf8mb4"])
def test_mariadb(odoo, mariadb, charset):  # noqa: F811
    his = SmallHis(mariadb.create("his", charset), charset)
    _load_twice(odoo, his, mariadb.connection("his"), NAMES[charset])


def test_postgresql(odoo, postgres_his):  # noqa: F811
    _load_twice(odoo, *postgres_his, NAMES["postgresql"])


def test_sqlite(odoo, tmp_path):  # noqa: F811
    _load_twice(odoo, *sqlite_his(tmp_path), NAMES["sqlite"])


def test_sqlserver(odoo, tmp_path):  # noqa: F811
    """A double of its wire over SQLite: see ``tds_server``."""
    his, connection = sqlite_his(tmp_path)
    server = TdsServer(connection["database"])
    connection = {
        "driver": "sqlserver", "host": "127.0.0.1", "port": server.port, "database": "his", "username": "reader",
        "secret_ref": "TEST_READER",
    }  # fmt: skip
    _load_twice(odoo, his, connection, NAMES["sqlserver"])
    server.close()


def test_gbk_bytes_in_a_text_column(pair):  # noqa: F811
    with pair.his.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE br SET xm = CAST(? AS TEXT), gxsj = '2026-01-01 00:00:00' WHERE id = 'P1'", ("龙葵".encode("gbk"),)
        )
        connection.exec_driver_sql("UPDATE br SET gxsj = (SELECT max(gxsj) FROM ks) WHERE id = 'P1'")
    pair.do('env["hospital.his.feed"].search([]).write({"mark": False})')
    pair.run()
    assert pair.value("SELECT name FROM res_partner WHERE external_id = 'P1'") == "龙葵"


# -- dirt ---------------------------------------------------------------------------------------------------------


def test_each_fault_in_its_place(pair):  # noqa: F811
    """Cleaned, on the list of doubts, or a dead letter with a reason; and the others of the batch arrive."""
    put = pair.his.put
    put("br", "D1", xm="坏日期", csrq="0000-00-00", sfz="11010519491231002X", xb="2", dh="13900008880")
    put("br", "D2", xm="", csrq="1990-01-01")
    put("br", "D3", xm="坏标志", sw="maybe")
    put("br", "Q1", xm="无电话")
    put("br", "Q2", xm="空号", dh="1390000")
    put("br", "Q3", xm="占位", dh="13800000000")
    put("br", "Q4", xm="座机", dh="0731-85551234")
    put("br", "Q5", xm="证件错", sfz="110105194912310021", dh="13900008881")
    put("br", "Q6", xm="性别不符", sfz="990000199001010017", xb="2", dh="13900008882")
    put("br", "Q7", xm="生日不符", sfz="990000199001010017", xb="1", csrq="1991-01-01", dh="13900008883")
    for number in range(6):
        put("br", f"S{number}", xm=f"共用{number}", dh="13900007777")
    put("zy", "E1", br="P1", rysj=str(NOW), cysj=str(NOW - timedelta(days=1)), zt="1", ks="01")
    put("zy", "E2", br="P1", rysj=str(NOW), zt="7", ks="01")
    put("zy", "E3", br="nobody", rysj=str(NOW), zt="0", ks="01")
    put("zy", "E4", br="P1", rysj=str(NOW), zt="0", ks="99")
    put("zy", "E5", br="P1", rysj=str(NOW), zt="0", ks="01")
    runs = pair.run()
    assert runs["patient"]["rejected"] == 2 and runs["patient"]["new"] == 14
    letters = pair.do(
        """letters = env["hospital.his.deadletter"].with_context(lang="en_US").search([], order="external_id")
result = [[letter.external_id, letter.state, letter.reason] for letter in letters]"""
    )
    assert letters == [
        ["D2", "open", "“xm” is empty, but it is required."],
        ["D3", "open", "“maybe” in “sw” is neither yes nor no."],
        ["E1", "open", letters[2][2]],
        ["E2", "open", "“7” in “zt” is not an allowed value. Add it to the code table."],
        ["E3", "waiting", "Patient nobody is not known yet. The row waits for the patient."],
        ["E4", "waiting", "Department 99 is not known yet. The row waits for the department."],
    ]
    issues = dict(
        pair.read(
            """SELECT p.external_id, string_agg(i.kind, ',' ORDER BY i.kind) FROM hospital_quality_issue i
                 JOIN res_partner p ON p.id = i.patient_id WHERE i.state = 'open'
                     AND p.external_id !~ '^[PS]' GROUP BY 1"""
        )
    )
    assert issues == {
        "Q1": "no_phone", "Q2": "phone_invalid", "Q3": "phone_placeholder", "Q4": "landline_only", "Q5": "id_checksum",
        "Q6": "gender_mismatch,possible_duplicate", "Q7": "birth_mismatch,possible_duplicate",
    }  # fmt: skip
    assert pair.value("SELECT count(*) FROM hospital_quality_issue WHERE kind = 'phone_shared' AND state = 'open'") == 6
    # the birth date of the id number, where the HIS has an impossible one
    assert pair.value("SELECT birth_date::text FROM res_partner WHERE external_id = 'D1'") == "1949-12-31"
    # an unknown code is asked about
    assert pair.read("SELECT source_value, seen FROM hospital_his_codemap_line WHERE target_value IS NULL") == [
        ("7", 1)
    ]
    assert pair.value("SELECT count(*) FROM hospital_encounter WHERE external_id IN ('E2', 'E5')") == 1
    # the HIS puts things right: letters close by themselves, doubts too
    put("br", "D3", sw="0")
    put("br", "Q1", dh="13900006666")
    put("br", "nobody", xm="迟到", dh="13900005555")
    pair.run()
    assert pair.read(
        "SELECT external_id, state "
        "FROM hospital_his_deadletter WHERE external_id IN ('D3', 'E3') ORDER BY 1"
    ) == [
        ("D3", "resolved"), ("E3", "resolved"),
    ]  # fmt: skip
    assert (
        pair.value(
            """SELECT i.state FROM hospital_quality_issue i JOIN res_partner p ON p.id = i.patient_id
            WHERE i.kind = 'no_phone' AND p.external_id = 'Q1'"""
        )
        == "resolved"
    )
    assert pair.value("SELECT count(*) FROM hospital_encounter WHERE external_id = 'E3'") == 1


def test_edit_and_replay(pair):  # noqa: F811
    pair.his.put("br", "D1", xm="坏标志", sw="maybe")
    pair.run()
    passed = pair.do(
        """letter = env["hospital.his.deadletter"].search([("state", "=", "open")])
letter.payload_text = letter.payload_text.replace("maybe", "是")
result = letter.action_replay()["params"]["type"]"""
    )
    assert passed == "success"
    assert pair.read("SELECT state FROM hospital_his_deadletter") == [("replayed",)]
    assert pair.value("SELECT deceased FROM res_partner WHERE external_id = 'D1'")


def test_database_refuses_one_row_of_many(pair):  # noqa: F811
    """What no check foresaw (here a constraint of somebody else's addon) stops one row, not its batch."""
    pair.write("ALTER TABLE res_partner ADD CONSTRAINT strict CHECK (name <> '妖')")
    for number in range(20):
        pair.his.put("br", f"R{number}", xm="妖" if number == 13 else f"人{number}")
    run = pair.run()["patient"]
    assert (run["state"], run["new"], run["rejected"]) == ("done", 19, 1)
    assert pair.read("SELECT external_id, code FROM hospital_his_deadletter") == [("R13", "database_refused")]


def test_too_many_bad_rows_stop_the_run(pair):  # noqa: F811
    for number in range(120):
        pair.his.put("br", f"B{number}", xm="" if number % 3 else "人")
    run = pair.run()["patient"]
    assert (run["state"], run["code"], run["new"]) == ("failed", "too_many_rejected", 0)
    assert "xm" in run["message"]
    assert pair.value("SELECT count(*) FROM res_partner WHERE external_id LIKE 'B%'") == 0


def test_lies_about_types(odoo, postgres_his):  # noqa: F811
    """Dates that Python cannot hold count as none, numbers that overflow are rejected rows: nothing crashes."""
    his, connection = postgres_his
    his.fill(3)
    with database("his") as target:
        pair = Pair(odoo, target, his, connection)  # noqa: F811
        with his.engine.begin() as postgres:
            postgres.exec_driver_sql("CREATE TABLE lies (id int, xm text, csrq date, sw numeric, gxsj timestamp)")
            postgres.exec_driver_sql(
                """INSERT INTO lies VALUES (1, '好', '1990-01-01', 1, now()), (2, '远', 'infinity', 0, now()),
                   (3, '古', '0044-03-15 BC', 0, now()), (4, '大', '1990-01-01', 1e100, now()), (5, '数',
                       '1990-01-01', 'NaN', now())"""
            )
        pair.do(
            """feed = env["hospital.his.feed"].search([("code", "=", "patient")])
feed.field_ids.filtered(lambda line: line.target not in ("name", "birth_date", "deceased")).unlink()
feed.query = "SELECT * FROM lies" """
        )
        run = pair.run()["patient"]
        assert (run["state"], run["new"], run["rejected"]) == ("done", 3, 2), run


# -- a HIS that does not answer -------------------------------------------------------------------------------------


def _one_feed(pair, connection):  # noqa: F811
    pair.connect(connection)
    pair.do('env["hospital.his.feed"].search([("kind", "!=", "department")]).active = False')


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ("down", {"refused"}),
        ("silent", {"connect_timeout", "silence"}),
        ("reset", {"lost", "refused", "no_connection"}),
        ("garbage", {"lost", "no_connection", "connect_timeout", "silence"}),
    ],
)
def test_clear_error_within_the_deadline(pair, fault, codes):  # noqa: F811
    """As a run; ``test_source_kinds`` does it with every kind of database."""
    server = None if fault == "down" else Faulty(fault)
    connection = {
        "driver": "mysql", "host": "127.0.0.1", "port": server.port if server else free_port(),
        "database": "his", "username": "reader", "secret_ref": "TEST_READER",
        "connect_timeout": 2, "silence_timeout": 2,
    }  # fmt: skip
    _one_feed(pair, connection)
    began = time.monotonic()
    run = pair.run()["department"]
    assert time.monotonic() - began < 25
    assert run["state"] == "failed" and run["code"] in codes, run
    assert run["message"] and "Traceback" not in run["message"]
    if server:
        server.close()


@pytest.mark.parametrize("fault", ["stall", "cut"])
def test_next_run_catches_up(odoo, mariadb, fault):  # noqa: F811
    """The HIS falls silent, or away, in the middle: what came is kept, the rest comes with the next run."""
    his = SmallHis(mariadb.create("his", "utf8mb4"))
    his.fill(3000)
    with database("his") as target:
        pair = Pair(odoo, target, his, mariadb.connection("his"))  # noqa: F811
        kinds = ("department", "employee", "patient")
        pair.do('env["hospital.his.feed"].search([("kind", "not in", kinds)]).active = False', kinds=kinds)
        server = Faulty(fault, mariadb.port, after=150_000)
        pair.do(
            """source = env["hospital.his.source"].search([("code", "=", "his")])
source.write({"port": port, "silence_timeout": 2})
import odoo.addons.hospital_his_connector.exchange.batch as batching
batching.ROWS = 500
runs = env["hospital.his.feed"]._run_all()
result = [[run.state, run.code, run.read_count] for run in runs]""",
            port=server.port,
        )
        failed = pair.read("SELECT state, code FROM hospital_his_run WHERE state = 'failed'")
        assert failed and failed[0][1] in ("silence", "lost"), failed
        got = pair.value("SELECT count(*) FROM res_partner WHERE is_patient")
        assert 0 < got < 3000
        server.close()
        pair.do('env["hospital.his.source"].search([("code", "=", "his")]).port = port', port=mariadb.port)
        run = pair.run()["patient"]
        assert run["state"] == "done" and run["read"] <= 3000 - got
        assert pair.value("SELECT count(*) FROM res_partner WHERE is_patient") == 3000


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"username": "nobody"}, "password"),
        ({"database": "nothing"}, "no_permission no_database"),
        ({"host": "no-such-host.invalid"}, "host_unknown"),
        ({"secret_ref": "ABSENT"}, "no_secret"),
    ],
)
def test_wrong_settings_are_named(pair, mariadb, change, code):  # noqa: F811
    _one_feed(pair, mariadb.connection("mysql") | change)
    run = pair.run()["department"]
    assert run["state"] == "failed" and run["code"] in code.split(), run


def test_wrong_query_is_named(pair):  # noqa: F811
    pair.do('env["hospital.his.feed"].search([("code", "=", "patient")]).query = "SELECT * FROM nichts"')
    pair.do('env["hospital.his.feed"].search([("code", "=", "discharge")]).key_column = "xyz"')
    runs = pair.run()
    assert runs["patient"]["code"] == "bad_query" and "nichts" in runs["patient"]["message"]
    assert runs["discharge"]["code"] == "no_column"
    assert runs["outpatient"]["state"] == "done"


def test_missing_file(odoo, tmp_path):  # noqa: F811
    his, _connection = sqlite_his(tmp_path)
    with database("his") as target:
        pair = Pair(odoo, target, his, {"driver": "sqlite", "database": str(tmp_path / "none.sqlite")})  # noqa: F811
        assert pair.run()["patient"]["code"] == "no_file"
        assert not (tmp_path / "none.sqlite").exists()
        text = pair.do(
            """source = env["hospital.his.source"].search([("code", "=", "his")])
result = source.action_test_connection()["params"]["message"]"""
        )
        assert "none.sqlite" in text


def test_definition_survives_export_and_import(pair):  # noqa: F811
    assert pair.do(
        """source = env["hospital.his.source"].search([("code", "=", "his")])
before = source._export_definition()
versions = [feed._version() for feed in source.feed_ids]
again = env["hospital.his.source"]._import_definition(before)
same = versions == [feed._version() for feed in source.feed_ids]
result = again == source and again._export_definition() == before and same"""
    )
    assert definition({})["feeds"]
