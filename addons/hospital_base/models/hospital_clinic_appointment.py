from odoo import api, fields, models
from odoo.exceptions import AccessError

from .hospital_clinic_session import CLINIC_TYPES, DAY_PARTS

APPOINTMENT_STATES = [
    ("booked", "Booked"),
    ("checked_in", "Checked in"),
    ("attended", "Attended"),
    ("missed", "Did not come"),
    ("cancelled", "Cancelled"),
    ("stopped", "Clinic stopped"),
]
# What a person writes directly; the rest comes from the HIS or by the buttons.
WRITABLE = {"rebook_note"}


class HospitalAppointment(models.Model):
    """Who booked which slot. ``hospital_clinic_booking`` holds what can happen to it."""

    _name = "hospital.appointment"
    _description = "Appointment"
    _inherit = ["hospital.audited.mixin"]
    _order = "date desc, starts_at, id"

    source_id = fields.Many2one("hospital.his.source", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False, help="The HIS's number of the booking.")
    patient_id = fields.Many2one("res.partner", required=True, ondelete="restrict", domain=[("is_patient", "=", True)])
    slot_id = fields.Many2one("hospital.clinic.slot", required=True, ondelete="restrict")
    session_id = fields.Many2one("hospital.clinic.session", required=True, ondelete="restrict")
    # Copied from the session when booked: lists, pivots and their indexes need no join.
    date = fields.Date(required=True)
    day_part = fields.Selection(DAY_PARTS)
    starts_at = fields.Datetime(string="Time")
    department_id = fields.Many2one("hr.department", ondelete="restrict")
    employee_id = fields.Many2one("hr.employee", string="Doctor", ondelete="restrict")
    clinic_type = fields.Selection(CLINIC_TYPES)
    state = fields.Selection(APPOINTMENT_STATES, required=True, default="booked")
    channel = fields.Char(string="Booked By Way Of", help="As the HIS names it: window, telephone, WeChat …")
    booked_at = fields.Datetime(string="Booked", required=True, default=fields.Datetime.now)
    cancelled_at = fields.Datetime(string="Cancelled")
    cancel_reason = fields.Char()
    attended_at = fields.Datetime(string="Attended")
    encounter_id = fields.Many2one("hospital.encounter", string="Visit", ondelete="set null", index="btree_not_null")
    rebook_state = fields.Selection(
        [
            ("due", "To be called"),
            ("rebooked", "Booked again"),
            ("declined", "Wants no other"),
            ("unreached", "Not reached"),
        ],
        string="Booking Again",
        help="What becomes of a patient whose clinic was stopped.",
    )
    rebook_note = fields.Char(string="Note")
    rebooked_id = fields.Many2one("hospital.appointment", string="Instead", ondelete="set null", index="btree_not_null")
    rebook_user_id = fields.Many2one("res.users", string="Called By", index="btree_not_null")
    phone_masked = fields.Char(related="patient_id.phone_masked", string="Phone")

    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of an appointment must be unique."
    )
    _one_per_slot = models.UniqueIndex(
        "(slot_id) WHERE state IN ('booked', 'checked_in', 'attended', 'missed')", "This slot is taken already."
    )
    _once_per_session = models.UniqueIndex(
        "(session_id, patient_id) WHERE state IN ('booked', 'checked_in')",
        "This patient already has an appointment in this clinic.",
    )
    _slot_index = models.Index("(slot_id)")
    _session_index = models.Index("(session_id)")
    _patient_index = models.Index("(patient_id, date DESC)")
    _date_index = models.Index("(date DESC, starts_at, id)")
    _department_index = models.Index("(department_id, date DESC)")
    _employee_index = models.Index("(employee_id, date DESC) WHERE employee_id IS NOT NULL")
    _rebook_index = models.Index("(date, id) WHERE rebook_state = 'due'")
    _expected_index = models.Index("(date) WHERE state IN ('booked', 'checked_in')")

    @api.depends("patient_id", "date", "department_id")
    @api.depends_context("uid")
    def _compute_display_name(self):
        for appointment in self:
            # The label masks the name of a patient whom the reader may not see.
            parts = (
                appointment.sudo().patient_id.display_name,
                appointment.department_id.name,
                appointment.date and fields.Date.to_string(appointment.date),
            )
            appointment.display_name = " · ".join(part for part in parts if part)

    def write(self, vals):
        if not self.env.su and vals.keys() - WRITABLE:
            raise AccessError(self.env._("Appointments are changed in the HIS; use the buttons for the calls."))
        return super().write(vals)

    # -- the list of patients to call ------------------------------------------------------------------------

    def action_rebooked(self):
        """The patient has another appointment or will see to it."""
        self._rebook("rebooked")

    def action_declined(self):
        self._rebook("declined")

    def action_unreached(self):
        self._rebook("unreached")

    def action_call_again(self):
        self._rebook("due")

    def _rebook(self, state):
        self.check_access("write")
        stopped = self.filtered(lambda appointment: appointment.state == "stopped")
        stopped.sudo().write({"rebook_state": state, "rebook_user_id": self.env.uid})
