from odoo import api, fields, models
from odoo.tools import SQL

SLOT_STATES = [
    ("unreleased", "Not yet released"),
    ("available", "Free"),
    ("locked", "Held"),
    ("booked", "Booked"),
    ("checked_in", "Checked in"),
    ("attended", "Attended"),
    ("missed", "Did not come"),
    ("stopped", "Stopped"),
]


class HospitalClinicSlot(models.Model):
    """One place in a clinic session (号源). What may become of it: ``clinic/states.py``."""

    _name = "hospital.clinic.slot"
    _description = "Clinic Slot"
    _order = "session_id desc, number, id"
    _rec_name = "number"

    session_id = fields.Many2one("hospital.clinic.session", required=True, ondelete="cascade")
    source_id = fields.Many2one("hospital.his.source", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)
    number = fields.Integer(string="Number in the Queue", aggregator=None)
    starts_at = fields.Datetime(string="Time")
    state = fields.Selection(SLOT_STATES, required=True, default="available")
    locked_until = fields.Datetime(string="Held Until")
    appointment_ids = fields.One2many("hospital.appointment", "slot_id", string="Appointments")

    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of a clinic slot must be unique."
    )
    _lock_ends = models.Constraint(
        "CHECK (state <> 'locked' OR locked_until IS NOT NULL)", "A slot is held until a time."
    )
    _session_index = models.Index("(session_id, number, id)")
    _locked_index = models.Index("(locked_until) WHERE state = 'locked'")

    @api.depends("number", "starts_at", "session_id")
    @api.depends_context("tz", "lang")
    def _compute_display_name(self):
        for slot in self:
            time = slot.starts_at and self.env["res.company"]._to_hospital_clock(slot.starts_at).strftime("%H:%M")
            number = self.env._("No. %s", slot.number) if slot.number else ""
            slot.display_name = " ".join(word for word in (number, time) if word) or slot.external_id

    def _move(self, state, locked_until=False):
        """The slots, whose sessions the caller holds, get a state; who asks has checked that they may."""
        self.write({"state": state, "locked_until": locked_until})
        self.session_id._count_slots()

    @api.model
    def _cron_release_expired(self):
        """Slots that nobody booked while they were held are free again; set-based."""
        self.flush_model()
        expired = SQL("state = 'locked' AND locked_until <= now() AT TIME ZONE 'UTC'")
        # Sessions first, as everybody does; one that is being booked just now has its turn in a minute.
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM hospital_clinic_session
                    WHERE id IN (SELECT session_id FROM hospital_clinic_slot WHERE %s)
                    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED""",
                expired,
            )
        )
        sessions = self.env["hospital.clinic.session"].browse([session_id for (session_id,) in rows])
        self.env.cr.execute(
            SQL(
                """UPDATE hospital_clinic_slot
                      SET state = 'available', locked_until = NULL, write_date = now() AT TIME ZONE 'UTC'
                    WHERE session_id = ANY(%s) AND %s""",
                sessions.ids,
                expired,
            )
        )
        self.env.invalidate_all(flush=False)
        sessions._count_slots()
