from odoo import fields, models

from odoo.addons.hospital_base.models.hospital_contact import CHANNELS

from .hospital_followup_task import OUTCOMES

PERSONS = [
    ("patient", "Patient"),
    ("spouse", "Spouse"),
    ("child", "Child"),
    ("parent", "Parent"),
    ("other", "Other"),
]


class HospitalFollowupAttempt(models.Model):
    """One try to reach a patient, with what came of it. An undone one stays, archived."""

    _name = "hospital.followup.attempt"
    _description = "Follow-up Attempt"
    _order = "at desc, id desc"
    _rec_name = "outcome"

    task_id = fields.Many2one("hospital.followup.task", required=True, index=True, ondelete="cascade")
    encounter_id = fields.Many2one("hospital.encounter", required=True, index=True, ondelete="cascade", string="Visit")
    patient_id = fields.Many2one("res.partner", required=True, index=True, ondelete="restrict")
    at = fields.Datetime(required=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", required=True, default=lambda self: self.env.user, string="By")
    channel = fields.Selection(CHANNELS, required=True, default="call")
    outcome = fields.Selection(OUTCOMES, required=True)
    person = fields.Selection(PERSONS, string="Spoke to")
    phone_id = fields.Many2one("hospital.patient.phone", string="Number", ondelete="set null", index="btree_not_null")
    note = fields.Char()
    next_attempt_at = fields.Datetime(string="Next Attempt")
    active = fields.Boolean(default=True)
    contact_id = fields.Many2one("hospital.contact", ondelete="set null", index="btree_not_null", string="Ledger Entry")
    before = fields.Json(help="What the attempt changed, for undoing it.")

    _user_index = models.Index("(user_id, at DESC)")
    _at_index = models.Index("(at)")
