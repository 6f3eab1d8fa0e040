import secrets

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.hospital_base.models.hospital_encounter import DISPOSITIONS, ENCOUNTER_CLASSES

from ..planning import criteria

MODES = [("central", "Central"), ("ward", "Ward"), ("outpatient", "Out-patient")]

# A change of one of these makes another rule of it: its version rises.
CRITERIA_FIELDS = {
    "mode",
    "plan_id",
    "encounter_class",
    "department_ids",
    "diagnosis_codes",
    "excluded_diagnosis_codes",
    "operation_codes",
    "dispositions",
    "clinic_type",
    "age_from",
    "age_to",
    "gender",
    "sampling_percent",
}


class HospitalFollowupRule(models.Model):
    """Which visits get which plan. Per visit and mode the first rule that matches wins."""

    _name = "hospital.followup.rule"
    _description = "Follow-up Rule"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    mode = fields.Selection(MODES, required=True, default="central")
    plan_id = fields.Many2one("hospital.followup.plan", required=True, ondelete="restrict")
    version = fields.Integer(default=1, readonly=True, copy=False)
    encounter_class = fields.Selection(
        ENCOUNTER_CLASSES,
        compute="_compute_encounter_class",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    department_ids = fields.Many2many("hr.department", string="Departments or Wards", help="Empty: all.")
    diagnosis_codes = fields.Char(help="Beginnings or ranges of ICD-10 codes: I50, I25.1, C00-C97. Empty: any.")
    excluded_diagnosis_codes = fields.Char(help="Visits with these main diagnoses are left to the next rule.")
    operation_codes = fields.Char(help="Beginnings or ranges of ICD-9-CM-3 codes: 36.0, 00.66. Empty: any or none.")
    dispositions = fields.Char(help="Ways of leaving by their code: 1, 2, 3, 4, 9. Empty: any.")
    clinic_type = fields.Selection(selection="_selection_clinic_type")
    age_from = fields.Integer(help="Years on admission; 0: no limit.")
    age_to = fields.Integer(help="Years on admission; 0: no limit.")
    gender = fields.Selection([("male", "Male"), ("female", "Female")])
    sampling_percent = fields.Float(
        default=100.0, string="Share (%)", help="The share of matching visits to follow up."
    )
    sampling_seed = fields.Char(
        default=lambda self: secrets.token_hex(4),
        required=True,
        copy=False,
        help="Decides which visits are drawn; the same seed always draws the same ones.",
    )

    _share_in_range = models.Constraint(
        "CHECK (sampling_percent > 0 AND sampling_percent <= 100)", "The share is above 0 and at most 100 %."
    )
    _ages_in_order = models.Constraint(
        "CHECK (age_from >= 0 AND age_to >= 0 AND (age_to = 0 OR age_from <= age_to))",
        "The lower age comes before the upper one.",
    )

    @api.model
    def _selection_clinic_type(self):
        return self.env["hospital.encounter"]._fields["clinic_type"]._description_selection(self.env)

    @api.depends("mode")
    def _compute_encounter_class(self):
        for rule in self:
            rule.encounter_class = "outpatient" if rule.mode == "outpatient" else "inpatient"

    @api.constrains("diagnosis_codes", "excluded_diagnosis_codes", "operation_codes")
    def _check_codes(self):
        for rule in self:
            for text in (rule.diagnosis_codes, rule.excluded_diagnosis_codes, rule.operation_codes):
                try:
                    criteria.parse_codes(text)
                except ValueError as error:
                    raise ValidationError(
                        self.env._("%s is neither a code nor a range of codes such as C00-C97.", error)
                    ) from error

    @api.constrains("dispositions")
    def _check_dispositions(self):
        known = dict(DISPOSITIONS)
        for rule in self:
            if unknown := [code for code in criteria.parse_list(rule.dispositions) if code not in known]:
                raise ValidationError(self.env._("There is no way of leaving %s.", unknown[0]))

    def write(self, vals):
        for rule in self if CRITERIA_FIELDS & vals.keys() else ():
            before = rule._criteria_values()
            super(HospitalFollowupRule, rule).write(vals)
            if rule._criteria_values() != before:
                super(HospitalFollowupRule, rule).write({"version": rule.version + 1})
        return True if CRITERIA_FIELDS & vals.keys() else super().write(vals)

    def _criteria_values(self):
        return {name: self[name] for name in CRITERIA_FIELDS}

    def _criteria(self):
        self.ensure_one()
        return criteria.Criteria(
            encounter_class=self.encounter_class,
            department_ids=self.department_ids._origin.search([("id", "child_of", self.department_ids.ids)]).ids
            if self.department_ids
            else (),
            diagnosis_codes=self.diagnosis_codes or "",
            excluded_diagnosis_codes=self.excluded_diagnosis_codes or "",
            operation_codes=self.operation_codes or "",
            dispositions=self.dispositions or "",
            clinic_types=[self.clinic_type] if self.clinic_type else (),
            age_from=self.age_from,
            age_to=self.age_to,
            gender=self.gender or "",
            zone=self.env.company.hospital_tz,
        )

    def _condition(self):
        """Return the rule's criteria as SQL over the aliases ``encounter`` and ``patient``."""
        text, params = criteria.where(self._criteria())
        return SQL(text, *params)

    def _first_match(self):
        """Return SQL for the id of the first of these rules that matches: one pass over the visits."""
        cases = SQL(" ").join(SQL("WHEN %s THEN %s", rule._condition(), rule.id) for rule in self)
        return SQL("CASE %s END", cases) if self else SQL("NULL::int")

    def action_preview(self):
        """Show what the rule would have done with the visits of the last 30 days."""
        self.ensure_one()
        preview = self.env["hospital.followup.preview"]._run(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dry Run: %s", self.name),
            "res_model": preview._name,
            "res_id": preview.id,
            "view_mode": "form",
            "target": "new",
        }
