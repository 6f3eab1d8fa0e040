from odoo import api, fields, models
from odoo.tools import SQL

from ..planning.criteria import DRAWN
from .hospital_followup_enrolment import FOUND_REASONS
from .hospital_followup_rule import MODES
from .hospital_followup_task import OPEN_STATES

# What the rules look at; while its digest is the same, a visit keeps its plan.
FACTS = SQL(
    """md5(concat_ws('|', encounter.encounter_class, COALESCE(encounter.department_id, 0),
           COALESCE(encounter.ward_id, 0), COALESCE(encounter.diagnosis_code, ''), COALESCE(encounter.disposition, ''),
           COALESCE(encounter.clinic_type, ''), encounter.admitted_at::date, patient.birth_date, patient.gender,
           (SELECT string_agg(operation.code, ' ' ORDER BY operation.sequence)
              FROM hospital_encounter_operation operation WHERE operation.encounter_id = encounter.id)))"""
)

ENDED = SQL(
    "encounter.state = 'finished'"
    " AND (encounter.encounter_class <> 'inpatient' OR encounter.discharge_date IS NOT NULL)"
)


class HospitalFollowupEnrolmentReconcile(models.Model):
    """The follow-ups' part of the reconciliation: which plan, and whether at all."""

    _inherit = "hospital.followup.enrolment"

    @api.model
    def _enrol(self, ids):
        """Give each visit the plan of the first rule that matches, again only when the facts have changed.

        Not to a visit whose plan is over: the first load of a hospital brings years of them.
        """
        rules = self.env["hospital.followup.rule"].sudo().search([("active", "=", True)])
        by_mode = SQL(" ").join(
            SQL("WHEN %s THEN %s", mode, rules.filtered(lambda rule, mode=mode: rule.mode == mode)._first_match())
            for mode, _label in MODES
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO hospital_followup_enrolment AS enrolment
                       (encounter_id, mode, patient_id, plan_id, rule_id, rule_version, matched, facts, state,
                        create_uid, write_uid, create_date, write_date)
                SELECT candidate.id, candidate.mode, candidate.patient_id, rule.plan_id, rule.id, rule.version,
                       NULLIF(concat_ws(' ', CASE WHEN rule.diagnosis_codes <> '' THEN candidate.diagnosis_code END,
                           CASE WHEN rule.operation_codes <> '' THEN
                               (SELECT string_agg(operation.code, ' ' ORDER BY operation.sequence)
                                  FROM hospital_encounter_operation operation
                                 WHERE operation.encounter_id = candidate.id) END), ''),
                       candidate.facts, 'waiting', %(uid)s, %(uid)s, %(now)s, %(now)s
                  FROM (SELECT encounter.id, encounter.patient_id, encounter.diagnosis_code, mode.code AS mode,
                               COALESCE(encounter.discharge_date, encounter.admitted_at::date) AS ended_on,
                               COALESCE(encounter.external_id, encounter.id::text) AS key, %(facts)s AS facts,
                               CASE mode.code %(by_mode)s END AS rule_id
                          FROM hospital_encounter encounter
                          JOIN res_partner patient ON patient.id = encounter.patient_id
                         CROSS JOIN unnest(%(modes)s) AS mode(code)
                         WHERE encounter.id = ANY(%(ids)s) AND %(ended)s) candidate
                  JOIN hospital_followup_rule rule ON rule.id = candidate.rule_id
                  LEFT JOIN LATERAL (SELECT id, rule_id, facts FROM hospital_followup_enrolment
                                      WHERE encounter_id = candidate.id AND mode = candidate.mode
                                     OFFSET 0) known ON TRUE
                 WHERE %(drawn)s
                   AND CASE WHEN known.id IS NULL THEN candidate.ended_on >= %(today)s - 1 - (
                                SELECT max(point.latest_day) + plan.grace_days FROM hospital_followup_plan plan
                                  JOIN hospital_followup_plan_point point ON point.plan_id = plan.id AND point.active
                                 WHERE plan.id = rule.plan_id GROUP BY plan.id)
                            ELSE known.rule_id IS NOT NULL AND known.facts <> candidate.facts END
                ON CONFLICT (encounter_id, mode) DO UPDATE
                   SET plan_id = EXCLUDED.plan_id, rule_id = EXCLUDED.rule_id, rule_version = EXCLUDED.rule_version,
                       matched = EXCLUDED.matched, facts = EXCLUDED.facts,
                       state = CASE WHEN enrolment.reason = 'no_rule' THEN 'waiting' ELSE enrolment.state END,
                       reason = NULLIF(enrolment.reason, 'no_rule'), write_date = EXCLUDED.write_date
                 WHERE enrolment.rule_id IS NOT NULL
                """,
                facts=FACTS,
                by_mode=by_mode,
                modes=[mode for mode, _label in MODES],
                ids=ids,
                ended=ENDED,
                drawn=SQL(DRAWN.format(key="candidate.key")),
                today=self.env["res.company"]._hospital_today(),
                uid=self.env.uid,
                now=fields.Datetime.now(),
            )
        )

    @api.model
    def _followed(self, ids):
        """Those of the visits ``ids`` that are followed up, or once were."""
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT encounter_id FROM hospital_followup_enrolment WHERE encounter_id = ANY(%s)", ids)
        )
        return [encounter_id for (encounter_id,) in rows]

    @api.model
    def _end_unmatched(self, ids):
        """End what no rule matches any more: after the upsert only that still shows other facts."""
        self.env.cr.execute(
            SQL(
                """
                WITH visit AS MATERIALIZED (
                    SELECT encounter.id, %(facts)s AS facts
                      FROM hospital_encounter encounter JOIN res_partner patient ON patient.id = encounter.patient_id
                     WHERE encounter.id = ANY(%(ids)s) AND %(ended)s
                ), changed AS MATERIALIZED (
                    SELECT enrolment.id, visit.facts
                      FROM visit
                     CROSS JOIN LATERAL (SELECT * FROM hospital_followup_enrolment
                                          WHERE encounter_id = visit.id OFFSET 0) enrolment
                     WHERE enrolment.rule_id IS NOT NULL AND enrolment.facts IS DISTINCT FROM visit.facts
                )
                UPDATE hospital_followup_enrolment enrolment
                   SET facts = changed.facts, write_date = %(now)s,
                       state = CASE WHEN enrolment.state IN ('waiting', 'active', 'paused') THEN 'terminated'
                                    ELSE enrolment.state END,
                       reason = CASE WHEN enrolment.state IN ('waiting', 'active', 'paused') THEN 'no_rule'
                                     ELSE enrolment.reason END
                  FROM changed WHERE changed.id = enrolment.id
                """,
                facts=FACTS,
                ids=ids,
                ended=ENDED,
                now=fields.Datetime.now(),
            )
        )

    @api.model
    def _follow_exclusions(self, episode):
        """End follow-ups of visits that must not be followed up, and take up those whose obstacle is gone."""
        self.env.cr.execute(
            SQL(
                """
                WITH episode AS MATERIALIZED (%(episode)s), target AS MATERIALIZED (
                    SELECT enrolment.id, wanted.reason
                      FROM episode
                     CROSS JOIN LATERAL (SELECT * FROM hospital_followup_enrolment
                                          WHERE encounter_id = episode.encounter_id OFFSET 0) enrolment
                     CROSS JOIN LATERAL (
                           SELECT COALESCE(episode.exclusion,
                                           CASE WHEN enrolment.reason = 'no_rule' THEN 'no_rule' END) AS reason) wanted
                     WHERE enrolment.state <> 'done' AND (enrolment.reason IS NULL OR enrolment.reason = ANY(%(found)s))
                       AND enrolment.reason IS DISTINCT FROM wanted.reason
                )
                UPDATE hospital_followup_enrolment enrolment
                   SET reason = target.reason, write_date = %(now)s,
                       state = CASE WHEN target.reason IS NOT NULL THEN 'terminated'
                                    WHEN enrolment.state = 'terminated' THEN 'waiting' ELSE enrolment.state END
                  FROM target WHERE target.id = enrolment.id
                """,
                episode=episode,
                found=list(FOUND_REASONS),
                now=fields.Datetime.now(),
            )
        )

    @api.model
    def _follow_merges(self, ids):
        """The visits of a merged patient belong to another one now: take follow-ups and attempts along."""
        for table in ("hospital_followup_enrolment", "hospital_followup_attempt"):
            self.env.cr.execute(
                SQL(
                    """
                    WITH moved AS MATERIALIZED (
                        SELECT mine.id, encounter.patient_id
                          FROM hospital_encounter encounter
                         CROSS JOIN LATERAL (SELECT id, patient_id FROM %(table)s
                                              WHERE encounter_id = encounter.id OFFSET 0) mine
                         WHERE encounter.id = ANY(%(ids)s) AND mine.patient_id <> encounter.patient_id
                    )
                    UPDATE %(table)s mine SET patient_id = moved.patient_id FROM moved WHERE moved.id = mine.id
                    """,
                    table=SQL.identifier(table),
                    ids=ids,
                )
            )

    @api.model
    def _settle(self, condition):
        """Read off the tasks how far each follow-up is; ``condition`` is SQL over ``enrolment``."""
        self.env.cr.execute(
            SQL(
                """
                WITH progress AS MATERIALIZED (
                    SELECT enrolment.id, wanted.state
                      FROM hospital_followup_enrolment enrolment
                     CROSS JOIN LATERAL (
                           SELECT CASE WHEN count(*) > 0 AND NOT bool_or(task.state = ANY(%(open)s)) THEN 'done'
                                       WHEN bool_or(task.attempt_count > 0 OR task.done_by IS NOT NULL) THEN 'active'
                                       ELSE 'waiting' END AS state
                             FROM hospital_followup_task task
                            WHERE task.enrolment_id = enrolment.id AND task.state <> 'cancelled') wanted
                     WHERE %(condition)s AND enrolment.state IN ('waiting', 'active', 'done')
                       AND enrolment.state <> wanted.state
                )
                UPDATE hospital_followup_enrolment enrolment SET state = progress.state
                  FROM progress WHERE progress.id = enrolment.id
                """,
                open=list(OPEN_STATES),
                condition=condition,
            )
        )
