"""A hospital of any size, written by SQL: patients, phones, visits, follow-up tasks.

Every value follows from the row's number by a hash, so that each build gives the same database.
"""

import subprocess
from contextlib import contextmanager

from odoo.fields import Command

DEPARTMENTS = 40
HEAD_DEPARTMENTS = 3
AGENTS = 20
COMMON, RARE, RARE_EVERY = "王", "鑱", 20_000
SURNAMES = COMMON * 8 + (
    "李李李李李李李张张张张张张张刘刘刘刘刘陈陈陈陈杨杨杨黄黄赵赵吴吴周周徐孙马朱胡郭何高林罗郑"
    "梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦方"
    "白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英华玉萍红建国文志梅鹏波宇浩凯雪琳晓东海燕春"
    "生永福德成荣光辉龙飞云凤珍玲婷慧欣怡佳俊博思远子涵梓轩雨泽一诺浩然欣妍诗琪宇航嘉怡天佑可馨"
    "若曦景行立新家栋振宏少卿世昌延庆润芝"
)
# As measured for docs/architecture.md: without them the planner takes a scan for cheaper than an index.
SETTINGS = {
    "random_page_cost": "1.1",
    "work_mem": "'32MB'",
    "effective_cache_size": "'12GB'",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}


def exists(name):
    """Whether ``name`` is there and its building came to its end."""
    found = subprocess.run(
        [
            "psql",
            "-d",
            "postgres",
            "-Atc",
            f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{name}'",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return found.stdout.strip() == "complete"


def finish(cr, name):
    for setting, value in SETTINGS.items():
        cr.execute(f'ALTER DATABASE "{name}" SET {setting} = {value}')
    cr.execute(f"COMMENT ON DATABASE \"{name}\" IS 'complete'")


def staff(env, doctors):
    """Departments and accounts, by the ORM: doctors evenly over the departments, a head of three, agents."""
    quiet = {"no_reset_password": True, "tracking_disable": True, "mail_create_nosubscribe": True}
    env = env(context=dict(env.context, **quiet))
    departments = env["hr.department"].create([{"name": f"科室{n:02}", "kind": "clinical"} for n in range(DEPARTMENTS)])
    env["hr.department"].create([{"name": f"病区{n:02}", "kind": "ward"} for n in range(DEPARTMENTS)])
    roles = {
        "doctor": doctors,
        "nurse": DEPARTMENTS,
        "agent": AGENTS,
        "head": 1,
        "functional": 1,
        "supervisor": 1,
        "staff": 1,
    }
    for role, number in roles.items():
        group = env.ref(f"hospital_base.group_{role}")
        users = env["res.users"].create(
            [
                {"name": f"{role}{n}", "login": f"{role}{n}", "group_ids": [Command.link(group.id)]}
                for n in range(number)
            ]
        )
        env["hr.employee"].create(
            [
                {
                    "name": user.name,
                    "user_id": user.id,
                    "staff_no": user.login,
                    "department_id": departments[n % DEPARTMENTS].id,
                }
                for n, user in enumerate(users)
            ]
        )
        if role == "head":
            env["hospital.scope"].create(
                {
                    "user_id": users.id,
                    "kind": "head",
                    "department_ids": [Command.set(departments[:HEAD_DEPARTMENTS].ids)],
                }
            )


@contextmanager
def without_indexes(cr, *tables):
    """Fill first, index after: the tables' indexes and foreign keys are taken off and made again.

    The foreign keys are not checked for what is there: it was written so.
    """
    cr.execute(
        """
        SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
               format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s NOT VALID', conrelid::regclass, conname,
               pg_get_constraintdef(oid))
          FROM pg_constraint WHERE conrelid = ANY(%(tables)s::regclass[]) AND contype = 'f'
         UNION ALL
        SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
          FROM pg_index WHERE indrelid = ANY(%(tables)s::regclass[]) AND NOT indisprimary
        """,
        {"tables": list(tables)},
    )
    drops, makes = zip(*cr.fetchall(), strict=True)
    for statement in drops:
        cr.execute(statement)
    yield
    cr.execute("SET LOCAL maintenance_work_mem = '512MB'")
    for statement in reversed(makes):
        cr.execute(statement)


def fill(cr, patients, doctors, days, visits_each=3):
    """Patients, their phones and ``visits_each`` visits in the last ``days``, most of them in one department."""
    values = {
        "patients": patients,
        "visits": visits_each,
        "departments": DEPARTMENTS,
        "doctors": doctors,
        "minutes": days * 1440,
        "surnames": SURNAMES,
        "given": GIVEN,
        "rare": RARE,
        "rare_every": RARE_EVERY,
    }
    with without_indexes(cr, "res_partner", "hospital_encounter", "hospital_patient_phone"):
        cr.execute("SELECT setval('res_partner_id_seq', GREATEST(nextval('res_partner_id_seq'), 10000))")
        cr.execute("SELECT last_value FROM res_partner_id_seq")
        values["first"] = cr.fetchone()[0] + 1
        cr.execute(ENCOUNTERS, values)
        cr.execute(PATIENTS, values)
        cr.execute("SELECT setval('res_partner_id_seq', %(first)s + %(patients)s + 1)", values)
        cr.execute(PHONES, values)
        cr.execute(ORDINARY)
    cr.execute("ANALYZE")


def fill_tasks(env, tasks):
    values = {
        "tasks": tasks,
        "central_point": env.ref("hospital_followup.plan_general").point_ids[0].id,
        "ward_point": env.ref("hospital_followup.plan_ward").point_ids[0].id,
    }
    with without_indexes(env.cr, "hospital_followup_enrolment", "hospital_followup_task"):
        env.cr.execute(TASKS, values)
    env.cr.execute("ANALYZE hospital_followup_enrolment, hospital_followup_task")


def draw(row, purpose, limit):
    """SQL of a number below ``limit`` that looks random: a hash of the row and the purpose."""
    return f"mod(hashint8(({row})::bigint * 64 + {purpose}) & 2147483647, {limit})"


ENCOUNTERS = f"""
    CREATE TEMP TABLE doctor ON COMMIT DROP AS
        SELECT row_number() OVER (PARTITION BY version.department_id ORDER BY employee.id) - 1 AS place,
               dense_rank() OVER (ORDER BY version.department_id) - 1 AS department,
               employee.id AS employee_id, employee.user_id, version.department_id
          FROM hr_employee employee
          JOIN hr_version version ON version.id = employee.current_version_id
          JOIN res_users account ON account.id = employee.user_id
         WHERE account.login LIKE 'doctor%%';
    CREATE TEMP TABLE ward ON COMMIT DROP AS
        SELECT id, row_number() OVER (ORDER BY id) - 1 AS department FROM hr_department WHERE kind = 'ward';
    INSERT INTO hospital_encounter
           (patient_id, encounter_class, state, admitted_at, discharged_at, discharge_date, length_of_stay,
            medical_record_no, admission_no, department_id, ward_id, attending_id, attending_user_id, disposition,
            diagnosis_code, diagnosis_name, external_id, create_uid, write_uid, create_date, write_date)
    SELECT drawn.patient_id, drawn.encounter_class,
           CASE WHEN drawn.discharged_at > now() THEN 'in_progress' ELSE 'finished' END,
           drawn.admitted_at, CASE WHEN drawn.discharged_at <= now() THEN drawn.discharged_at END,
           CASE WHEN drawn.discharged_at <= now() THEN (drawn.discharged_at + interval '8 hours')::date END,
           drawn.stay, 'B' || drawn.patient_id, drawn.visit + 1, doctor.department_id,
           CASE WHEN drawn.encounter_class = 'inpatient' THEN ward.id END, doctor.employee_id, doctor.user_id,
           CASE WHEN drawn.encounter_class = 'inpatient' THEN '1' END,
           'I' || 10 + {draw("drawn.row", 8, 80)} || '.9', '诊断' || {draw("drawn.row", 8, 80)},
           'E' || drawn.row, 1, 1, now(), now()
      FROM (
            SELECT numbered.*, now_utc - minutes_ago * interval '1 minute' AS admitted_at,
                   CASE WHEN encounter_class = 'inpatient'
                        THEN now_utc - (minutes_ago - stay * 1440 - 300) * interval '1 minute' END AS discharged_at
              FROM (
                    SELECT patient * %(visits)s + visit AS row, %(first)s + patient AS patient_id, visit,
                           date_trunc('minute', now() AT TIME ZONE 'UTC') AS now_utc,
                           {draw("patient * 7 + visit", 1, "%(minutes)s")} AS minutes_ago,
                           CASE WHEN {draw("patient * 7 + visit", 2, 100)} < 20 THEN 'inpatient'
                                WHEN {draw("patient * 7 + visit", 2, 100)} < 95 THEN 'outpatient'
                                ELSE 'emergency' END AS encounter_class,
                           2 + {draw("patient * 7 + visit", 3, 12)} AS stay,
                           CASE WHEN visit < 2 THEN {draw("patient", 4, "%(departments)s")}
                                ELSE {draw("patient * 7 + visit", 5, "%(departments)s")} END AS department,
                           {draw("patient * 7 + visit", 6, "(%(doctors)s / %(departments)s)")} AS place
                      FROM generate_series(0, %(patients)s - 1) AS patient, generate_series(0, %(visits)s - 1) AS visit
                   ) AS numbered
           ) AS drawn
      JOIN doctor USING (department, place)
      JOIN ward USING (department)
"""

PATIENTS = f"""
    INSERT INTO res_partner
           (id, commercial_partner_id, name, complete_name, type, active, partner_share, is_company, lang, is_patient,
            patient_no, gender, birth_date, id_type, id_number, id_number_masked, phone_masked, consent, external_id,
            care_keys, last_visit_at, create_uid, write_uid, create_date, write_date)
    SELECT id, id, name, name, 'contact', true, true, false, 'zh_CN', true,
           'P' || lpad(id::text, 9, '0'), CASE WHEN mod(id, 2) = 0 THEN 'female' ELSE 'male' END, birth_date,
           'id_card',
           id_number, left(id_number, 3) || '***********' || right(id_number, 4),
           left(number, 3) || '****' || right(number, 4), 'unknown', 'P' || id,
           care.keys, care.last_visit_at, 1, 1, now(), now()
      FROM (
            SELECT %(first)s + patient AS id, date '1936-01-01' + {draw("patient", 11, 32000)} AS birth_date,
                   substr(%(surnames)s, 1 + {draw("patient", 12, f"{len(SURNAMES)}")}, 1)
                   || CASE WHEN mod(patient, %(rare_every)s) = 17 THEN %(rare)s
                           ELSE substr(%(given)s, 1 + {draw("patient", 13, f"{len(GIVEN)}")}, 1) END
                   || CASE WHEN mod(patient, 3) = 0 THEN ''
                           ELSE substr(%(given)s, 1 + {draw("patient", 14, f"{len(GIVEN)}")}, 1) END AS name,
                   '990000' || to_char(date '1936-01-01' + {draw("patient", 11, 32000)}, 'YYYYMMDD')
                   || lpad({draw("patient", 15, 10000)}::text, 4, '0') AS id_number,
                   '1' || lpad((3000000000 + {draw("patient", 16, 2147483647)} * 3::bigint)::text, 10, '0') AS number
              FROM generate_series(0, %(patients)s - 1) AS patient
           ) AS drawn
      JOIN (
            SELECT visit.patient_id, max(visit.at) AS last_visit_at,
                   array_agg(DISTINCT key ORDER BY key) FILTER (WHERE key IS NOT NULL) AS keys
              FROM (SELECT patient_id, COALESCE(discharged_at, admitted_at) AS at, attending_user_id,
                           -department_id AS department,
                           CASE WHEN discharged_at IS NULL OR discharged_at > now() - interval '90 days'
                                THEN -ward_id END AS ward
                      FROM hospital_encounter) AS visit
                   CROSS JOIN LATERAL (VALUES (attending_user_id), (department), (ward)) AS entry(key)
             GROUP BY visit.patient_id
           ) AS care ON care.patient_id = drawn.id
"""

# One mobile each, every tenth patient another one.
PHONES = f"""
    INSERT INTO hospital_patient_phone
           (patient_id, number, number_masked, kind, relation, state, is_best, sequence, create_uid, write_uid,
           create_date, write_date)
    SELECT patient_id, number, left(number, 3) || '****' || right(number, 4), 'mobile', 'self', 'unverified',
    place = 0, 10 + place,
           1, 1, now(), now()
      FROM (
            SELECT %(first)s + patient AS patient_id, place,
                   '1' || lpad((3000000000 + {draw("patient", "(16 + place)", 2147483647)} * 3::bigint)::text,
                   10, '0') AS number
              FROM generate_series(0, %(patients)s - 1) AS patient, generate_series(0, 1) AS place
             WHERE place = 0 OR mod(patient, 10) = 3
           ) AS drawn
"""

# A task on every second stay for the centre's workers, on the others for the treating doctor.
TASKS = f"""
    CREATE TEMP TABLE agent ON COMMIT DROP AS
        SELECT id AS user_id, row_number() OVER (ORDER BY id) - 1 AS place FROM res_users WHERE login LIKE 'agent%%';
    CREATE TEMP TABLE task ON COMMIT DROP AS
        SELECT nextval('hospital_followup_enrolment_id_seq') AS enrolment_id, stay.*, point.id AS point_id,
        point.plan_id,
               stay.discharge_date + point.earliest_day AS earliest_date,
               stay.discharge_date + point.due_day AS due_date,
               stay.discharge_date + point.latest_day AS latest_date,
               CASE WHEN stay.mode = 'ward' THEN stay.attending_user_id ELSE agent.user_id END AS user_id
          FROM (SELECT id AS encounter_id, patient_id, department_id, ward_id, attending_user_id, discharge_date,
                       CASE WHEN mod(id, 2) = 0 THEN 'central' ELSE 'ward' END AS mode
                  FROM hospital_encounter WHERE discharge_date IS NOT NULL
                 ORDER BY discharge_date DESC, id LIMIT %(tasks)s) AS stay
          JOIN hospital_followup_plan_point point
            ON point.id = CASE WHEN stay.mode = 'central' THEN %(central_point)s ELSE %(ward_point)s END
          JOIN agent ON agent.place = {draw("stay.encounter_id", 20, AGENTS)};
    INSERT INTO hospital_followup_enrolment (id, encounter_id, patient_id, plan_id, mode, state, create_uid,
    write_uid, create_date, write_date)
        SELECT enrolment_id, encounter_id, patient_id, plan_id, mode,
               CASE WHEN latest_date < current_date THEN 'done' ELSE 'waiting' END, 1, 1, now(), now() FROM task;
    INSERT INTO hospital_followup_task
           (enrolment_id, point_id, plan_id, encounter_id, patient_id, contact_id, mode, department_id,
           ward_id, attending_user_id,
            user_id, discharge_date, earliest_date, due_date, latest_date, state, priority, attempt_count,
            last_outcome,
            done_at, done_by, in_time, create_uid, write_uid, create_date, write_date)
    SELECT enrolment_id, point_id, plan_id, encounter_id, patient_id, patient_id, mode, department_id, ward_id,
    attending_user_id,
           user_id, discharge_date, earliest_date, due_date, latest_date,
           CASE WHEN finished THEN 'done' ELSE 'open' END, '0',
           finished::int, CASE WHEN finished THEN 'reached_patient' END,
           CASE WHEN finished THEN due_date + time '02:00' END,
           CASE WHEN finished THEN user_id END, CASE WHEN finished THEN true END, 1, 1, now(), now()
      FROM (SELECT task.*, latest_date < current_date AS finished FROM task) AS drawn
"""

# The address book that Odoo's own pickers are for.
ORDINARY = """
    INSERT INTO res_partner (id, commercial_partner_id, name, complete_name, type, active, partner_share,
    is_company, lang, email, email_normalized,
                             create_uid, write_uid, create_date, write_date)
    SELECT id, id, name, name, 'contact', true, true, true, 'zh_CN', 'p' || n || '@example.org',
    'p' || n || '@example.org', 1, 1, now(), now()
      FROM (SELECT nextval('res_partner_id_seq') AS id, n, '供应商' || n AS name FROM generate_series(1,
      2001) AS n) AS drawn
"""
