from datetime import timedelta
from functools import cache

from odoo import api, fields, models

from ..gate import admission

CHANNELS = [("call", "Call"), ("sms", "SMS"), ("wechat", "WeChat"), ("visit", "Visit"), ("tablet", "Tablet")]
PURPOSES = [
    ("followup", "Follow-up"),
    ("survey", "Survey"),
    ("notice", "Notice"),
    ("appointment", "Appointment"),
    ("marketing", "Hospital events"),
    ("complaint", "Complaint"),
]


class HospitalContact(models.Model):
    """The ledger: one row per touch of a patient, on any channel, by any part of the suite."""

    _name = "hospital.contact"
    _description = "Contact with a Patient"
    _order = "at desc, id desc"
    _rec_name = "patient_id"

    patient_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    at = fields.Datetime(required=True, default=fields.Datetime.now)
    channel = fields.Selection(CHANNELS, required=True)
    direction = fields.Selection([("out", "To the patient"), ("in", "From the patient")], required=True, default="out")
    purpose = fields.Selection(PURPOSES, required=True)
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, index=True, string="By")
    department_id = fields.Many2one("hr.department", index="btree_not_null")
    outcome = fields.Char()
    res_model = fields.Char(string="Origin")
    res_id = fields.Many2oneReference(model_field="res_model", string="Origin Record")

    _patient_index = models.Index("(patient_id, at DESC)")
    _at_index = models.Index("(at DESC, id DESC)")

    @api.model
    def _admit(self, patients, channel, purpose, at=None):
        """The contact gate: may these patients be contacted now?

        Returns ``{patient id: admission.Verdict}``; one query whatever the number of patients.
        ``at`` is a naive UTC datetime, now by default; the verdict's time is naive UTC too.
        """
        at = at or fields.Datetime.now()
        policy = self._policy(channel, purpose)
        local = self.env["res.company"]._to_hospital_clock(at)
        offset = local - at

        @cache  # the facts of most patients are the same
        def decide(facts):
            verdict = admission.decide(facts, policy, local)
            return verdict._replace(at=verdict.at - offset) if verdict.at else verdict

        facts = self._gate_facts(patients, purpose, at, policy.cap_days, offset)
        return {patient_id: decide(own) for patient_id, own in facts.items()}

    @api.model
    def _policy(self, channel, purpose):
        record = (
            self.env["hospital.contact.policy"]
            .sudo()
            .search([("channel", "=", channel), ("purpose", "=", purpose)], limit=1)
        )
        return admission.Policy(
            purpose=purpose,
            hours=admission.parse_hours(record.hours or admission.DEFAULT_HOURS),
            cap=record.cap,
            cap_days=record.cap_days or 7,
        )

    @api.model
    def _gate_facts(self, patients, purpose, at, cap_days, offset):
        self.flush_model()
        for model in ("res.partner", "hospital.contact.refusal", "hospital.case"):
            self.env[model].flush_model()
        self.env.cr.execute(
            """SELECT patient.id, patient.deceased, patient.do_not_contact, patient.consent,
                      EXISTS (SELECT FROM hospital_contact_refusal refusal
                               WHERE refusal.patient_id = patient.id AND refusal.purpose = %(purpose)s),
                      EXISTS (SELECT FROM hospital_case "case"
                               WHERE "case".patient_id = patient.id AND "case".kind = 'complaint'
                                 AND "case".state IN ('new', 'in_progress')),
                      ARRAY(SELECT contact.at FROM hospital_contact contact
                             WHERE contact.patient_id = patient.id AND contact.direction = 'out'
                               AND contact.purpose = %(purpose)s AND contact.at > %(since)s)
                 FROM res_partner patient WHERE patient.id = ANY(%(ids)s)""",
            {"purpose": purpose, "since": at - timedelta(days=cap_days), "ids": patients.ids},
        )

        @cache
        def facts(deceased, do_not_contact, consent, refused, complaint, *touches):
            return admission.Facts(
                deceased=bool(deceased),
                do_not_contact=bool(do_not_contact),
                refused=refused,
                consent_withdrawn=consent == "withdrawn",
                consent_given=consent == "given",
                open_complaint=complaint,
                touches=tuple(touch + offset for touch in touches),
            )

        return {patient_id: facts(*own, *touches) for patient_id, *own, touches in self.env.cr.fetchall()}
