from odoo import api, fields, models

from ..clinic import states
from ..clinic.states import Refused


class HospitalAppointment(models.Model):
    """What can happen to a slot and its appointment. Each holds the session first and refuses with a reason."""

    _inherit = "hospital.appointment"

    @api.model
    def _check_bookable(self, slot):
        """Hold the session; refuse if the slot cannot be had."""
        slot.session_id._lock()
        if slot.session_id.state == "stopped":
            raise Refused("session_stopped")
        if slot.state == "booked" and not self._living(slot):
            return  # the number table said so before; now it is said by whom
        if slot.state in states.TAKEN:
            raise Refused("slot_taken", state=slot.state)
        states.check(states.SLOT, slot.state, "booked", "slot_closed")

    def _living(self, slot):
        return self.search_count([("slot_id", "=", slot.id), ("state", "in", states.TAKEN)], limit=1)

    @api.model
    def _book(self, slot, patient, values):
        """The patient takes the slot; return the appointment. ``values``: source, key, channel, time."""
        self._check_bookable(slot)
        session = slot.session_id
        twice = [("session_id", "=", session.id), ("patient_id", "=", patient.id), ("state", "in", states.EXPECTED)]
        if self.search_count(twice, limit=1):
            raise Refused("patient_twice")
        appointment = self.create(
            values
            | {
                "slot_id": slot.id,
                "patient_id": patient.id,
                "session_id": session.id,
                "date": session.date,
                "day_part": session.day_part,
                "starts_at": slot.starts_at or session.starts_at,
                "department_id": session.department_id.id,
                "employee_id": (session.substitute_id or session.employee_id).id,
                "clinic_type": session.clinic_type,
            }
        )
        slot._move("booked")
        appointment._book_instead()
        self._after_change({"booked": appointment})
        return appointment

    def _book_instead(self):
        """Who books again in the department after the clinic was stopped need not be called any more."""
        self.search(
            [
                ("patient_id", "=", self.patient_id.id),
                ("department_id", "=", self.department_id.id),
                ("rebook_state", "in", ("due", "unreached")),
            ]
        ).write({"rebook_state": "rebooked", "rebooked_id": self.id})

    def _cancel(self, at=None, reason=False):
        """The slot is free again, for whoever comes first."""
        self.session_id._lock()
        states.check(states.APPOINTMENT, self.state, "cancelled", "appointment_closed")
        was_expected = self.state in states.EXPECTED
        values = {"state": "cancelled", "cancelled_at": at or fields.Datetime.now(), "cancel_reason": reason}
        self.write(values | {"rebook_state": "declined" if self.rebook_state == "due" else self.rebook_state})
        if was_expected:
            self.slot_id._move("available")
        self._after_change({"cancelled": self})

    def _attend(self, at=None):
        """The patient was seen."""
        self.session_id._lock()
        states.check(states.APPOINTMENT, self.state, "attended", "appointment_closed")
        missed = self.state == "missed"
        self.write({"state": "attended", "attended_at": at or fields.Datetime.now()})
        self.slot_id._move("attended")
        if missed:
            self.patient_id._count_missed()
        self._after_change({"attended": self})

    @api.model
    def _unlock(self, slot):
        """Whoever was choosing let go of the slot."""
        slot.session_id._lock()
        if slot.state != "locked":
            raise Refused("slot_not_locked", state=slot.state)
        slot._move("available")

    @api.model
    def _stop(self, session, reason=False):
        """The clinic does not take place: no slot can be booked, whoever has one is to be called. Set-based."""
        session._lock()
        if session.state == "stopped":
            raise Refused("session_stopped")
        session.write({"state": "stopped", "stop_reason": reason, "substitute_id": False})
        expected = self.search([("session_id", "=", session.id), ("state", "in", states.EXPECTED)])
        expected.write({"state": "stopped", "rebook_state": "due"})
        open_states = [state for state in states.SLOT if "stopped" in states.SLOT[state]]
        slots = self.env["hospital.clinic.slot"].search([("session_id", "=", session.id), ("state", "in", open_states)])
        slots._move("stopped")
        self._after_change({"stopped": expected})
        return expected

    @api.model
    def _replace(self, session, substitute, reason=False):
        """Another doctor holds the clinic (替诊); return the appointments, which stand. Set-based."""
        session._lock()
        if session.state == "stopped":
            raise Refused("session_stopped")
        session.write({"state": "replaced", "stop_reason": reason, "substitute_id": substitute.id})
        expected = self.search([("session_id", "=", session.id), ("state", "in", states.EXPECTED)])
        expected.write({"employee_id": substitute.id})
        self._after_change({"replaced": expected})
        return expected

    @api.model
    def _cron_mark_missed(self):
        """Whoever was expected on a day that is over, in a clinic whose attendance the HIS reports, did not come.

        A clinic of which nobody was reported as seen says nothing about who came.
        """
        missed = self.search(
            [
                ("state", "in", states.EXPECTED),
                ("date", "<", self.env["res.company"]._hospital_today()),
                ("session_id.appointment_ids.state", "=", "attended"),
            ]
        )
        if not missed:
            return
        missed.session_id._lock()
        missed = missed.filtered(lambda appointment: appointment.state in states.EXPECTED)
        missed.write({"state": "missed"})
        missed.slot_id._move("missed")
        missed.patient_id._count_missed()
        self._after_change({"missed": missed})

    @api.model
    def _after_change(self, changes):
        """Hook: appointments have changed, in the transaction of the change.

        ``changes``: what happened -> the appointments it happened to. ``booked``, ``cancelled``, ``attended``,
        ``missed``, ``stopped`` (the clinic does not take place) or ``replaced`` (by another doctor). Overriders queue
        what follows from it: a message to the patient, the end of a revisit task; set-based, no commit.
        """
