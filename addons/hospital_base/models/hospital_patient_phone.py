from odoo import api, fields, models

from ..identity import mask

RELATIONS = [
    ("self", "Patient"),
    ("spouse", "Spouse"),
    ("child", "Child"),
    ("parent", "Parent"),
    ("other", "Other relative"),
    ("unknown", "Unknown"),
]


class HospitalPatientPhone(models.Model):
    """A number under which a patient, or somebody for the patient, can be reached."""

    _name = "hospital.patient.phone"
    _description = "Patient's Phone Number"
    _order = "is_best desc, sequence, id"
    _rec_name = "number_masked"

    patient_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    number = fields.Char(
        string="Full Number", required=True, groups="hospital_base.group_identity", help="Digits only."
    )
    number_masked = fields.Char(compute="_compute_number_masked", store=True, compute_sudo=True, string="Phone Number")
    kind = fields.Selection(
        [("mobile", "Mobile"), ("landline", "Landline"), ("other", "Other")], required=True, default="mobile"
    )
    relation = fields.Selection(RELATIONS, required=True, default="unknown", string="Belongs to")
    contact_name = fields.Char()
    state = fields.Selection(
        [("unverified", "Not tried"), ("valid", "Valid"), ("invalid", "Invalid")], required=True, default="unverified"
    )
    invalid_reason = fields.Selection(
        [
            ("empty_number", "No such number"),
            ("stopped", "Out of service"),
            ("wrong_person", "Wrong person"),
            ("format", "Not a phone number"),
            ("placeholder", "Placeholder"),
        ]
    )
    is_best = fields.Boolean(string="Best")
    sequence = fields.Integer(default=10)

    _number_unique = models.UniqueIndex("(patient_id, number)", "The patient already has this number.")
    _number_index = models.Index("(number)")
    _tail_index = models.Index("(reverse(number) text_pattern_ops, patient_id)")
    _one_best = models.UniqueIndex("(patient_id) WHERE is_best", "Only one number can be the best one.")

    @api.depends("number")
    def _compute_number_masked(self):
        for line in self:
            line.number_masked = mask.phone(line.number)

    def _best(self):
        """Return the number to call first: the best, else the first not known to be invalid, else none."""
        usable = self.filtered(lambda line: line.state != "invalid")
        return (usable.filtered("is_best") or usable)[:1]

    def _mark_invalid(self, reason):
        self.write({"state": "invalid", "invalid_reason": reason, "is_best": False})

    def action_reveal(self):
        """Ask for the reason, then show the full number and log it."""
        self.ensure_one()
        return self.env["hospital.reveal"]._ask(self, "number")
