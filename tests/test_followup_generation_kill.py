"""kill -9 of the generation of tasks, anywhere, then once more: the tasks equal those of an uninterrupted run."""

from conftest import database, odoo_shell

SEEDS = 50
VISITS = 600

# A hospital whose generation commits often, so that a kill hits between commits as well as inside them.
PREPARE = f"""
from odoo.fields import Date
from datetime import timedelta
today = Date.today()
doctor = env["res.users"].create({{"name": "d", "login": "kill_doctor"}})
employee = env["hr.employee"].create({{"name": "d", "user_id": doctor.id}})
department = env["hr.department"].create({{"name": "Cardiology", "kind": "clinical"}})
env.cr.execute('''
    WITH patient AS (
        INSERT INTO res_partner (name, complete_name, is_patient, active, deceased, is_test_patient, type, create_date)
        SELECT 'P' || n, 'P' || n, true, true, n %% 41 = 0, n %% 53 = 0, 'contact', now()
          FROM generate_series(1, {VISITS}) AS n RETURNING id)
    INSERT INTO hospital_encounter (patient_id, encounter_class, state, admitted_at, discharged_at, discharge_date,
           department_id, attending_id, attending_user_id, disposition, diagnosis_code)
    SELECT id, 'inpatient', 'finished', now() - interval '9 days', now() - interval '2 days', current_date - 2,
           %s, %s, %s, CASE WHEN id %% 37 = 0 THEN '5' ELSE '1' END,
           (ARRAY['I50.900', 'J18.900', 'E11.900', NULL])[1 + id %% 4]
      FROM patient''', [department.id, employee.id, doctor.id])
env.cr.commit()
"""

# In one Odoo process that forks a victim per seed: starting Odoo a hundred times would take minutes.
KILLS = f"""
import os, random, signal, time
import odoo.sql_db
from odoo import api
from odoo.addons.hospital_followup.models import hospital_followup_task_reconcile as module

SEEDS, NAME = {SEEDS}, env.cr.dbname
module.BATCH = 20
cron = type(env["ir.cron"])


def commit(self, *args, **kwargs):
    self.env.cr.commit()
    return 60


cron._commit_progress = commit


def generate():
    with odoo.sql_db.db_connect(NAME).cursor() as cr:
        api.Environment(cr, api.SUPERUSER_ID, {{}})["hospital.followup.task"]._generate()


def rows():
    with odoo.sql_db.db_connect(NAME).cursor() as cr:
        cr.execute(ROWS)
        return cr.fetchall()


def empty():
    with odoo.sql_db.db_connect(NAME).cursor() as cr:
        cr.execute("TRUNCATE hospital_followup_task, hospital_followup_enrolment CASCADE")


def alone():
    # The server notices a dead client only when it is done with the statement.
    while True:
        with odoo.sql_db.db_connect(NAME).cursor() as cr:
            cr.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND state <> 'idle'", [NAME])
            if cr.fetchone()[0] == 1:
                return
        time.sleep(0.01)


def victim():
    # The parent's connections belong to the parent: neither used nor closed here.
    victim.kept = odoo.sql_db._Pool, odoo.sql_db._Pool_readonly
    odoo.sql_db._Pool = odoo.sql_db._Pool_readonly = None
    generate()
    os._exit(0)


env.cr.commit()
started = time.monotonic()
generate()
duration = time.monotonic() - started
expected = rows()
generate()
assert rows() == expected, "a second run changed something"
partial = 0
for seed in range(SEEDS):
    empty()
    pid = os.fork()
    if not pid:
        victim()
    time.sleep(random.Random(seed).uniform(0, duration))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    alone()
    partial += 0 < len(rows()) < len(expected)
    generate()
    assert rows() == expected, f"seed {{seed}}: differs after the kill"
print("rows", len(expected), "partial", partial)
"""

# Everything of a follow-up and its tasks but surrogate keys and clocks.
ROWS = """
    SELECT enrolment.encounter_id, enrolment.mode, enrolment.plan_id, enrolment.rule_id, enrolment.rule_version,
           enrolment.matched, enrolment.facts, enrolment.state, enrolment.reason, enrolment.patient_id,
           task.point_id, task.patient_id, task.contact_id, task.department_id, task.attending_user_id, task.user_id,
           task.discharge_date, task.earliest_date, task.due_date, task.latest_date, task.state, task.close_reason,
           task.priority, task.attempt_count
      FROM hospital_followup_enrolment enrolment
      LEFT JOIN hospital_followup_task task ON task.enrolment_id = enrolment.id
     ORDER BY enrolment.encounter_id, enrolment.mode, task.point_id
"""


def test_killed_generation_is_completed_by_the_next_run():
    with database("followup_kill") as name:
        odoo_shell(name, PREPARE)
        printed = odoo_shell(name, f"ROWS = {ROWS!r}\n{KILLS}")
    words = printed.split()
    assert int(words[words.index("rows") + 1]) > 2 * VISITS
    assert int(words[words.index("partial") + 1]) > SEEDS / 4, "too few kills hit the middle"
