from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .hospital_followup_task import OPEN_STATES

BATCH = 5000
# How far back the nightly safety net looks; the data exchange itself reports every change.
NET_DAYS = {"inpatient": 45, "outpatient": 7, "emergency": 7}
# Ends that say "this never was a task", against those that say "this patient needs none".
CANCELLED_BY = ("discharge_cancelled", "test_patient", "no_rule", "replaced", "paused", "duplicate", "mistake")


class HospitalFollowupTaskReconcile(models.Model):
    """Generation of tasks as reconciliation: bring follow-ups into line with the visits, whatever happened to them.

    Every statement computes the state that should be and changes what differs from it. So a visit
    sent twice changes nothing, an interrupted run is completed by the next one, and no event needs
    a path of its own.

    ``LATERAL ... OFFSET 0`` makes PostgreSQL look tasks up by the visits' ids, and what differs is
    materialized before it is joined again: a table that grows within the transaction has no
    statistics yet, and the planner would read all of it per batch.
    """

    _inherit = "hospital.followup.task"

    @api.model
    def _reconcile(self, encounters):
        """Bring enrolments and tasks of ``encounters`` into line with them; set-based, idempotent, no commit."""
        self.env.flush_all()
        ids = self._affected_ids(encounters.ids)
        if not ids:
            return
        enrolments = self.env["hospital.followup.enrolment"]
        enrolments._enrol(ids)
        if not (ids := enrolments._followed(ids)):
            return
        enrolments._end_unmatched(ids)
        episode = self._episode(ids)
        enrolments._follow_exclusions(episode)
        enrolments._follow_merges(ids)
        self._correct_tasks(episode)
        self._insert_tasks(episode)
        enrolments._settle(SQL("enrolment.encounter_id = ANY(%s)", ids))
        self.env.invalidate_all()

    @api.model
    def _affected_ids(self, ids):
        """Add the patients' other followed-up visits: a new admission ends the follow-up of the last one."""
        if not ids:
            return []
        rows = self.env.execute_query(
            SQL(
                """SELECT unnest(%(ids)s) UNION
                   SELECT enrolment.encounter_id FROM hospital_encounter encounter
                     JOIN hospital_followup_enrolment enrolment ON enrolment.patient_id = encounter.patient_id
                    WHERE encounter.id = ANY(%(ids)s)""",
                ids=list(ids),
            )
        )
        return [encounter_id for (encounter_id,) in rows]

    @api.model
    def _episode(self, ids):
        """Return a query with one row per visit: everything about it that a task repeats or obeys."""
        return SQL(
            """
            SELECT encounter.id AS encounter_id, encounter.patient_id,
                   COALESCE(patient.mother_id, patient.id) AS contact_id,
                   encounter.department_id, encounter.ward_id, encounter.attending_user_id,
                   CASE WHEN encounter.encounter_class = 'inpatient' THEN encounter.discharge_date
                        ELSE (encounter.admitted_at AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date END AS ended_on,
                   CASE WHEN attending.active AND doctor.active THEN attending.id
                        WHEN nurse.active AND carer.active THEN nurse.id
                        WHEN substitute.active AND stand_in.active THEN substitute.id END AS ward_owner_id,
                   CASE WHEN encounter.state <> 'finished'
                             OR (encounter.encounter_class = 'inpatient' AND encounter.discharge_date IS NULL)
                            THEN 'discharge_cancelled'
                        WHEN patient.deceased OR encounter.disposition = '5' THEN 'death'
                        WHEN patient.is_test_patient THEN 'test_patient'
                        WHEN patient.do_not_contact OR patient.consent = 'withdrawn'
                             OR EXISTS (SELECT FROM hospital_contact_refusal refusal
                                         WHERE refusal.patient_id = patient.id AND refusal.purpose = 'followup')
                            THEN 'do_not_contact' END AS exclusion,
                   CASE WHEN encounter.encounter_class = 'inpatient' THEN
                       (SELECT min((later.admitted_at AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date)
                          FROM hospital_encounter later
                         WHERE later.patient_id = encounter.patient_id AND later.id <> encounter.id
                           AND later.encounter_class = 'inpatient' AND later.state <> 'cancelled'
                           AND later.admitted_at >= encounter.discharged_at) END AS readmitted_on
              FROM hospital_encounter encounter
              JOIN res_partner patient ON patient.id = encounter.patient_id
              LEFT JOIN res_users attending ON attending.id = encounter.attending_user_id
              LEFT JOIN hr_employee doctor ON doctor.id = encounter.attending_id
              LEFT JOIN res_users nurse ON nurse.id = encounter.nurse_user_id
              LEFT JOIN hr_employee carer ON carer.id = encounter.nurse_id
              LEFT JOIN hr_department department ON department.id = encounter.department_id
              LEFT JOIN hr_employee stand_in ON stand_in.id = department.followup_substitute_id
              LEFT JOIN res_users substitute ON substitute.id = stand_in.user_id
             WHERE encounter.id = ANY(%(ids)s)
            """,
            ids=ids,
            zone=self.env.company.hospital_tz,
        )

    @api.model
    def _correct_tasks(self, episode):
        """Move, close or reopen tasks: what a person has closed stays closed, what was worked on stays.

        What has expired is taken up again when a later discharge gives it time to be done.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH episode AS MATERIALIZED (%(episode)s), goal AS MATERIALIZED (
                    SELECT task.id, wanted.*
                      FROM episode
                     CROSS JOIN LATERAL (SELECT * FROM hospital_followup_task
                                          WHERE encounter_id = episode.encounter_id OFFSET 0) task
                     CROSS JOIN LATERAL (SELECT * FROM hospital_followup_enrolment
                                          WHERE id = task.enrolment_id OFFSET 0) enrolment
                      JOIN hospital_followup_plan plan ON plan.id = task.plan_id
                      LEFT JOIN hospital_followup_plan_point point ON point.id = task.point_id
                     CROSS JOIN LATERAL (
                         SELECT CASE WHEN enrolment.state = 'terminated' THEN enrolment.reason
                                     WHEN enrolment.state = 'paused' THEN 'paused'
                                     WHEN episode.readmitted_on
                                          <= COALESCE(episode.ended_on + point.due_day, task.due_date) THEN 'readmitted'
                                     WHEN (point.plan_id <> enrolment.plan_id OR NOT point.active)
                                          AND task.attempt_count = 0 AND task.state <> 'in_progress' THEN 'replaced'
                                END AS stop) verdict
                     CROSS JOIN LATERAL (
                         SELECT task.done_by IS NULL
                                AND (task.state IN ('open', 'retry', 'in_progress', 'cancelled', 'not_needed')
                                     OR (task.state = 'expired' AND stop IS NULL AND episode.exclusion IS NULL
                                         AND episode.ended_on + point.latest_day + plan.grace_days >= %(today)s))
                                AS movable) may
                     CROSS JOIN LATERAL (
                         SELECT episode.patient_id, episode.contact_id, episode.department_id, episode.ward_id,
                                episode.attending_user_id,
                                COALESCE(episode.ended_on, task.discharge_date) AS ended_on,
                                CASE WHEN NOT movable THEN task.state
                                     WHEN stop = ANY(%(cancelled_by)s) THEN 'cancelled'
                                     WHEN stop IS NOT NULL THEN 'not_needed'
                                     WHEN task.state = ANY(%(open)s) THEN task.state
                                     WHEN task.attempt_count > 0 THEN 'retry' ELSE 'open' END AS state,
                                CASE WHEN movable THEN stop ELSE task.close_reason END AS close_reason,
                                COALESCE(CASE WHEN movable THEN episode.ended_on + point.earliest_day END,
                                         task.earliest_date) AS earliest_date,
                                COALESCE(CASE WHEN movable THEN episode.ended_on + point.due_day END,
                                         task.due_date) AS due_date,
                                COALESCE(CASE WHEN movable THEN episode.ended_on + point.latest_day END,
                                         task.latest_date) AS latest_date,
                                CASE WHEN movable AND task.mode = 'ward' AND task.reassigned IS NOT TRUE
                                     THEN episode.ward_owner_id ELSE task.user_id END AS user_id) wanted
                     WHERE (task.patient_id, task.contact_id, task.department_id, task.ward_id, task.attending_user_id,
                            task.discharge_date, task.state, task.close_reason, task.earliest_date, task.due_date,
                            task.latest_date, task.user_id)
                           IS DISTINCT FROM
                           (wanted.patient_id, wanted.contact_id, wanted.department_id, wanted.ward_id,
                            wanted.attending_user_id, wanted.ended_on, wanted.state, wanted.close_reason,
                            wanted.earliest_date, wanted.due_date, wanted.latest_date, wanted.user_id)
                )
                UPDATE hospital_followup_task task
                   SET patient_id = goal.patient_id, contact_id = goal.contact_id, department_id = goal.department_id,
                       ward_id = goal.ward_id, attending_user_id = goal.attending_user_id,
                       discharge_date = goal.ended_on, state = goal.state, close_reason = goal.close_reason,
                       earliest_date = goal.earliest_date, due_date = goal.due_date, latest_date = goal.latest_date,
                       user_id = goal.user_id, write_date = %(now)s
                  FROM goal
                 WHERE goal.id = task.id
                """,
                episode=episode,
                open=list(OPEN_STATES),
                cancelled_by=list(CANCELLED_BY),
                today=self._today(),
                now=fields.Datetime.now(),
            )
        )

    @api.model
    def _insert_tasks(self, episode):
        """Add the contacts that are missing.

        Left out: what would expire at birth, what a readmission overtakes, and the point whose
        contact was already made under another plan (the nearest one whose window overlaps).
        """
        self.env.cr.execute(
            SQL(
                """
                WITH episode AS MATERIALIZED (%(episode)s)
                INSERT INTO hospital_followup_task
                       (enrolment_id, point_id, plan_id, encounter_id, patient_id, contact_id, mode, department_id,
                        ward_id, attending_user_id, user_id, discharge_date, earliest_date, due_date, latest_date,
                        state, priority, attempt_count, create_uid, write_uid, create_date, write_date)
                SELECT enrolment.id, point.id, plan.id, episode.encounter_id, episode.patient_id, episode.contact_id,
                       enrolment.mode, episode.department_id, episode.ward_id, episode.attending_user_id,
                       CASE WHEN enrolment.mode = 'ward' THEN episode.ward_owner_id END, episode.ended_on,
                       episode.ended_on + point.earliest_day, episode.ended_on + point.due_day,
                       episode.ended_on + point.latest_day, 'open', plan.priority, 0,
                       %(uid)s, %(uid)s, %(now)s, %(now)s
                  FROM episode
                 CROSS JOIN LATERAL (SELECT * FROM hospital_followup_enrolment
                                      WHERE encounter_id = episode.encounter_id OFFSET 0) enrolment
                  JOIN hospital_followup_plan plan ON plan.id = enrolment.plan_id
                  JOIN hospital_followup_plan_point point ON point.plan_id = plan.id AND point.active
                 WHERE enrolment.state IN ('waiting', 'active', 'done')
                   AND (SELECT known.id FROM hospital_followup_task known
                         WHERE known.enrolment_id = enrolment.id AND known.point_id = point.id) IS NULL
                   AND episode.ended_on + point.latest_day + plan.grace_days >= %(today)s
                   AND (episode.readmitted_on <= episode.ended_on + point.due_day) IS NOT TRUE
                   AND NOT EXISTS (
                       SELECT FROM hospital_followup_task worked
                         JOIN hospital_followup_plan_point other ON other.id = worked.point_id
                        WHERE worked.enrolment_id = enrolment.id AND other.plan_id <> plan.id
                          AND (worked.attempt_count > 0 OR worked.done_by IS NOT NULL OR worked.state = 'in_progress')
                          AND other.earliest_day <= point.latest_day AND other.latest_day >= point.earliest_day
                          AND point.id = (SELECT nearest.id FROM hospital_followup_plan_point nearest
                                           WHERE nearest.plan_id = plan.id AND nearest.active
                                           ORDER BY abs(nearest.due_day - other.due_day), nearest.due_day LIMIT 1))
                ON CONFLICT DO NOTHING
                """,
                episode=episode,
                today=self._today(),
                uid=self.env.uid,
                now=fields.Datetime.now(),
            )
        )

    @api.model
    def _generate(self):
        """Safety net: reconcile every recent visit, the newest first.

        Visits that the data exchange is writing at this moment are skipped: it reconciles them itself.
        """
        today = self._today()
        encounters = self.env["hospital.encounter"]
        ids = []
        for encounter_class, days in NET_DAYS.items():
            date_field = "discharge_date" if encounter_class == "inpatient" else "admitted_at"
            ids += encounters.search(
                [("encounter_class", "=", encounter_class), (date_field, ">=", today - timedelta(days=days))],
                order=f"{date_field} desc, id desc",
            ).ids
        self.env["ir.cron"]._commit_progress(remaining=len(ids))
        for start in range(0, len(ids), BATCH):
            batch = encounters.browse(ids[start : start + BATCH])
            self._reconcile(batch.exists().try_lock_for_update(allow_referencing=True))
            if not self.env["ir.cron"]._commit_progress(len(batch)):
                break
