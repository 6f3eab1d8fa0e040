"""What is counted, and which count is divided by which: one definition for pivot, chart, sheet and totals.

Counts are conditions of SQL over ``task``, a row of hospital_followup_task that belongs to the
population; ``%(today)s`` is the hospital's day and ``%(zone)s`` its time zone. A rate is the share of
rows of its denominator that also meet its numerator, so an average over any rows is the exact rate.
"""

from collections.abc import Mapping

# Due by today and not withdrawn. What was found unnecessary is not due; what a person found so is counted apart,
# so that nobody improves a rate without a trace. A patient without a phone number stays in.
POPULATION = """task.due_date <= %(today)s AND task.state <> 'cancelled'
    AND (task.state <> 'not_needed' OR task.done_by IS NOT NULL)
    AND NOT EXISTS (SELECT FROM res_partner patient WHERE patient.id = task.patient_id AND patient.is_test_patient)"""

COHORT_DAYS = (7, 14, 30)

_OPEN = "task.state IN ('open', 'retry', 'in_progress')"
_HAS_NUMBER = """EXISTS (SELECT FROM hospital_patient_phone phone
    WHERE phone.patient_id = task.contact_id AND phone.state <> 'invalid')"""
# One row speaks for the whole follow-up of a visit: its earliest contact.
_FIRST = """NOT EXISTS (SELECT FROM hospital_followup_task earlier
    WHERE earlier.enrolment_id = task.enrolment_id AND earlier.state NOT IN ('not_needed', 'cancelled')
      AND (earlier.due_date, earlier.id) < (task.due_date, task.id))"""


def _cohort(days: int) -> str:
    """Select the visits of which so many days are over: before that the rate would only look low."""
    return f"task.discharge_date + {days} < %(today)s AND {_FIRST}"


def _success_within(days: int) -> str:
    return f"""EXISTS (SELECT FROM hospital_followup_task success
        WHERE success.enrolment_id = task.enrolment_id AND success.state = 'done'
          AND (success.done_at AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date <= task.discharge_date + {days})"""


# Condition of each count; of what counts only within another count, the condition it adds to that.
COUNTS = {
    "due_count": "task.state <> 'not_needed'",
    "not_needed_count": "task.state = 'not_needed'",
    "attempted_count": "(task.attempt_count > 0 OR task.state = 'done')",
    "reached_count": """EXISTS (SELECT FROM hospital_followup_attempt attempt WHERE attempt.task_id = task.id
        AND attempt.active AND attempt.outcome IN ('reached_patient', 'reached_family'))""",
    "done_count": "task.state = 'done'",
    "in_time_count": "task.in_time IS TRUE",
    "lost_count": "task.state = 'lost'",
    "refused_count": "task.state = 'refused'",
    "open_count": _OPEN,
    "overdue_count": "task.latest_date < %(today)s",
    "expired_count": "task.state = 'expired'",
    "with_number_count": _HAS_NUMBER,
    "reachable_done_count": "task.state = 'done'",
    **{f"day{days}_count": _cohort(days) for days in COHORT_DAYS},
    **{f"day{days}_done_count": _success_within(days) for days in COHORT_DAYS},
}
WITHIN = {
    "attempted_count": "due_count",
    "with_number_count": "due_count",
    **{f"day{days}_count": "due_count" for days in COHORT_DAYS},
    "reached_count": "attempted_count",
    "in_time_count": "done_count",
    "overdue_count": "open_count",
    "reachable_done_count": "with_number_count",
    **{f"day{days}_done_count": f"day{days}_count" for days in COHORT_DAYS},
}

RATES = {
    "followup_rate": ("done_count", "due_count"),
    "reachable_rate": ("reachable_done_count", "with_number_count"),
    "in_time_rate": ("in_time_count", "due_count"),
    "in_time_of_done_rate": ("in_time_count", "done_count"),
    "covered_rate": ("attempted_count", "due_count"),
    "reached_rate": ("reached_count", "attempted_count"),
    "lost_rate": ("lost_count", "due_count"),
    "refused_rate": ("refused_count", "due_count"),
    "with_number_rate": ("with_number_count", "due_count"),
    **{f"day{days}_rate": (f"day{days}_done_count", f"day{days}_count") for days in COHORT_DAYS},
}


def condition(count: str, given: str = "") -> str:
    """Return the condition of SQL that a row counts, on a row that meets the condition of ``given``.

    >>> condition("in_time_count")
    "task.state = 'done' AND task.in_time IS TRUE"
    >>> condition("in_time_count", given="done_count")
    'task.in_time IS TRUE'
    """
    whole = WITHIN.get(count)
    if whole is None or whole == given:
        return COUNTS[count]
    return f"{condition(whole, given)} AND {COUNTS[count]}"


def columns() -> str:
    """Return the columns of SQL: a count is 0 or 1, a rate 0 or 100 or, outside its denominator, NULL.

    >>> print(*(line for line in columns().splitlines() if "in_time_count" in line or "done_rate" in line), sep="\\n")
    (task.state = 'done' AND task.in_time IS TRUE)::int AS in_time_count,
    CASE WHEN task.state = 'done' THEN 100 * (task.in_time IS TRUE)::int END AS in_time_of_done_rate,
    """
    counts = [f"({condition(name)})::int AS {name}" for name in COUNTS]
    rates = [
        f"CASE WHEN {condition(whole)} THEN 100 * ({condition(part, given=whole)})::int END AS {name}"
        for name, (part, whole) in RATES.items()
    ]
    return ",\n".join(counts + rates)


def rate(part: int, whole: int) -> float | None:
    """Return a share in percent; of nothing there is none.

    >>> rate(3, 4), rate(0, 4), rate(0, 0)
    (75.0, 0.0, None)
    """
    return 100 * part / whole if whole else None


def rates(counts: Mapping[str, int]) -> dict[str, float | None]:
    """Return every rate whose counts are given.

    Ten contacts are due, six done; two patients have no valid number. They
    count as due all the same: only the rate among reachable patients leaves them out.

    >>> rates({"due_count": 10, "done_count": 6, "with_number_count": 8, "reachable_done_count": 6})
    {'followup_rate': 60.0, 'reachable_rate': 75.0, 'with_number_rate': 80.0}
    >>> rates({"day7_count": 0, "day7_done_count": 0})  # no visit is seven days old yet
    {'day7_rate': None}
    """
    return {
        name: rate(counts[part], counts[whole])
        for name, (part, whole) in RATES.items()
        if part in counts and whole in counts
    }
