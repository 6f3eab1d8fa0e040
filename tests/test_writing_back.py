"""The service that writes to the HIS, as a process: woken by a finished follow-up, killed again and again, shut out."""

import contextlib
import random
import subprocess
import time

import psycopg2
import pytest
from conftest import ODOO, ROOT, database
from exchange_kit import mariadb, odoo  # noqa: F401
from his_servers import Faulty

PATIENTS, WRITES = 20, 15

SETUP = """
from odoo.fields import Command
source = env["hospital.his.source"].create({
    "name": "HIS", "code": "writing", "driver": "mysql", "host": "127.0.0.1", "port": port, "database": "writing",
    "username": "writer", "secret_ref": "TEST_READER", "connect_timeout": 3,
})
silent = source.copy({"code": "silent", "name": "silent", "port": silent_port})
env["hospital.his.delivery"].create([
    {"name": "flag", "source_id": one.id, "operation": "followed_up", "statement": statement}
    for one in (source, silent)
])
patients = env["res.partner"].create([
    {"name": f"P{i}", "is_patient": True, "source_id": source.id, "external_id": str(i)} for i in range(count)
])
env["hospital.encounter"].create([
    {"encounter_class": "inpatient", "patient_id": patient.id, "admitted_at": "2026-11-01", "state": "finished",
     "source_id": source.id, "external_id": patient.external_id} for patient in patients
])
env.cr.commit()
"""
OWE = """
source = env["hospital.his.source"].search([("code", "=", system)])
patients = env["res.partner"].search([("source_id.code", "=", "writing")])
for number in range(first, first + count):
    for patient in patients:
        env["hospital.his.outbox"]._enqueue(source, "followed_up", f"{patient.id}-{number}",
            {"visit": patient.external_id, "followed": bool(number % 2)}, patient)
env.cr.commit()
"""
FINISH = """
visit = env["hospital.encounter"].search([("source_id.code", "=", "writing"), ("external_id", "=", "3")])
plan = env["hospital.followup.plan"].search([], limit=1) or env["hospital.followup.plan"].create({"name": "plan"})
enrolment = env["hospital.followup.enrolment"].create({
    "encounter_id": visit.id, "patient_id": visit.patient_id.id, "plan_id": plan.id, "mode": "central"})
task = env["hospital.followup.task"].create({
    "enrolment_id": enrolment.id, "plan_id": plan.id, "encounter_id": visit.id, "patient_id": visit.patient_id.id,
    "contact_id": visit.patient_id.id, "mode": "central", "earliest_date": "2026-11-01", "due_date": "2026-11-01",
    "latest_date": "2027-11-01", "last_outcome": "reached_patient", "condition": "good"})
task.action_finish()
env.cr.commit()
"""
INTO = (
    "INSERT INTO log (k, visit, followed, result, version) VALUES (:key, :visit, :followed, :result, :version)"
    " ON DUPLICATE KEY UPDATE times = times + 1"
)


class Hospital:
    def __init__(self, odoo, name, his):  # noqa: F811
        self.odoo, self.name, self.his = odoo, name, his
        self.services = []

    def start(self):
        command = [*ODOO, "hospital_service", "-d", self.name, "--only", "exchange", "--log-level=warn"]
        self.services.append(subprocess.Popen(command, cwd=ROOT))
        return self.services[-1]

    def stop(self):
        for service in self.services:
            service.kill()
            service.wait()

    def here(self, query):
        with contextlib.closing(psycopg2.connect(dbname=self.name)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def left(self, code="writing"):
        return self.here(
            f"""SELECT count(*) FROM hospital_his_outbox write JOIN hospital_his_source s ON s.id = write.source_id
                 WHERE s.code = '{code}' AND write.state != 'done'"""
        )[0][0]

    def there(self, query):
        with self.his.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]


@pytest.fixture
def hospital(odoo, mariadb):  # noqa: F811
    his = mariadb.create("writing", "gbk")
    with his.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE log (id int AUTO_INCREMENT PRIMARY KEY, k varchar(100) UNIQUE, visit varchar(20),"
            " followed int, result varchar(20), version bigint, times int DEFAULT 1)"
        )
        connection.exec_driver_sql("CREATE USER IF NOT EXISTS writer@'127.0.0.1' IDENTIFIED BY 'geheim'")
        connection.exec_driver_sql("GRANT SELECT, INSERT, UPDATE ON writing.* TO writer@'127.0.0.1'")
    silent = Faulty("silent")
    with database("writing") as name:
        odoo.run(name, SETUP, port=mariadb.port, silent_port=silent.port, count=PATIENTS, statement=INTO)
        hospital = Hospital(odoo, name, his)
        yield hospital
        hospital.stop()
    silent.close()


def wait(condition, what, patience=120):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)  # pylint: disable=sleep-in-test


def test_killed_again_and_again_each_write_has_one_effect_in_its_order(hospital):
    chance = random.Random(3)
    hospital.odoo.run(hospital.name, OWE, system="writing", first=0, count=WRITES)
    kills = 0
    while hospital.left() and kills < 6:
        service = hospital.start()
        before = hospital.left()
        wait(lambda before=before: hospital.left() < before, "it writes")
        time.sleep(chance.random() * 0.5)  # pylint: disable=sleep-in-test
        service.kill()
        service.wait()
        kills += 1
    assert kills > 1, "it was to be killed while there was something to do"
    hospital.start()
    wait(lambda: not hospital.left(), "all is written")
    rows = hospital.there("SELECT visit, version FROM log ORDER BY id")
    assert len(rows) == PATIENTS * WRITES
    for visit in {visit for visit, _version in rows}:
        versions = [version for one, version in rows if one == visit]
        assert versions == sorted(versions), f"the writes of {visit} are in another order: {versions}"


def test_a_finished_followup_wakes_it_and_a_silent_system_holds_up_nobody(hospital):
    hospital.start()
    hospital.odoo.run(hospital.name, OWE, system="silent", first=0, count=1)
    hospital.odoo.run(hospital.name, FINISH)
    wait(lambda: not hospital.left(), "the mark is in the HIS", patience=60)
    assert hospital.there("SELECT visit, followed, result FROM log") == [("3", 1, "good")]
    assert hospital.left("silent") == PATIENTS
    reasons = {
        code for (code,) in hospital.here("SELECT DISTINCT code FROM hospital_his_outbox WHERE code IS NOT NULL")
    }
    assert reasons <= {"connect_timeout", "silence", "lost"}
