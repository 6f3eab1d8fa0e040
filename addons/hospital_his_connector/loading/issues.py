"""Data quality issues: opened, closed, and who is to put them right."""

# pylint: disable=sql-injection
# Statements are put together from the constants of this folder, never from what a HIS sent.


def open_all(cr, rows: str) -> None:
    """Open what ``rows`` selects (patient, kind, detail), once each."""
    cr.execute(
        f"""INSERT INTO hospital_quality_issue AS old
                   (patient_id, kind, detail, state, found_at, create_date, write_date)
            SELECT found.patient_id, found.kind, found.detail, 'open', stamp, stamp, stamp
              FROM ({rows}) AS found (patient_id, kind, detail), (SELECT now() AT TIME ZONE 'UTC') AS clock (stamp)
            ON CONFLICT (patient_id, kind) WHERE state = 'open' DO UPDATE
               SET detail = excluded.detail WHERE old.detail IS DISTINCT FROM excluded.detail
         RETURNING patient_id"""
    )
    place(cr, [patient_id for (patient_id,) in cr.fetchall()])


def resolve(cr, kind: str, patients: str) -> None:
    """Close this kind of issue of the patients that ``patients`` selects."""
    cr.execute(
        f"""UPDATE hospital_quality_issue issue SET state = 'resolved', resolved_at = now() AT TIME ZONE 'UTC'
              FROM ({patients}) AS good (patient_id)
             WHERE issue.patient_id = good.patient_id AND issue.state = 'open' AND issue.kind = %s""",
        [kind],
    )


def died_in_stay(patient: str) -> str:
    """Whether a front page tells of the death. OFFSET 0: looked up by the index, however few rows there seem."""
    return f"""EXISTS (SELECT 1 FROM hospital_encounter stay
                        WHERE stay.patient_id = {patient} AND stay.disposition = '5' OFFSET 0)"""


def place(cr, patients: list[int]) -> None:
    """An open issue belongs to the department where the patient was first registered, once that is known."""
    cr.execute(
        """UPDATE hospital_quality_issue issue SET department_id = visit.department_id
             FROM (SELECT DISTINCT ON (patient_id) patient_id, department_id FROM hospital_encounter
                    WHERE patient_id = ANY(%s) AND department_id IS NOT NULL
                    ORDER BY patient_id, admitted_at, id) visit
            WHERE issue.patient_id = visit.patient_id AND issue.state = 'open' AND issue.department_id IS NULL""",
        [patients],
    )
