"""The past of the demonstration: workers and doctors called, so lists and figures are not empty.

Calls, results, ledger and cases are written in bulk, as the product would have written them one by one.
"""

from datetime import date, datetime, time, timedelta
from random import Random

from odoo.tools import SQL

from . import behaviour
from .hospital import DEPARTMENTS, LOW_DEPARTMENTS, POOR_DOCTOR

_WARD_DILIGENCE, _WARD_DILIGENCE_LOW, _CENTRAL_DILIGENCE = 0.86, 0.6, 0.97
_NOTES = {
    "good": (
        "恢复良好，按时服药，已告知复诊时间。",
        "一般情况好，饮食睡眠正常，无特殊不适。",
        "伤口愈合好，活动自如，表示感谢。",
    ),
    "fair": ("偶有不适，已指导用药与休息，嘱按时复诊。", "食欲一般，睡眠欠佳，已做健康宣教。"),
    "poor": ("症状较前加重，建议尽快来院复诊并已告知主管医师。", "血压控制不佳，嘱监测并门诊调整用药。"),
}
_WORDS = {
    "complaint": (
        "反映出院手续排队时间太长。",
        "认为病房夜间噪音大，休息不好。",
        "反映检查预约等待时间过长，解释不够。",
    ),
    "praise": ("表扬责任护士耐心细致。", "感谢主管医师医术好、态度好。", "表扬病区环境整洁、服务周到。"),
    "suggestion": ("建议增加食堂清淡菜品。", "建议延长探视时间。", "建议停车场增加指引标识。"),
}
_LOW = {DEPARTMENTS[key].code for key in LOW_DEPARTMENTS}


def play(env, since: date, today: date) -> int:
    """Work the tasks whose call would have been between these days; returns the number of calls."""
    tasks = _due(env, today)
    phones = _phones(env, {task["contact_id"] for task in tasks})
    earlier = _earlier(env, [task["id"] for task in tasks if task["attempt_count"]])
    workers = env["hospital.followup.worker"].search([]).user_id.ids
    until = datetime.combine(today, time())
    played = []
    for task in tasks:
        rng = Random(f"{task['visit']}/{task['mode']}/{task['due_date']}/{task['attempt_count']}")
        owner = task["user_id"] or (workers and rng.choice(workers) if task["mode"] != "ward" else None)
        if not owner or (not task["attempt_count"] and rng.random() > _diligence(task)):
            continue
        low = task["department"] in _LOW
        window = task["earliest_date"], task["due_date"], task["latest_date"]
        at = task["next_at"] or behaviour.first_call(rng, *window, low)
        if at.date() < since:
            continue
        course = behaviour.play(
            rng,
            at,
            until,
            phones.get(task["contact_id"], []),
            earlier.get(task["id"], []),
            task["max_attempts"],
            low=low,
            diligent=task["doctor"] != POOR_DOCTOR or task["mode"] != "ward",
        )
        if course.calls:
            played.append((task | {"user_id": owner}, course, rng))
    _write_calls(env, played)
    _write_results(env, played)
    _write_phones(env, played)
    _write_cases(env, played, today)
    env["hospital.followup.enrolment"]._settle(SQL("TRUE"))
    env.invalidate_all()
    return sum(len(course.calls) for _task, course, _rng in played)


def _diligence(task: dict) -> float:
    if task["mode"] != "ward":
        return _CENTRAL_DILIGENCE
    return _WARD_DILIGENCE_LOW if task["department"] in _LOW else _WARD_DILIGENCE


def _due(env, today: date) -> list[dict]:
    env.flush_all()
    env.cr.execute(
        """
        SELECT task.id, task.mode, task.user_id, task.contact_id, task.patient_id, task.encounter_id,
               task.department_id, task.earliest_date, task.due_date, task.latest_date, task.attempt_count,
               task.next_attempt_at AT TIME ZONE 'UTC' AT TIME ZONE company.hospital_tz AS next_at,
               plan.max_attempts, department.external_id AS department, doctor.staff_no AS doctor,
               encounter.external_id AS visit
          FROM hospital_followup_task task
          JOIN hospital_followup_plan plan ON plan.id = task.plan_id
          JOIN hospital_encounter encounter ON encounter.id = task.encounter_id
          JOIN res_company company ON company.id = %s
          LEFT JOIN hr_department department ON department.id = task.department_id
          LEFT JOIN hr_employee doctor ON doctor.id = encounter.attending_id
         WHERE task.state IN ('open', 'retry') AND task.earliest_date < %s AND task.claimed_until IS NULL
         ORDER BY task.due_date, task.id
        """,
        (env.company.id, today),
    )
    return env.cr.dictfetchall()


