"""Generation of follow-up tasks for 100,000 discharges.

The limit is a bare INSERT ... SELECT of the very same task rows into the same table, indexes and foreign keys and
all, in the same run. Aim: at least 0.3 of its speed, rules, exclusions, enrolments and explanation included; and
the same visits sent once more in a fraction of the time.
"""

import os
import subprocess
import sys
import time

from . import scale
from .common import create_database, environment, print_table, start_odoo

NAME = os.environ.get("TEST_DB_PREFIX", "bench_") + "generation"
DISCHARGES, DOCTORS, BATCH = 100_000, 80, 5_000
AIM = 0.3

# What left the hospital in the last two days, with the diagnoses of the shipped plans.
YESTERDAY = """
    UPDATE hospital_encounter
       SET encounter_class = 'inpatient', state = 'finished', disposition = '1',
           admitted_at = now() AT TIME ZONE 'UTC' - interval '8 days',
           discharged_at = now() AT TIME ZONE 'UTC' - interval '1 day', discharge_date = current_date - 1,
           diagnosis_code = (ARRAY['I50.900', 'I21.900', 'E11.900', 'J18.900', 'J18.900', 'K80.200'])[1 + id % 6]
"""


def timed(cr, call):
    started = time.perf_counter()
    call()
    cr.flush()
    return time.perf_counter() - started


def generate(env, ids):
    for start in range(0, len(ids), BATCH):
        env["hospital.followup.task"]._reconcile(env["hospital.encounter"].browse(ids[start : start + BATCH]))


def main():
    start_odoo()
    create_database(NAME)
    with environment(NAME, commit=True) as env:
        scale.staff(env, DOCTORS)
        env.flush_all()
        scale.fill(env.cr, DISCHARGES, DOCTORS, days=30, visits_each=1)
        env.cr.execute(YESTERDAY)
        env.cr.execute("ANALYZE hospital_encounter")
        scale.finish(env.cr, NAME)
    with environment(NAME) as env:
        cr = env.cr
        cr.execute("SELECT id FROM hospital_encounter ORDER BY id")
        ids = [encounter_id for (encounter_id,) in cr.fetchall()]
        generated = timed(cr, lambda: generate(env, ids))
        cr.execute("SELECT count(*) FROM hospital_followup_task")
        tasks = cr.fetchone()[0]
        repeated = timed(cr, lambda: generate(env, ids))
        cr.execute("CREATE TEMP TABLE finished AS SELECT * FROM hospital_followup_task")
        cr.execute("TRUNCATE hospital_followup_task CASCADE")
        bare = timed(cr, lambda: cr.execute("INSERT INTO hospital_followup_task SELECT * FROM finished"))
    subprocess.run(["dropdb", "--force", NAME], check=True)
    print_table(
        ["", "seconds", "tasks/s", "of the limit"],
        [
            ["bare INSERT ... SELECT (limit)", f"{bare:.1f}", f"{tasks / bare:,.0f}", "1.00"],
            [
                f"generation, {len(ids):,} discharges",
                f"{generated:.1f}",
                f"{tasks / generated:,.0f}",
                f"{bare / generated:.2f}",
            ],
            ["the same visits again", f"{repeated:.1f}", f"{len(ids) / repeated:,.0f} visits/s", ""],
        ],
    )
    return bare / generated >= AIM


if __name__ == "__main__":
    sys.exit(0 if main() else f"generation is below {AIM} of a bare INSERT ... SELECT")
