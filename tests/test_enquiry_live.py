"""Enquiries that a HIS answers itself: a real one, one that falls silent, and what is told meanwhile."""

import contextlib
import json
import urllib.error
import urllib.request

import pytest
import sqlalchemy as sa
from conftest import database, server
from exchange_kit import Pair, mariadb, odoo, sqlite_his  # noqa: F401
from his_servers import Faulty
from his_small import SmallHis

SET_UP = """
source = env["hospital.his.source"].search([("code", "=", "his")])
codes = env["hospital.his.codemap"].create({"name": "医保", "code": "yb", "source_id": source.id, "line_ids": [
    (0, 0, {"source_value": "甲", "target_value": "a"}), (0, 0, {"source_value": "乙", "target_value": "b"})]})
bxs = env["hospital.his.codemap"].create({"name": "保密", "code": "bm", "source_id": source.id, "line_ids": [
    (0, 0, {"source_value": "1", "target_value": "confidential"}),
    (0, 0, {"source_value": "0", "target_value": "patient"})]})
env["hospital.his.enquiry"].create([
    {"kind": "drug", "source_id": source.id, "deadline": 10, "query": drugs, "field_ids": [
        (0, 0, {"target": "name", "column": "mc"}),
        (0, 0, {"target": "price", "column": "dj", "transform": "decimal"}),
        (0, 0, {"target": "insurance_class", "column": "yb", "transform": "code", "codemap_id": codes.id})]},
    {"kind": "inpatient", "source_id": source.id, "deadline": 10, "query": stays, "field_ids": [
        (0, 0, {"target": "patient_key", "column": "br"}),
        (0, 0, {"target": "patient", "column": "xm"}),
        (0, 0, {"target": "ward", "column": "bq"}),
        (0, 0, {"target": "bed", "column": "ch"}),
        (0, 0, {"target": "disclosure", "column": "bm", "transform": "code", "codemap_id": bxs.id})]},
])
env["hospital.drug"].create({"name": "布洛芬缓释胶囊"})
group = env.ref("hospital_base.group_agent")
users = env["res.users"].create([
    {"name": name, "login": name, "group_ids": [(6, 0, groups)]}
    for name, groups in (("agent", group.ids), ("portal", env.ref("base.group_portal").ids),
                         ("clerk", env.ref("hospital_base.group_staff").ids))])
from datetime import datetime, timedelta
result = [env["res.users.apikeys"].with_user(user)._generate("rpc", "test", datetime.now() + timedelta(days=1))
          if user.login != "portal" else
          env(user=user)["res.users.apikeys"].sudo()._generate("rpc", "test", datetime.now() + timedelta(days=1))
          for user in users]
"""
ASK = """
import time
began = time.monotonic()
user = env["res.users"].search([("login", "=", login)])
result = env["hospital.enquiry"].with_user(user).ask(kind, text)
result["seconds"] = time.monotonic() - began
"""
DRUGS = "SELECT mc, dj, yb FROM yp WHERE mc LIKE :pattern ORDER BY mc"
STAYS = """SELECT zy.br, br.xm, zy.bq, zy.ch, br.bm FROM zy JOIN br ON br.id = zy.br
            WHERE zy.zt = '0' AND br.xm LIKE :pattern"""


class Desk:
    """A HIS with drugs and in-patients, and an Odoo that asks it."""

    def __init__(self, pair, his, keys):
        self.pair, self.his = pair, his
        self.keys = dict(zip(("agent", "portal", "clerk"), keys, strict=True))

    def ask(self, kind, text, login="agent"):
        return self.pair.do(ASK, kind=kind, text=text, login=login)

    def source(self, **values):
        self.pair.do("env['hospital.his.source'].search([('code', '=', 'his')]).write(values)", values=values)

    def deadline(self, seconds):
        """Each question of these tests starts a process anew, which takes its time on a busy machine."""
        self.pair.do("env['hospital.his.enquiry'].search([]).deadline = seconds", seconds=seconds)

    def breaker(self):
        ((failures, retry_at),) = self.pair.read(
            "SELECT failures, retry_at FROM hospital_his_enquiry WHERE kind = 'drug'"
        )
        return failures, retry_at

    def pause_is_over(self):
        self.pair.write("UPDATE hospital_his_enquiry SET retry_at = (now() - interval '1 second') AT TIME ZONE 'UTC'")


