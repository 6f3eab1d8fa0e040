"""kill -9 at random moments of a run that creates, changes, merges, rejects: after the next run nothing shows of it."""

import os
import random
import subprocess
import time
from datetime import timedelta

import pytest
from conftest import database
from exchange_kit import Pair, odoo, sqlite_his  # noqa: F401
from his_small import NOW

SEEDS = 50

RUN = """
import odoo.addons.hospital_his_connector.exchange.batch as batching
batching.ROWS = 10
runs = env["hospital.his.feed"]._run_all()
assert set(runs.mapped("state")) == {"done"}, runs.mapped("message")
"""

# Everything a feed writes, without what differs by nature: ids, times of writing.
EVERYTHING = (
    """SELECT p.external_id, p.name, p.patient_no, p.gender, p.birth_date, p.id_number, p.phone_masked,
        p.deceased, p.active,
              p.is_test_patient, p.last_visit_at, p.complete_name, p.commercial_partner_id = p.id,
                  s.external_id, m.external_id,
              (SELECT array_agg(d.code ORDER BY d.code) FROM hr_department d WHERE -d.id = ANY(p.care_keys))
         FROM res_partner p LEFT JOIN res_partner s ON s.id = p.merged_into_id LEFT
             JOIN res_partner m ON m.id = p.mother_id
        WHERE p.is_patient""",
    """SELECT p.external_id, n.number, n.kind, n.relation, n.contact_name, n.state, n.invalid_reason, n.sequence
         FROM hospital_patient_phone n JOIN res_partner p ON p.id = n.patient_id""",
    """SELECT v.external_id, p.external_id, v.state, v.admitted_at, v.discharged_at, v.discharge_date,
        v.length_of_stay, v.bed,
              d.code, w.code, e.staff_no, v.disposition, v.diagnosis_code, v.coded_at, v.discharge_orders
         FROM hospital_encounter v JOIN res_partner p ON p.id = v.patient_id LEFT
             JOIN hr_department d ON d.id = v.department_id
         LEFT JOIN hr_department w ON w.id = v.ward_id LEFT JOIN hr_employee e ON e.id = v.attending_id""",
    """SELECT v.external_id, p.external_id, t.kind, t.old_value, t.new_value FROM hospital_encounter_event t
         JOIN hospital_encounter v ON v.id = t.encounter_id JOIN res_partner p ON p.id = t.patient_id""",
    """SELECT v.external_id, g.kind, g.sequence, g.code, g.name FROM hospital_encounter_diagnosis g
         JOIN hospital_encounter v ON v.id = g.encounter_id""",
    """SELECT p.external_id, i.kind, i.detail, i.state, d.code FROM hospital_quality_issue i
         JOIN res_partner p ON p.id = i.patient_id LEFT JOIN hr_department d ON d.id = i.department_id""",
    (
        "SELECT d.code, d.name, d.kind, u.code, e.staff_no "
        "FROM hr_department d LEFT JOIN hr_department u ON u.id = d.parent_id "
        "LEFT JOIN hr_employee e ON e.id = d.manager_id"
    ),
    (
        "SELECT e.staff_no, e.name, e.active, d.code "
        "FROM hr_employee e LEFT JOIN hr_version x ON x.id = e.current_version_id "
        "LEFT JOIN hr_department d ON d.id = x.department_id"
    ),
    (
        "SELECT f.code, l.external_id, l.row_hash, l.missing "
        "FROM hospital_his_link l JOIN hospital_his_feed f ON f.id = l.feed_id"
    ),
    (
        "SELECT f.code, l.external_id, l.code, l.state, l.payload "
        "FROM hospital_his_deadletter l JOIN hospital_his_feed f ON f.id = l.feed_id"
    ),
    "SELECT code, mark FROM hospital_his_feed",
)


def everything(pair):
    return [sorted(pair.read(query), key=repr) for query in EVERYTHING]


def prepare(his):
    """After a first load: new rows, changed rows, every event, some dirt."""
    put = his.put
    for number in range(60, 100):
        put(
            "br",
            f"P{number}",
            xm=f"新{number}",
            dh=f"1380000{number:04}" if number % 7 else "13800000000",
            csrq="1950-01-01",
            sw=None if number % 9 else "maybe",
        )
        put(
            "zy",
            f"Z{number}",
            br=f"P{number}",
            rysj=str(NOW - timedelta(days=9)),
            cysj=str(NOW - timedelta(days=2)),
            zt="1",
            ks="01",
            bq="02",
            ys="D1",
        )
        put("sy", f"Z{number}", lyfs="1", jbdm="J18.900", bmsj=str(NOW))
        put("zd", f"Z{number}-1", zy=f"Z{number}", lb="1", xh="1", dm="J18.900", mc="肺炎")
    put("ks", "03", mc="心外科", lb="1", fzr="D4")
    put("ry", "D4", xm="新主任", zy="1", ks="03", zt="1")
    for number in range(0, 10):
        put("zy", f"Z{number}", ks="03")
    for number in range(10, 16):
        put("zy", f"Z{number}", zt="0", cysj=None)
    for number in range(16, 22):
        put("zy", f"Z{number}", cysj=str(NOW - timedelta(days=3)))
    for number in range(22, 26):
        put("br", f"P{number}", hb=f"P{number + 4}")
    put("br", "P26", hb="P30")
    for number in range(31, 36):
        put("br", f"P{number}", sw="1")
        put("zy", f"Z{number}", ys="D77")
    put("br", "P40", mq="P99")


@pytest.fixture(scope="module")
def prepared(odoo, tmp_path_factory):  # noqa: F811
    his, connection = sqlite_his(tmp_path_factory.mktemp("kill"))
    his.fill(60)
    with database("prepared") as name:
        first = Pair(odoo, name, his, connection)
        odoo.run(name, RUN)
        first.do("")
        prepare(his)
        yield name, his


def test_kill_at_random_points(odoo, prepared):  # noqa: F811
    template, his = prepared
    name = os.environ["TEST_DB_PREFIX"] + "killed"
    pair = Pair.__new__(Pair)
    pair.odoo, pair.name, pair.his = odoo, name, his

    def fresh():
        subprocess.run(["dropdb", "--if-exists", "--force", name], check=True, capture_output=True)
        subprocess.run(["createdb", "-T", template, name], check=True)

    try:
        fresh()
        odoo.run(name, "")  # the registry is loaded: from here on only the run takes time
        began = time.monotonic()
        odoo.run(name, RUN)
        duration = time.monotonic() - began
        expected = everything(pair)
        odoo.run(name, RUN)
        assert everything(pair) == expected
        interrupted = 0
        for seed in range(SEEDS):
            fresh()
            task = odoo.start(name, RUN)
            began, planned = time.monotonic(), random.Random(seed).uniform(0.02, duration)
            while not task.done() and time.monotonic() - began < planned:
                time.sleep(0.01)  # pylint: disable=sleep-in-test
            if task.done():
                duration = min(duration, time.monotonic() - began)  # the machine is less busy than it was
            else:
                interrupted += 1
            task.kill()
            odoo.run(name, RUN)
            for query, got, wanted in zip(EVERYTHING, everything(pair), expected, strict=True):
                assert got == wanted, f"seed {seed}: {query}"
        assert interrupted > SEEDS * 0.6
        assert pair.value("SELECT count(*) FROM hospital_his_run WHERE state = 'running'") == 0
    finally:
        subprocess.run(["dropdb", "--if-exists", "--force", name], check=True, capture_output=True)