def _phones(env, contacts: set[int]) -> dict[int, list[tuple[int, str]]]:
    """Usable numbers of each person, the best first."""
    env.cr.execute(
        """SELECT patient_id, id, number FROM hospital_patient_phone
            WHERE patient_id = ANY(%s) AND state <> 'invalid' ORDER BY patient_id, is_best DESC, sequence, id""",
        (list(contacts),),
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for contact, line, number in env.cr.fetchall():
        found.setdefault(contact, []).append((line, number))
    return found


def _earlier(env, tasks: list[int]) -> dict[int, list[tuple[datetime, str]]]:
    attempts = env["hospital.followup.attempt"].search([("task_id", "in", tasks)], order="at, id")
    clock = env["res.company"]._to_hospital_clock
    found: dict[int, list[tuple[datetime, str]]] = {}
    for attempt in attempts:
        found.setdefault(attempt.task_id.id, []).append((clock(attempt.at), attempt.outcome))
    return found


def _write_calls(env, played: list) -> None:
    clock = env["res.company"]._from_hospital_clock
    ledger, attempts = [], []
    for task, course, _rng in played:
        for call in course.calls:
            who = {"at": clock(call.at), "user_id": task["user_id"], "channel": "call", "outcome": call.outcome}
            ledger.append(
                who
                | {
                    "patient_id": task["contact_id"],
                    "purpose": "followup",
                    "department_id": task["department_id"],
                    "res_model": "hospital.followup.task",
                    "res_id": task["id"],
                }
            )
            attempts.append(
                who
                | {
                    "task_id": task["id"],
                    "encounter_id": task["encounter_id"],
                    "patient_id": task["patient_id"],
                    "phone_id": call.phone,
                    "person": {"reached_patient": "patient", "reached_family": "other"}.get(call.outcome),
                }
            )
    entries = env["hospital.contact"].create(ledger)
    for attempt, entry in zip(attempts, entries, strict=True):
        attempt["contact_id"] = entry.id
    env["hospital.followup.attempt"].create(attempts)


def _write_results(env, played: list) -> None:
    clock = env["res.company"]._from_hospital_clock
    rows = []
    for task, course, rng in played:
        last = course.calls[-1]
        end = clock(last.at + timedelta(minutes=3)) if course.state else None
        rows.append(
            (
                task["id"],
                task["user_id"],
                course.state or "retry",
                len(course.calls),
                last.outcome,
                course.next_at and clock(course.next_at),
                course.condition,
                course.condition and rng.choice(_NOTES[course.condition]),
                end,
                end and task["user_id"],
                course.state == "done" and task["earliest_date"] <= last.at.date() <= task["latest_date"],
                course.lost_reason,
            )
        )
    env.cr.execute_values(
        """
        UPDATE hospital_followup_task task
           SET user_id = result.user_id, state = result.state, attempt_count = attempt_count + result.calls,
               last_outcome = result.outcome, next_attempt_at = result.next_at, condition = result.condition,
               note = result.note, done_at = result.done_at, done_by = result.done_by, in_time = result.in_time,
               lost_reason = result.lost_reason
          FROM (VALUES %s) AS result (id, user_id, state, calls, outcome, next_at, condition, note, done_at, done_by,
                                      in_time, lost_reason)
         WHERE task.id = result.id
        """,
        rows,
        template="(%s, %s, %s, %s, %s, %s::timestamp, %s, %s, %s::timestamp, %s::int, %s, %s)",
    )
    env.invalidate_all(flush=False)


def _write_phones(env, played: list) -> None:
    found: dict[str, set[int]] = {}
    for _task, course, _rng in played:
        for call in course.calls:
            if call.phone:
                found.setdefault(call.outcome, set()).add(call.phone)
    lines = env["hospital.patient.phone"]
    for outcome, reason in (
        ("empty_number", "empty_number"),
        ("suspended", "stopped"),
        ("wrong_person", "wrong_person"),
    ):
        lines.browse(found.get(outcome, set()))._mark_invalid(reason)
    reached = found.get("reached_patient", set()) | found.get("reached_family", set())
    lines.browse(reached).write({"state": "valid", "invalid_reason": False})


def _write_cases(env, played: list, today: date) -> None:
    """Complaints, praise and suggestions of the calls; the older ones are closed by now."""
    clock = env["res.company"]._from_hospital_clock
    heads = {department.id: department.manager_id.user_id.id for department in env["hr.department"].search([])}
    values, times = [], []
    for task, course, rng in played:
        if not course.case:
            continue
        at = course.calls[-1].at
        old = (today - at.date()).days > 6
        values.append(
            {
                "kind": course.case,
                "patient_id": task["patient_id"],
                "encounter_id": task["encounter_id"],
                "department_id": task["department_id"],
                "owner_id": heads.get(task["department_id"]),
                "reporter_id": task["user_id"],
                "description": rng.choice(_WORDS[course.case]),
                "state": "closed" if old else "new",
                "deadline": at.date() + timedelta(days=7) if course.case == "complaint" else False,
                "measures": "已向患者致歉并与科室沟通，科室已整改。" if old and course.case == "complaint" else False,
                "conclusion": "已电话回复患者，患者表示理解。" if old and course.case == "complaint" else False,
                "answered_at": clock(at + timedelta(days=2)) if old else False,
                "closed_at": clock(at + timedelta(days=3)) if old else False,
                "res_model": "hospital.followup.task",
                "res_id": task["id"],
            }
        )
        times.append(clock(at))
    quiet = {"tracking_disable": True, "mail_create_nolog": True}
    cases = env["hospital.case"].with_context(**quiet).create(values)
    env.flush_all()
    env.cr.execute(
        """UPDATE hospital_case SET create_date = told.at
             FROM unnest(%s::int[], %s::timestamp[]) AS told(id, at) WHERE hospital_case.id = told.id""",
        (cases.ids, times),
    )
