"""Doubts about a patient's data, opened and closed as the rows come: for a person to look at, never to drop a row."""

# pylint: disable=sql-injection
# Statements are put together from the constants of this file, never from what a HIS sent.

from . import issues
from .loader import Loader

PHONE_ISSUES = ("no_phone", "phone_invalid", "phone_placeholder", "landline_only")
IDENTITY_ISSUES = ("id_checksum", "gender_mismatch", "birth_mismatch")

# A number that more patients than this give is a clerk's or a ward's, not theirs.
SHARED = 5


class PatientIssues(Loader):
    """The part of the patients' loader that keeps ``hospital.quality.issue``."""

    def _issues(self):
        """After the batch's patients and numbers are written: open what is doubtful, close what no longer is."""
        managed = list(PHONE_ISSUES if "phones" in self.names else ())
        managed += IDENTITY_ISSUES if "id_number" in self.names else ()
        managed += ("birth_impossible",) if "birth_date" in self.names else ()
        self.cr.execute(
            """UPDATE hospital_quality_issue issue SET state = 'resolved', resolved_at = now() AT TIME ZONE 'UTC'
                 FROM his_stage stage
                WHERE NOT stage.is_new AND issue.patient_id = stage.res_id AND issue.state = 'open'
                  AND issue.kind = ANY(%s) AND NOT stage.issues ? issue.kind""",
            [managed],
        )
        issues.open_all(
            self.cr,
            """SELECT stage.res_id, issue.key, NULLIF(issue.value, '')
                 FROM his_stage stage CROSS JOIN LATERAL jsonb_each_text(stage.issues) AS issue
                     ORDER BY stage.line, 2""",
        )
        if "phones" in self.names:
            issues.open_all(
                self.cr,
                f"""SELECT DISTINCT ON (phone.patient_id) phone.patient_id, 'phone_shared', phone.number_masked
                      FROM (SELECT number FROM hospital_patient_phone
                             WHERE number IN (SELECT given.value->>'number'
                                                FROM his_stage stage,
                                                    jsonb_array_elements(stage.phones) AS given (value)
                                               WHERE given.value->>'reason' IS NULL)
                             GROUP BY number HAVING count(*) > {SHARED}) shared
                      JOIN hospital_patient_phone phone USING (number)
                     ORDER BY phone.patient_id, phone.sequence""",
            )
        self._contradicted_deaths()
        self._duplicates()

    def _contradicted_deaths(self):
        """Nobody rises from the dead by a feed; but a person should look whether the HIS or we are wrong."""
        alive = [
            condition
            for name, condition in (
                ("deceased", "stage.deceased IS FALSE"),
                ("deceased_at", "stage.deceased_at IS NULL"),
            )
            if name in self.names
        ]
        if not alive:
            return
        contradicted = f"patient.deceased AND {' AND '.join(alive)} AND NOT {issues.died_in_stay('patient.id')}"
        self._resolve("death_contradicted", f"NOT ({contradicted})")
        issues.open_all(
            self.cr,
            f"""SELECT stage.res_id, 'death_contradicted', to_char(patient.deceased_at, 'YYYY-MM-DD')
                  FROM his_stage stage JOIN res_partner patient ON patient.id = stage.res_id
                 WHERE NOT stage.is_new AND {contradicted} ORDER BY stage.line""",
        )

    def _resolve(self, kind: str, condition: str) -> None:
        """Close this kind of issue of the batch's patients; ``condition`` is SQL over ``patient`` and ``stage``."""
        issues.resolve(
            self.cr,
            kind,
            f"""SELECT patient.id FROM his_stage stage JOIN res_partner patient ON patient.id = stage.res_id
                 WHERE NOT stage.is_new AND {condition}""",
        )

    def _unshare(self):
        self.cr.execute(
            f"""UPDATE hospital_quality_issue issue SET state = 'resolved', resolved_at = now() AT TIME ZONE 'UTC'
                 FROM res_partner patient
                WHERE issue.state = 'open' AND issue.kind = 'phone_shared' AND patient.id = issue.patient_id
                  AND patient.source_id = %s
                  AND NOT EXISTS (
                      SELECT 1 FROM hospital_patient_phone own
                       WHERE own.patient_id = patient.id
                         AND COALESCE(own.invalid_reason, '') NOT IN ('format', 'placeholder')
                         AND (SELECT count(*) FROM hospital_patient_phone phone
                               WHERE phone.number = own.number) > {SHARED})""",
            [self.source_id],
        )

    def _duplicates(self):
        document = "twin.id_number = partner.id_number AND partner.id_type <> 'none'"
        person = """twin.birth_date = partner.birth_date AND twin.name = partner.name
                    AND twin.gender IS NOT DISTINCT FROM partner.gender
                    AND (twin.id_number IS NULL OR partner.id_number IS NULL)"""
        # OFFSET 0: look each up by its index; a table that this run fills is empty to the planner.
        pairs = " UNION ".join(
            f"""SELECT partner.id, twin.id
                  FROM his_stage stage JOIN res_partner partner ON partner.id = stage.res_id
                 CROSS JOIN LATERAL (SELECT twin.id FROM res_partner twin
                                      WHERE {same} AND twin.is_patient AND twin.active AND twin.id <> partner.id
                                        AND twin.merged_into_id IS NULL OFFSET 0) twin
                 WHERE partner.active AND partner.merged_into_id IS NULL"""
            for same in (document, person)
        )
        self.cr.execute(
            f"""CREATE TEMP TABLE IF NOT EXISTS his_twin (id int, twin_id int) ON COMMIT DROP;
                TRUNCATE his_twin;
                INSERT INTO his_twin {pairs}"""
        )
        issues.open_all(
            self.cr,
            """SELECT DISTINCT ON (pair.id) pair.id, 'possible_duplicate', other.patient_no
                 FROM (SELECT id, twin_id FROM his_twin UNION SELECT twin_id, id FROM his_twin) pair
                 JOIN res_partner other ON other.id = pair.twin_id ORDER BY pair.id, other.id""",
        )
        self._resolve("possible_duplicate", "NOT EXISTS (SELECT 1 FROM his_twin pair WHERE pair.id = patient.id)")