def drugs_of(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE yp (mc VARCHAR(60), dj DECIMAL(10, 2), yb VARCHAR(4))")
        connection.execute(
            sa.text("INSERT INTO yp VALUES (:mc, :dj, :yb)"),
            [{"mc": "阿莫西林胶囊", "dj": "12.50", "yb": "甲"}, {"mc": "阿司匹林肠溶片", "dj": "8", "yb": "乙"}],
        )
        connection.exec_driver_sql("ALTER TABLE br ADD COLUMN bm VARCHAR(2)")


@contextlib.contextmanager
def desk(odoo, name, his, connection):  # noqa: F811
    his.fill(3)
    drugs_of(his.engine)
    with database(name) as database_name:
        pair = Pair(odoo, database_name, his, connection)
        pair.run()
        yield Desk(pair, his, pair.do(SET_UP, drugs=DRUGS, stays=STAYS))


@pytest.fixture
def sqlite(odoo, tmp_path):  # noqa: F811
    his, connection = sqlite_his(tmp_path)
    with desk(odoo, "enquiry", his, connection) as made:
        yield made


@pytest.fixture
def maria(odoo, mariadb):  # noqa: F811
    his = SmallHis(mariadb.create("enquiry", "gbk"), "gbk")
    with desk(odoo, "enquiry_maria", his, mariadb.connection("enquiry")) as made:
        yield made


def test_the_his_answers_in_its_own_words(maria):
    answer = maria.ask("drug", "阿莫西林")
    assert answer["origin"] == "live" and not answer["notice"] and answer["as_of"]
    (row,) = answer["rows"]
    assert row["values"]["name"] == "阿莫西林胶囊" and row["values"]["price"] == 12.5
    assert row["values"]["insurance_class"] == "a" and "12.50 yuan" in row["say"]
    assert len(maria.ask("drug", "阿")["rows"]) == 2
    assert maria.ask("drug", "%")["rows"], "a percent sign is not looked for"
    assert not maria.ask("drug", "x' OR '1'='1")["rows"]


def test_a_silent_his_costs_the_deadline_then_nothing_and_comes_back(maria, mariadb):  # noqa: F811
    good = maria.ask("drug", "阿莫西林")
    silent = Faulty("silent")
    maria.source(port=silent.port)
    maria.deadline(4)
    try:
        for _question in range(3):
            answer = maria.ask("drug", "阿莫西林")
            assert answer["origin"] == "last_good" and answer["as_of"] == good["as_of"]
            assert answer["rows"] == good["rows"] and answer["notice"]
            assert answer["seconds"] < 12, "the deadline of four seconds holds"
        assert maria.breaker()[0] == 3
        connections = len(silent.kept)
        other = maria.ask("drug", "布洛芬")
        assert other["origin"] == "synchronised" and other["notice"], "never asked before: what the tables know"
        assert [row["values"]["name"] for row in other["rows"]] == ["布洛芬缓释胶囊"]
        assert len(silent.kept) == connections, "the circuit is open: nobody waits"
        maria.pause_is_over()
        assert maria.ask("drug", "阿莫西林")["origin"] == "last_good"
        assert len(silent.kept) == connections + 1, "one question tries"
        assert maria.ask("drug", "阿莫西林")["origin"] == "last_good"
        assert len(silent.kept) == connections + 1
    finally:
        silent.close()
    maria.source(port=mariadb.port)
    maria.deadline(10)
    assert maria.ask("drug", "阿莫西林")["origin"] == "last_good", "not before the pause is over"
    maria.pause_is_over()
    assert maria.ask("drug", "阿莫西林")["origin"] == "live"
    assert maria.breaker() == (0, None)


@pytest.mark.parametrize("fault", ["reset", "garbage"])
def test_a_his_that_misbehaves(maria, fault):
    faulty = Faulty(fault)
    maria.source(port=faulty.port)
    try:
        answer = maria.ask("drug", "布洛芬")
        assert answer["origin"] == "synchronised" and answer["notice"] and len(answer["rows"]) == 1
        assert maria.breaker()[0] == 1
    finally:
        faulty.close()


def test_a_query_that_is_wrong_is_told_to_the_engineer(sqlite):
    sqlite.pair.do("env['hospital.his.enquiry'].search([('kind', '=', 'drug')]).query = 'SELECT x FROM yp'")
    assert sqlite.ask("drug", "布洛芬")["origin"] == "synchronised"
    reason = sqlite.pair.do("result = env['hospital.his.enquiry'].search([('kind', '=', 'drug')]).reason")
    assert "does not understand the query" in reason


def test_inpatients_of_the_his_obey_the_same_rules(sqlite):
    for number, secret in ((0, "0"), (1, "1"), (2, "0")):
        sqlite.his.put("zy", f"Z{number}", zt="0", cysj=None)
        with sqlite.his.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE br SET bm = '{secret}', xm = '欧阳{number}' WHERE id = 'P{number}'")
    sqlite.pair.write("UPDATE res_partner SET disclosure = 'confidential' WHERE external_id = 'P2'")
    with sqlite.his.engine.begin() as connection:  # admitted a minute ago, not read yet
        for key, secret in (("NEW1", "0"), ("NEW2", "1"), ("NEW3", None)):
            connection.execute(
                sa.text("INSERT INTO br (id, xm, bm) VALUES (:id, '欧阳新', :bm)"), {"id": key, "bm": secret}
            )
            connection.execute(
                sa.text("INSERT INTO zy (id, br, zt, bq, ch) VALUES (:id, :id, '0', '02', '9')"), {"id": key}
            )
    rows = sqlite.ask("inpatient", "欧阳")["rows"]
    # P1 is confidential in the HIS and P2 here; of NEW3 nobody has said that it may be told.
    assert sorted(row["values"]["patient"] for row in rows) == ["欧阳0", "欧阳新"]
    assert {row["values"]["ward"] for row in rows} == {"心内一病区"}
    assert not sqlite.ask("inpatient", "欧")["rows"]
    looked = sqlite.pair.read(
        """SELECT patient.external_id
             FROM hospital_access_log log JOIN res_partner patient ON patient.id = log.patient_id
            WHERE log.reason LIKE '%欧阳%'"""
    )
    assert looked == [("P0",)]


def test_old_answers_are_forgotten(sqlite):
    sqlite.ask("drug", "阿莫西林")
    sqlite.pair.write("UPDATE hospital_his_enquiry_answer SET asked_at = now() - interval '8 days'")
    sqlite.pair.do("env['hospital.his.enquiry.answer']._gc_answers()")
    assert sqlite.pair.value("SELECT count(*) FROM hospital_his_enquiry_answer") == 0


def test_over_json2_with_the_right_and_the_wrong_user(sqlite):
    def call(url, key, method, **arguments):
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"bearer {key}"} if key else {})
        request = urllib.request.Request(
            f"{url}/json/2/hospital.enquiry/{method}", json.dumps(arguments).encode(), headers
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, {}

    with server(sqlite.pair.name) as url:
        status, answer = call(url, sqlite.keys["agent"], "ask", kind="drug", text="阿莫西林")
        assert status == 200 and answer["rows"][0]["values"]["price"] == 12.5
        status, counts = call(url, sqlite.keys["clerk"], "counts", text="")
        assert status == 200 and "inpatient" not in {row["kind"] for row in counts}
        assert call(url, sqlite.keys["clerk"], "ask", kind="drug", text="阿")[0] == 200
        assert call(url, sqlite.keys["clerk"], "ask", kind="inpatient", text="欧阳")[0] == 403
        assert call(url, sqlite.keys["portal"], "ask", kind="phone")[0] == 403
        assert call(url, "wrong", "ask", kind="phone")[0] == 401
        assert call(url, "", "ask", kind="phone")[0] == 401
        assert call(url, sqlite.keys["agent"], "_ask", kind="drug")[0] == 403
        assert call(url, sqlite.keys["agent"], "ask", kind="drug", text=["x"])[0] == 422
