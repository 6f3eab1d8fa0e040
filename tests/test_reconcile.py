"""Comparing feeds with a real HIS: what vanished and what was missed, in MariaDB and SQLite, killed in the middle."""

import random
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from conftest import database
from exchange_kit import Pair, mariadb, odoo, sqlite_his  # noqa: F401
from his_small import NOW, SmallHis

PATIENTS = 60
KILLS = 8

COMPARE = """
import odoo.addons.hospital_his_connector.exchange.keys as keys
import odoo.addons.hospital_his_connector.models.hospital_his_feed_reconciling as reconciling
reconciling.PART = 2
checks = env["hospital.his.reconciliation"].with_context(lang=None)
env["hospital.his.feed"].search([("active", "=", True)]).complete = True
env["hospital.his.source"].search([]).vanish_limit = limit
checks._queue(env["hospital.his.feed"].search([("active", "=", True)]))
checks._work()
result = {check.feed_id.code: {
    "state": check.state, "code": check.code or "",
    **{name: check[name + "_count"] for name in ("there", "here", "missing", "vanished", "taken_out", "set_aside")},
} for check in checks.search([], order="id")}
env.cr.commit()
"""
# What is here of what a HIS may lose.
STATE = (
    "SELECT external_id, active FROM res_partner WHERE is_patient",
    "SELECT external_id, state FROM hospital_encounter",
    """SELECT visit.external_id, diagnosis.code FROM hospital_encounter_diagnosis diagnosis
         JOIN hospital_encounter visit ON visit.id = diagnosis.encounter_id""",
    """SELECT visit.external_id, event.kind FROM hospital_encounter_event event
         JOIN hospital_encounter visit ON visit.id = event.encounter_id""",
    """SELECT feed.code, link.external_id, link.vanished_at IS NULL, link.taken_out, link.row_hash
         FROM hospital_his_link link JOIN hospital_his_feed feed ON feed.id = link.feed_id""",
)


@pytest.fixture(params=["sqlite", "mariadb"], scope="module")
def pair(request, odoo, tmp_path_factory):  # noqa: F811
    """Each test leaves both sides agreeing, or is the last."""
    if request.param == "sqlite":
        his, connection = sqlite_his(tmp_path_factory.mktemp("his"))
    else:
        server = request.getfixturevalue("mariadb")
        engine = server.create("compared", "gbk")
        his, connection = SmallHis(engine, "gbk"), server.connection("compared")
    his.fill(PATIENTS)
    with database("compared") as name:
        pair = Pair(odoo, name, his, connection)
        assert {run["state"] for run in pair.run().values()} == {"done"}
        yield pair


def compare(pair, limit=50):
    return pair.odoo.run(pair.name, COMPARE, limit=limit)


def delete(his, table, *keys):
    with his.engine.begin() as connection:
        connection.execute(sa.delete(his.tables[table]).where(his.tables[table].c.id.in_(keys)))


def state(pair):
    return [sorted(pair.read(query), key=repr) for query in STATE]


