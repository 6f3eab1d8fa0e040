from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from ..identity import id_number as identity_number
from ..identity import mask

CONSENTS = [("unknown", "Not asked"), ("given", "Given"), ("withdrawn", "Withdrawn")]
DISCLOSURES = [
    ("patient", "The patient may be told everything"),
    ("family_only", "Only the family may be told"),
    ("confidential", "Confidential: nobody is told the diagnosis"),
]


class ResPartner(models.Model):
    """A patient is a partner with ``is_patient``: see ``docs/architecture.md`` for the measured choice.

    The core ``phone`` and ``email`` of a patient stay empty, so that no page or export of Odoo
    shows them by accident; numbers live in ``hospital.patient.phone``.
    """

    _name = "res.partner"
    _inherit = ["res.partner", "hospital.audited.mixin"]

    is_patient = fields.Boolean(readonly=True)
    patient_no = fields.Char(string="Patient Number", copy=False, help="The hospital's number of the person.")
    birth_date = fields.Date()
    age = fields.Char(compute="_compute_age", help="Years; months or days for small children.")
    gender = fields.Selection([("male", "Male"), ("female", "Female"), ("other", "Other"), ("unknown", "Unknown")])
    id_type = fields.Selection(
        [
            ("id_card", "Identity card"),
            ("passport", "Passport"),
            ("hmt_permit", "Hong Kong, Macao or Taiwan permit"),
            ("foreign_permit", "Foreigner's residence permit"),
            ("none", "None"),
        ]
    )
    id_number = fields.Char(copy=False, groups="hospital_base.group_identity")
    id_number_masked = fields.Char(
        compute="_compute_id_number_masked", store=True, compute_sudo=True, string="Id Number (masked)"
    )
    phone_line_ids = fields.One2many("hospital.patient.phone", "patient_id", string="Phone Numbers")
    phone_masked = fields.Char(compute="_compute_phone_masked", store=True, compute_sudo=True, string="Best Number")
    deceased = fields.Boolean()
    deceased_at = fields.Datetime()
    consent = fields.Selection(
        CONSENTS,
        default=lambda self: "unknown" if self.env.context.get("default_is_patient") else False,
    )
    do_not_contact = fields.Boolean(help="No call, message or survey, for any purpose.")
    refusal_ids = fields.One2many("hospital.contact.refusal", "patient_id", string="Refusals")
    disclosure = fields.Selection(DISCLOSURES, help="Who may be told what in a call.")
    is_test_patient = fields.Boolean()
    mother_id = fields.Many2one("res.partner", index="btree_not_null", help="Of a newborn: who is called instead.")
    merged_into_id = fields.Many2one("res.partner", index="btree_not_null", readonly=True, copy=False)
    last_visit_at = fields.Datetime(readonly=True, copy=False)
    source_id = fields.Many2one("hospital.his.source", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)
    encounter_ids = fields.One2many("hospital.encounter", "patient_id", string="Visits")
    contact_ids = fields.One2many("hospital.contact", "patient_id", string="Contacts with the Hospital")
    case_ids = fields.One2many("hospital.case", "patient_id", string="Cases")
    quality_issue_ids = fields.One2many("hospital.quality.issue", "patient_id", string="Data Quality")

    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of a patient must be unique."
    )
    _patient_no_index = models.Index("(patient_no) WHERE patient_no IS NOT NULL")
    _id_number_index = models.Index("(id_number) WHERE id_number IS NOT NULL")
    _test_patient_index = models.Index("(id) WHERE is_test_patient")
    # Odoo looks partners up by e-mail at every incoming message and has no index for it.
    _email_normalized_index = models.Index("(email_normalized) WHERE email_normalized IS NOT NULL")
    _patient_without_core_contact = models.Constraint(
        "CHECK (is_patient IS NOT TRUE OR (phone IS NULL AND email IS NULL))",
        "The phone numbers of a patient are kept in their own list.",
    )

    @api.depends("birth_date")
    def _compute_age(self):
        today = self.env["res.company"]._hospital_today()
        for partner in self:
            partner.age = self._age_text(partner.birth_date, today)

    def _age_text(self, birth_date, today):
        if not birth_date or birth_date > today:
            return False
        age = relativedelta(today, birth_date)
        if age.years >= 3:
            return self.env._("%s years", age.years)
        months = age.years * 12 + age.months
        if months:
            return self.env._("%s months", months)
        return self.env._("%s days", age.days)

    @api.depends("id_number")
    def _compute_id_number_masked(self):
        for partner in self:
            partner.id_number_masked = mask.id_number(partner.id_number)

    @api.depends("phone_line_ids.number", "phone_line_ids.state", "phone_line_ids.is_best", "phone_line_ids.sequence")
    def _compute_phone_masked(self):
        for partner in self:
            partner.phone_masked = partner.phone_line_ids._best().number_masked

    @api.onchange("id_number")
    def _onchange_id_number(self):
        parsed = identity_number.parse(self.id_number)
        if parsed.valid:
            self.birth_date = self.birth_date or parsed.birth_date
            self.gender = self.gender or parsed.gender

    @api.depends_context("uid")
    def _compute_display_name(self):
        """Whoever may not see names, or not this patient, gets the masked form.

        Labels of many2one fields are read with all rights: without this, any record that names a
        patient would tell the name, be it one that the reader has just made for the purpose.
        """
        super()._compute_display_name()
        patients = self.filtered("is_patient")
        if not patients or self.env.user._is_superuser():
            return
        in_full = self.env.user.has_group("hospital_base.group_patient_name")
        for patient in patients:
            if not (in_full and patient.hospital_visible):
                patient.display_name = mask.name(patient.name)

    def _audited(self):
        return self.filtered("is_patient")

    @api.readonly
    def get_formview_id(self, access_uid=None):
        """A patient opens in the hospital's form, wherever a link leads to it."""
        if self.is_patient:
            return self.env.ref("hospital_base.view_patient_form").id
        return super().get_formview_id(access_uid=access_uid)

    def _message_get_suggested_recipients(self, *args, **kwargs):
        """A patient is never a follower nor a recipient of internal discussions."""
        recipients = super()._message_get_suggested_recipients(*args, **kwargs)
        patient_ids = set(self.filtered("is_patient").ids)
        return [recipient for recipient in recipients if recipient.get("partner_id") not in patient_ids]

    def _after_exchange(self, created, changed):
        """Hook: the data exchange has written patients (``created`` | ``changed`` = ``self``), in its transaction.

        Overriders correct what depends on a patient (a death, a merge); set-based, no commit.
        """
