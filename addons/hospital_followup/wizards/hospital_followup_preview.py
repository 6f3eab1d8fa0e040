from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL

from ..planning.criteria import DRAWN

DAYS = 30


class HospitalFollowupPreview(models.TransientModel):
    """Dry run of a rule over the visits of the last 30 days."""

    _name = "hospital.followup.preview"
    _description = "Dry Run of a Rule"

    rule_id = fields.Many2one("hospital.followup.rule", required=True, readonly=True, ondelete="cascade")
    date_from = fields.Date(readonly=True)
    task_count = fields.Integer(readonly=True, string="Tasks it would have created")
    line_ids = fields.One2many("hospital.followup.preview.line", "preview_id", readonly=True)

    @api.model
    def _run(self, rule):
        """Count by result what ``rule`` does with the visits that ended since; nothing is written but the figures."""
        self.env.flush_all()
        date_from = self.env["res.company"]._hospital_today() - timedelta(days=DAYS)
        Rule = self.env["hospital.followup.rule"]
        others = Rule.search([("mode", "=", rule.mode), ("id", "!=", rule.id)])
        earlier = others.filtered(lambda other: (other.sequence, other.id) < (rule.sequence, rule.id))
        ended = SQL(
            "encounter.discharge_date >= %(since)s OR (encounter.discharge_date IS NULL"
            " AND encounter.encounter_class <> 'inpatient' AND encounter.admitted_at >= %(since)s)",
            since=date_from,
        )
        ids = [
            encounter_id
            for (encounter_id,) in self.env.execute_query(
                SQL(
                    """SELECT encounter.id FROM hospital_encounter encounter
                         JOIN res_partner patient ON patient.id = encounter.patient_id
                        WHERE (%s) AND %s""",
                    ended,
                    rule._condition(),
                )
            )
        ]
        counts = dict(
            self.env.execute_query(
                SQL(
                    """SELECT CASE WHEN %(earlier)s IS NOT NULL THEN 'earlier'
                                   WHEN episode.exclusion IS NOT NULL THEN episode.exclusion
                                   WHEN NOT %(drawn)s THEN 'not_drawn'
                                   WHEN NOT EXISTS (SELECT FROM hospital_patient_phone phone
                                                     WHERE phone.patient_id = episode.contact_id
                                                       AND phone.state <> 'invalid') THEN 'no_phone'
                                   ELSE 'followed' END AS kind, count(*)
                         FROM (%(episode)s) episode
                         JOIN hospital_encounter encounter ON encounter.id = episode.encounter_id
                         JOIN res_partner patient ON patient.id = encounter.patient_id
                         JOIN hospital_followup_rule rule ON rule.id = %(rule)s
                        GROUP BY 1""",
                    earlier=earlier._first_match(),
                    drawn=SQL(DRAWN.format(key="COALESCE(encounter.external_id, encounter.id::text)")),
                    episode=self.env["hospital.followup.task"]._episode(ids),
                    rule=rule.id,
                )
            )
        )
        followed = counts.get("followed", 0) + counts.get("no_phone", 0)
        kinds = [kind for kind, _label in self.env["hospital.followup.preview.line"]._fields["kind"].selection]
        return self.create(
            {
                "rule_id": rule.id,
                "date_from": date_from,
                "task_count": followed * len(rule.plan_id.point_ids),
                "line_ids": [
                    Command.create({"kind": kind, "count": len(ids) if kind == "matched" else counts.get(kind, 0)})
                    for kind in kinds
                    if kind == "matched" or counts.get(kind)
                ],
            }
        )


class HospitalFollowupPreviewLine(models.TransientModel):
    _name = "hospital.followup.preview.line"
    _description = "Figure of a Dry Run"

    preview_id = fields.Many2one("hospital.followup.preview", required=True, ondelete="cascade")
    kind = fields.Selection(
        [
            ("matched", "Visits that match"),
            ("followed", "Followed up"),
            ("no_phone", "Followed up, but without a usable phone number"),
            ("not_drawn", "Not in the sample"),
            ("earlier", "Taken by an earlier rule"),
            ("death", "Excluded: died"),
            ("test_patient", "Excluded: test patient"),
            ("do_not_contact", "Excluded: wants no contact"),
            ("discharge_cancelled", "Excluded: discharge cancelled"),
        ],
        required=True,
        string="Result",
    )
    count = fields.Integer(string="Number of Visits")
