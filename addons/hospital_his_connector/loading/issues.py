"""Data quality issues: who is to put them right."""


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
