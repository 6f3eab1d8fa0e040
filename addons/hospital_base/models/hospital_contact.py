from datetime import timedelta

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

        Returns ``{patient id: admission.Verdict}``; four queries whatever the number of patients.
        ``at`` is a naive UTC datetime, now by default; the verdict's time is naive UTC too.
        """
        at = at or fields.Datetime.now()
        policy = self._policy(channel, purpose)
        local = self.env["res.company"]._to_hospital_clock(at)
        offset = local - at
        verdicts = {}
        for patient_id, facts in self._gate_facts(patients, purpose, at, policy.cap_days, offset).items():
            verdict = admission.decide(facts, policy, local)
            verdicts[patient_id] = verdict._replace(at=verdict.at - offset) if verdict.at else verdict
        return verdicts

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
        patients = patients.sudo()
        refused = (
            self.env["hospital.contact.refusal"]
            .sudo()
            ._read_group([("patient_id", "in", patients.ids), ("purpose", "=", purpose)], ["patient_id"])
        )
        refused = {patient.id for (patient,) in refused}
        complaints = (
            self.env["hospital.case"]
            .sudo()
            ._read_group(
                [
                    ("patient_id", "in", patients.ids),
                    ("kind", "=", "complaint"),
                    ("state", "in", ("new", "in_progress")),
                ],
                ["patient_id"],
            )
        )
        complaints = {patient.id for (patient,) in complaints}
        touches = dict.fromkeys(patients.ids, ())
        for contact in self.sudo().search_fetch(
            [
                ("patient_id", "in", patients.ids),
                ("direction", "=", "out"),
                ("purpose", "=", purpose),
                ("at", ">", at - timedelta(days=cap_days)),
            ],
            ["patient_id", "at"],
        ):
            touches[contact.patient_id.id] += (contact.at + offset,)
        return {
            patient.id: admission.Facts(
                deceased=patient.deceased,
                do_not_contact=patient.do_not_contact,
                refused=patient.id in refused,
                consent_withdrawn=patient.consent == "withdrawn",
                consent_given=patient.consent == "given",
                open_complaint=patient.id in complaints,
                touches=touches[patient.id],
            )
            for patient in patients
        }
