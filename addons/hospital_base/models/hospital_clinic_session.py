from odoo import api, fields, models

from ..clinic.states import TAKEN

CLINIC_TYPES = [
    ("normal", "General clinic"),
    ("associate", "Associate chief"),
    ("chief", "Chief"),
    ("special", "Special"),
]
DAY_PARTS = [("am", "Morning"), ("pm", "Afternoon"), ("night", "Evening")]


class HospitalClinicSession(models.Model):
    """A doctor's clinic on one part of a day (排班), as the HIS publishes it in its number table."""

    _name = "hospital.clinic.session"
    _description = "Clinic Session"
    _order = "date desc, day_part, department_id, id"

    source_id = fields.Many2one("hospital.his.source", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)
    department_id = fields.Many2one("hr.department", required=True, ondelete="restrict")
    employee_id = fields.Many2one("hr.employee", string="Doctor", ondelete="restrict")
    substitute_id = fields.Many2one(
        "hr.employee",
        string="Stands In",
        ondelete="restrict",
        index="btree_not_null",
        help="Who holds the clinic instead of the doctor.",
    )
    clinic_type = fields.Selection(CLINIC_TYPES)
    date = fields.Date(required=True)
    day_part = fields.Selection(DAY_PARTS, required=True)
    starts_at = fields.Datetime()
    ends_at = fields.Datetime()
    room = fields.Char()
    fee = fields.Float(digits=(10, 2), aggregator="avg")
    state = fields.Selection(
        [("open", "Takes place"), ("stopped", "Stopped"), ("replaced", "Another doctor stands in")],
        required=True,
        default="open",
    )
    stop_reason = fields.Char()
    capacity = fields.Integer(help="Places the HIS plans for; the slots are those it has published.")
    free_count = fields.Integer(string="Free", readonly=True)
    booked_count = fields.Integer(string="Booked", readonly=True)
    slot_ids = fields.One2many("hospital.clinic.slot", "session_id", string="Slots")
    appointment_ids = fields.One2many("hospital.appointment", "session_id", string="Appointments")

    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of a clinic session must be unique."
    )
    _ends_after_start = models.Constraint("CHECK (ends_at >= starts_at)", "A clinic cannot end before it begins.")
    _date_index = models.Index("(date DESC, day_part, department_id, id)")
    _department_index = models.Index("(department_id, date DESC)")
    _employee_index = models.Index("(employee_id, date DESC) WHERE employee_id IS NOT NULL")

    @api.depends("date", "day_part", "department_id", "employee_id", "substitute_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        parts = dict(self._fields["day_part"]._description_selection(self.env))
        for session in self:
            # Who holds a clinic is no secret, though an employee's record is.
            doctor = (session.substitute_id or session.employee_id).sudo()
            when = f"{session.date or ''} {parts.get(session.day_part, '')}".strip()
            session.display_name = " · ".join(word for word in (session.department_id.name, doctor.name, when) if word)

    def _lock(self):
        """One at a time: whoever changes a slot or an appointment holds its session first, so that nobody deadlocks.

        Under READ COMMITTED what is read afterwards is the latest; under Odoo's usual isolation whoever was slower
        gets a serialization failure here and begins again.
        """
        self.flush_recordset()
        self.env.cr.execute(
            "SELECT id FROM hospital_clinic_session WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [self.ids]
        )
        self.env.invalidate_all()

    def _count_slots(self):
        """Bring the numbers of free and booked slots into line with the slots; set-based."""
        self.env["hospital.clinic.slot"].flush_model(["session_id", "state"])
        self.env.cr.execute(
            """
            UPDATE hospital_clinic_session session SET free_count = slots.free, booked_count = slots.booked
              FROM (SELECT wanted.id,
                           count(*) FILTER (WHERE slot.state = 'available') AS free,
                           count(*) FILTER (WHERE slot.state IN %s) AS booked
                      FROM unnest(%s::int[]) AS wanted (id)
                      LEFT JOIN hospital_clinic_slot slot ON slot.session_id = wanted.id
                     GROUP BY wanted.id) slots
             WHERE session.id = slots.id
               AND (session.free_count, session.booked_count) IS DISTINCT FROM (slots.free, slots.booked)
            """,
            [TAKEN, list(self._ids)],
        )
        self.invalidate_recordset(["free_count", "booked_count"])

    def action_open_appointments(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("hospital_base.action_appointment")
        return action | {"domain": [("session_id", "in", self.ids)], "context": {}}

    def action_open_slots(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("hospital_base.action_clinic_slot")
        return action | {"domain": [("session_id", "in", self.ids)], "context": {}}