def test_vanished_missed_and_back(pair):
    first = compare(pair)
    assert {check["state"] for check in first.values()} == {"done"}
    assert first["inpatient"] | {"state": ""} == {
        "state": "", "code": "", "there": PATIENTS, "here": PATIENTS,
        "missing": 0, "vanished": 0, "taken_out": 0, "set_aside": 0,
    }  # fmt: skip
    days = pair.read(
        """SELECT day.there_count, day.here_count FROM hospital_his_reconciliation_day day
             JOIN hospital_his_feed feed ON feed.id = day.feed_id WHERE feed.code = 'outpatient'"""
    )
    assert days == [(PATIENTS, PATIENTS)]
    his, before = pair.his, state(pair)

    # A row that the mark has passed, and a visit with its front page and diagnosis that is no longer there.
    his.put("br", "LATE", xm="迟到", xb="1", gxsj=NOW - timedelta(days=900))
    for table, key in (("zy", "Z3"), ("sy", "Z3"), ("zd", "Z3-1"), ("mz", "M4"), ("br", "P5")):
        delete(his, table, key)
    assert pair.run()["patient"]["new"] == 0
    checks = compare(pair)
    assert {check["state"] for check in checks.values()} == {"done"}, checks
    found = {code: (check["missing"], check["vanished"], check["taken_out"]) for code, check in checks.items()}
    assert found["patient"] == (1, 1, 1)
    assert found["inpatient"] == (0, 1, 0)  # its front page still spoke of it then
    assert found["discharge"] == (0, 1, 1)
    assert (found["outpatient"], found["diagnosis"]) == ((0, 1, 1), (0, 1, 1))
    assert pair.value("SELECT active FROM res_partner WHERE external_id = 'LATE'") is True
    assert pair.value("SELECT active FROM res_partner WHERE external_id = 'P5'") is False
    assert pair.value("SELECT state FROM hospital_encounter WHERE external_id = 'Z3'") == "cancelled"
    assert pair.value("SELECT state FROM hospital_encounter WHERE external_id = 'M4'") == "cancelled"
    gone = state(pair)
    quiet = compare(pair)
    assert not any(check["missing"] or check["vanished"] for check in quiet.values())
    assert state(pair) == gone

    # All of it comes back, with an old time of change: only the comparison can see it.
    delete(his, "br", "LATE")
    old = NOW - timedelta(days=800)
    with his.engine.begin() as connection:
        admitted = NOW - timedelta(days=20, minutes=3)
        rows = {
            "br": {"id": "P5", "xm": "张" + chr(0x4E00 + 5), "xb": "2", "csrq": "1945-06-15", "dh": "13900000005"},
            "zy": {"id": "Z3", "br": "P3", "rysj": f"{admitted}", "cysj": f"{admitted + timedelta(days=7)}",
                   "zt": "1", "ks": "01", "bq": "02", "ch": "3", "ys": "D1"},
            "sy": {"id": "Z3", "lyfs": "1", "jbdm": "I50.900", "jbmc": "心力衰竭",
                   "bmsj": f"{NOW - timedelta(days=12)}", "cyyz": "1. 低盐饮食\n2. 按时服药"},
            "zd": {"id": "Z3-1", "zy": "Z3", "lb": "1", "xh": "1", "dm": "I50.900", "mc": "心力衰竭"},
            "mz": {"id": "M4", "br": "P4", "jzsj": f"{NOW - timedelta(days=5)}", "ks": "01", "ys": "D1"},
        }  # fmt: skip
        for table, values in rows.items():
            connection.execute(sa.insert(his.tables[table]).values(gxsj=old, **values))
    assert pair.run()["patient"]["new"] == 0
    compare(pair)
    for now, then in zip(state(pair)[:3], before[:3], strict=True):
        assert [row for row in now if row[0] != "LATE"] == then
    kinds = [kind for external_id, kind in state(pair)[3] if external_id == "Z3" and kind != "coded"]
    assert sorted(kinds) == ["cancelled", "reopened"]


def test_an_empty_view_brakes(pair):
    before = state(pair)
    with pair.his.engine.begin() as connection:
        for table in ("br", "zy", "mz"):
            connection.execute(sa.delete(pair.his.tables[table]))
    checks = compare(pair, limit=5)
    assert checks["patient"]["state"] == checks["inpatient"]["state"] == checks["outpatient"]["state"] == "braked"
    assert (checks["patient"]["code"], checks["patient"]["vanished"]) == ("vanish_brake", PATIENTS)
    assert checks["discharge"]["state"] == "done"
    assert state(pair) == before
    missed = "SELECT count(*) FROM hospital_his_link WHERE missed_at IS NOT NULL"
    assert pair.value(missed) == 3 * PATIENTS
    causes = pair.odoo.run(
        pair.name, "alarms = env['hospital.his.alarm']\nalarms._check()\nresult = alarms.search([]).mapped('cause')"
    )
    assert causes == ["braked"] * 3


def test_killed_in_the_middle(odoo, tmp_path):  # noqa: F811
    his, connection = sqlite_his(tmp_path)
    his.fill(PATIENTS)
    with database("cut") as name:
        pair = Pair(odoo, name, his, connection)
        pair.run()
        began = time.monotonic()
        compare(pair)
        duration = time.monotonic() - began
        for table, letter in (("br", "P"), ("zy", "Z"), ("sy", "Z"), ("mz", "M")):
            delete(his, table, *(f"{letter}{number}" for number in range(24)))
        his.put("br", "LATE", xm="迟到", xb="1", gxsj=NOW - timedelta(days=900))
        killed = 0
        for seed in range(KILLS):
            task = odoo.start(name, COMPARE, limit=50)
            began, planned = time.monotonic(), random.Random(seed).uniform(0.1, 1.2) * duration
            while not task.done() and time.monotonic() - began < planned:
                time.sleep(0.01)  # pylint: disable=sleep-in-test
            killed += not task.done()
            task.kill()
        assert killed
        checks = compare(pair)
        checks = compare(pair)
        assert {check["state"] for check in checks.values()} == {"done"}, checks
        assert not any(check["missing"] or check["vanished"] for check in checks.values())
        assert pair.value("SELECT count(*) FROM res_partner WHERE is_patient AND NOT active") == 24
        assert pair.value("SELECT count(*) FROM hospital_encounter WHERE state = 'cancelled'") == 48
        assert pair.value("SELECT count(*) FROM hospital_encounter_event WHERE kind = 'cancelled'") == 48
        assert pair.value("SELECT count(*) FROM res_partner WHERE external_id = 'LATE' AND active") == 1
        assert pair.value("SELECT count(*) FROM hospital_his_reconciliation WHERE state = 'running'") == 0
