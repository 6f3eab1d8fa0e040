from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .res_partner_visibility import WARD_DAYS_AFTER_DISCHARGE

CARE_FIELDS = {
    "patient_id",
    "state",
    "admitted_at",
    "discharged_at",
    "department_id",
    "ward_id",
    "attending_id",
    "resident_id",
    "nurse_id",
}

ENCOUNTER_CLASSES = [("inpatient", "In-patient"), ("outpatient", "Out-patient"), ("emergency", "Emergency")]

# 离院方式 of the front page of the medical record.
DISPOSITIONS = [
    ("1", "Discharged on advice"),
    ("2", "Transferred to another hospital"),
    ("3", "Transferred to community care"),
    ("4", "Left against advice"),
    ("5", "Died"),
    ("9", "Other"),
]


class HospitalEncounter(models.Model):
    """One stay or visit of a patient."""

    _name = "hospital.encounter"
    _description = "Visit"
    _inherit = ["hospital.audited.mixin"]
    _order = "admitted_at desc, id desc"

    source_id = fields.Many2one("hospital.his.source", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)
    encounter_class = fields.Selection(ENCOUNTER_CLASSES, required=True)
    state = fields.Selection(
        [("in_progress", "In progress"), ("finished", "Finished"), ("cancelled", "Cancelled")],
        required=True,
        default="in_progress",
    )
    patient_id = fields.Many2one("res.partner", required=True, ondelete="restrict", domain=[("is_patient", "=", True)])
    medical_record_no = fields.Char(string="Medical Record Number")
    admission_no = fields.Integer(string="Admission", help="Which stay of this patient it is.")
    admitted_at = fields.Datetime(required=True, string="Admitted")
    discharged_at = fields.Datetime(string="Discharged")
    discharge_date = fields.Date(help="The day of the discharge by the hospital's clock.")
    length_of_stay = fields.Integer(string="Days in Hospital", aggregator="avg")
    department_id = fields.Many2one("hr.department", ondelete="restrict")
    ward_id = fields.Many2one("hr.department", ondelete="restrict", domain=[("kind", "=", "ward")])
    bed = fields.Char()
    attending_id = fields.Many2one("hr.employee", string="Treating Doctor", ondelete="restrict")
    resident_id = fields.Many2one("hr.employee", ondelete="restrict")
    nurse_id = fields.Many2one("hr.employee", string="Responsible Nurse", ondelete="restrict")
    attending_user_id = fields.Many2one(related="attending_id.user_id", store=True, string="Treating Doctor's Account")
    resident_user_id = fields.Many2one(related="resident_id.user_id", store=True, string="Resident's Account")
    nurse_user_id = fields.Many2one(related="nurse_id.user_id", store=True, string="Responsible Nurse's Account")
    clinic_type = fields.Selection(
        [("normal", "General clinic"), ("associate", "Associate chief"), ("chief", "Chief"), ("special", "Special")]
    )
    admission_source = fields.Selection(
        [("1", "Emergency"), ("2", "Out-patient"), ("3", "Another institution"), ("9", "Other")]
    )
    disposition = fields.Selection(DISPOSITIONS)
    diagnosis_code = fields.Char(string="Main Diagnosis (code)", help="ICD-10 as the HIS sends it.")
    diagnosis_name = fields.Char(string="Main Diagnosis")
    coded_at = fields.Datetime(help="When the coded front page of the record arrived.")
    revisit_date = fields.Date()
    planned_readmission = fields.Boolean(help="A new admission within 31 days is planned.")
    admission_condition = fields.Text(groups="hospital_base.group_clinical", string="Condition on Admission")
    treatment_course = fields.Text(groups="hospital_base.group_clinical", string="Course of Treatment")
    discharge_condition = fields.Text(groups="hospital_base.group_clinical", string="Condition on Discharge")
    discharge_orders = fields.Text(groups="hospital_base.group_clinical")
    diagnosis_ids = fields.One2many("hospital.encounter.diagnosis", "encounter_id", string="Diagnoses")
    operation_ids = fields.One2many("hospital.encounter.operation", "encounter_id", string="Operations")
    transfer_ids = fields.One2many("hospital.encounter.transfer", "encounter_id", string="Transfers")
    event_ids = fields.One2many("hospital.encounter.event", "encounter_id", string="Changes")
    hospital_visible = fields.Boolean(
        compute="_compute_hospital_visible", search="_search_hospital_visible", export_string_translation=False
    )

    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of a visit must be unique."
    )
    _dates_in_order = models.Constraint(
        "CHECK (discharged_at IS NULL OR discharged_at >= admitted_at)", "A patient cannot leave before arriving."
    )
    _patient_index = models.Index("(patient_id, admitted_at DESC)")
    _attending_index = models.Index("(attending_user_id, admitted_at DESC) WHERE attending_user_id IS NOT NULL")
    _resident_index = models.Index("(resident_user_id, admitted_at DESC) WHERE resident_user_id IS NOT NULL")
    _nurse_index = models.Index("(nurse_user_id, admitted_at DESC) WHERE nurse_user_id IS NOT NULL")
    _department_index = models.Index("(department_id, admitted_at DESC)")
    _ward_index = models.Index("(ward_id, admitted_at DESC) WHERE ward_id IS NOT NULL")
    _discharge_index = models.Index("(discharge_date, id) WHERE discharge_date IS NOT NULL")
    _in_hospital_index = models.Index("(ward_id, bed) WHERE state = 'in_progress' AND encounter_class = 'inpatient'")
    _admitted_index = models.Index("(admitted_at DESC, id DESC)")

    @api.depends("patient_id", "admitted_at", "discharge_date", "department_id")
    @api.depends_context("uid", "tz", "lang")
    def _compute_display_name(self):
        for encounter in self:
            admitted = fields.Datetime.context_timestamp(encounter, encounter.admitted_at or fields.Datetime.now())
            # The label masks the name of a patient whom the reader may not see.
            patient = encounter.sudo().patient_id
            parts = [patient.display_name, encounter.department_id.name, fields.Date.to_string(admitted)]
            encounter.display_name = " · ".join(part for part in parts if part)

    @api.depends_context("uid")
    def _compute_hospital_visible(self):
        visible = set(self.sudo()._search(Domain("id", "in", self.ids) & self._visible_domain(self.env.user)))
        for encounter in self:
            encounter.hospital_visible = encounter.id in visible

    @api.model
    def _search_hospital_visible(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self._visible_domain(self.env.user)

    @api.model
    def _visible_domain(self, user):
        """Domain of the visits that ``user`` may see; overriders widen it with ``|``."""
        if user._has_hospital_role("functional"):
            return Domain.TRUE
        treating = ("attending_user_id", "resident_user_id", "nurse_user_id")
        self.flush_model(treating)
        # ARRAY(..) is answered first, from the indexes: the planner would rather walk all visits from the newest
        # on, and read most of them for a doctor who has been away for long (measured: 2.6 s of 3 million).
        own = SQL(" UNION ALL ").join(
            SQL("SELECT id FROM hospital_encounter WHERE %s = %s", SQL.identifier(name), user.id) for name in treating
        )
        domain = Domain.custom(
            to_sql=lambda model, alias, query: SQL("%s = ANY(ARRAY(%s))", SQL.identifier(alias, "id"), own)
        )
        department_ids = self.env["hospital.scope"]._clinical_department_ids_of(user)
        if department_ids:
            since = self.env["res.company"]._hospital_today() - timedelta(days=WARD_DAYS_AFTER_DISCHARGE)
            domain |= Domain("department_id", "in", department_ids)
            domain |= Domain("ward_id", "in", department_ids) & (
                Domain("discharge_date", "=", False) | Domain("discharge_date", ">=", since)
            )
        return domain

    @api.model_create_multi
    def create(self, vals_list):
        encounters = super().create(vals_list)
        self.env["res.partner"].sudo()._refresh_care(encounters.patient_id.ids)
        return encounters

    def write(self, vals):
        patients = self.patient_id
        result = super().write(vals)
        if CARE_FIELDS & vals.keys():
            self.env["res.partner"].sudo()._refresh_care((patients | self.patient_id).ids)
        return result

    def _after_exchange(self, created, changed):
        """Hook: the data exchange has written visits (``created`` | ``changed`` = ``self``), in its transaction.

        Overriders bring what they derive from a visit into line with it; set-based, no commit.
        """
