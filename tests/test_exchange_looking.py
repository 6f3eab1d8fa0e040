"""Looking at an unknown HIS and trying a feed, against real servers and real transactions."""

import contextlib

import pytest
from exchange_kit import mariadb, odoo, pair, sqlite_his  # noqa: F401
from his_servers import Faulty
from his_small import SmallHis
from test_exchange_sources import postgres_his  # noqa: F401

LOOK = """
look = env["hospital.his.look"]
source = env["hospital.his.source"].search([("code", "=", "his")])
source.write(connection | {"connect_timeout": 3, "silence_timeout": 3})
look = look.browse(source.action_new_feed()["res_id"])
result = {"tables": look.table_ids.mapped("name"), "problem": look.problem}
if look.table_ids:
    look.query = query
    look.action_look()
    result |= {"problem": look.problem, "key": look.key_line_id.column}
    result["rows"] = {line.column: line.sample for line in look.line_ids}
"""
TRY = """
run = env["hospital.his.dry.run"]
feed = env["hospital.his.feed"].search([("code", "=", feed_code)])
run = run.browse(feed.action_dry_run()["res_id"])
run.action_start()
result = [run.problem or "", run.new_count, run.changed_count, run.unchanged_count, run.waiting_count,
    run.rejected_count, run.changed_ids.mapped("detail")]
run.action_forget()
"""
# What a run writes, and what it leaves behind beside the rows.
EVERYTHING = """
SELECT (SELECT count(*) FROM res_partner), (SELECT count(*) FROM hospital_patient_phone),
       (SELECT count(*) FROM hospital_encounter), (SELECT count(*) FROM hospital_encounter_event),
       (SELECT count(*) FROM hospital_encounter_diagnosis), (SELECT count(*) FROM hospital_quality_issue),
       (SELECT count(*) FROM hospital_his_deadletter), (SELECT count(*) FROM hospital_his_link),
       (SELECT count(*) FROM hospital_followup_task), (SELECT count(*) FROM bus_bus),
       (SELECT count(*) FROM mail_message), (SELECT count(*) FROM hospital_his_run),
       (SELECT string_agg(mark::text, ',' ORDER BY id) FROM hospital_his_feed),
       (SELECT count(*) FROM hospital_his_dry_run_line)
"""


def check(found, table):
    assert table in found["tables"] and not found["problem"], found
    assert found["key"] == "id"
    assert found["rows"]["xb"] == "1 → Male"
    assert found["rows"]["xm"] == "欧阳龘"


def one_patient(his):
    his.put("br", "P1", xm="欧阳龘", xb="1", dh="13900001234")


def test_mariadb(pair, mariadb):  # noqa: F811
    one_patient(SmallHis(mariadb.create("his", "gbk"), "gbk"))
    one_patient(SmallHis(mariadb.create("other", "gbk"), "gbk"))
    found = pair.do(LOOK, connection=mariadb.connection("his"), query="SELECT * FROM br;")
    check(found, "br")
    # Tables of other schemas are named as a query has to name them; the server's own are left out.
    assert "other.br" in found["tables"] and not [name for name in found["tables"] if name.startswith("mysql.")]
    check(pair.do(LOOK, connection=mariadb.connection("his"), query="SELECT * FROM other.br"), "other.br")


def test_postgresql(pair, postgres_his):  # noqa: F811
    his, connection = postgres_his
    one_patient(his)
    with his.engine.begin() as link:
        link.exec_driver_sql('CREATE SCHEMA "His"; CREATE VIEW "His"."Br" AS SELECT * FROM br')
    found = pair.do(LOOK, connection=connection, query='SELECT * FROM "His"."Br"')
    check(found, '"His"."Br"')
    assert not [name for name in found["tables"] if name.startswith(("pg_", "information_schema"))]


@pytest.mark.parametrize("fault", ["silent", "reset"])
def test_a_his_that_misbehaves_is_named(pair, fault):  # noqa: F811
    with contextlib.closing(Faulty(fault)) as server:
        connection = {"driver": "mysql", "host": "127.0.0.1", "port": server.port, "database": "his"}
        found = pair.do(LOOK, connection=connection, query="SELECT 1")
    assert found["problem"] and not found["tables"]


def test_a_dry_run_leaves_nothing_and_tells_what_the_run_then_does(pair):  # noqa: F811
    his = pair.his
    his.put("br", "P1", xm="改名", dh="13900009999")
    his.put("br", "P7", xm="新人", dh="13900007777")
    his.put("zy", "Z1", zt="0", cysj=None)
    his.put("zy", "Z9", br="P99", rysj="2026-01-01 08:00:00")
    his.put("sy", "Z2", lyfs="5")
    his.put("zd", "Z3-1", mc="改诊断")
    before = pair.read(EVERYTHING)
    told = {code: pair.do(TRY, feed_code=code) for code in ("patient", "inpatient", "discharge", "diagnosis")}
    assert pair.read(EVERYTHING) == before
    assert told["patient"][:6] == ["", 1, 1, 5, 0, 0]
    assert "张" in told["patient"][6][0] and "改名" in told["patient"][6][0]
    assert "13900009999" in told["patient"][6][0]
    assert told["inpatient"][:6] == ["", 0, 1, 5, 1, 0]
    assert told["discharge"][:6] == ["", 0, 1, 5, 0, 0]
    assert "改诊断" in told["diagnosis"][6][0]
    runs = pair.run()
    for code, (_problem, *counts, _details) in told.items():
        run = runs[code]
        assert counts[:2] + counts[3:] == [run["new"], run["changed"], run["waiting"], run["rejected"]], code
