import uuid
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.hospital_base.clinic.states import Refused

# How long a number is held for somebody who is choosing.
HOLD = timedelta(minutes=15)
ENDED = ("confirmed", "released")


class HospitalHisBooking(models.Model):
    """Booking a number that the HIS keeps: held on both sides, confirmed there, then booked here; or let go on both.

    No step is taken twice and none is forgotten: each is a write that is owed to the HIS. What the HIS refuses, and
    what is not confirmed in time, is taken back there too. A step without a delivery is none of the HIS's business.
    """

    _name = "hospital.his.booking"
    _inherit = ["hospital.his.message"]
    _description = "Booking in the HIS"
    _order = "id desc"
    _rec_name = "key"

    key = fields.Char(string="Booking Number", required=True, readonly=True, help="By which the HIS knows it.")
    source_id = fields.Many2one("hospital.his.source", required=True, ondelete="restrict", readonly=True)
    slot_id = fields.Many2one("hospital.clinic.slot", required=True, ondelete="restrict", readonly=True, index=True)
    patient_id = fields.Many2one("res.partner", required=True, ondelete="restrict", readonly=True, index=True)
    channel = fields.Char(readonly=True)
    state = fields.Selection(
        [
            ("holding", "Being held in the HIS"),
            ("held", "Held"),
            ("confirming", "Being confirmed in the HIS"),
            ("confirmed", "Booked on both sides"),
            ("releasing", "Being let go in the HIS"),
            ("released", "Let go on both sides"),
        ],
        required=True,
        readonly=True,
    )
    expires_at = fields.Datetime(required=True, readonly=True, string="Held Until")
    owed_id = fields.Many2one("hospital.his.outbox", readonly=True, index="btree_not_null", string="Owed Step")
    appointment_id = fields.Many2one("hospital.appointment", readonly=True, index="btree_not_null")
    code = fields.Char(string="Reason (code)", readonly=True)
    arguments = fields.Json(readonly=True, export_string_translation=False)
    reason = fields.Char(compute="_compute_reason")
    difference = fields.Selection(
        [
            ("only_here", "Booked here, not in the HIS"),
            ("only_there", "Booked in the HIS, not here"),
            ("not_released", "The HIS did not let it go"),
        ],
        readonly=True,
        help="What the comparison of the night has found.",
    )

    _key_unique = models.UniqueIndex("(source_id, key)")
    _open_index = models.Index("(expires_at) WHERE state NOT IN ('confirmed', 'released')")
    _difference_index = models.Index("(id) WHERE difference IS NOT NULL")
    _recent_index = models.Index("(source_id, create_date)")

    @api.depends("code", "arguments")
    @api.depends_context("lang")
    def _compute_reason(self):
        for booking in self:
            booking.reason = self._sentence(booking.code, booking.arguments)

    # -- the three steps --------------------------------------------------------------------------------------

    @api.model
    def _reserve(self, slot, patient, channel=False):
        """Hold a number for a patient, here at once and in the HIS soon; Refused if it is not free."""
        patient.with_env(self.env).check_access("read")
        self, slot = self.sudo(), slot.sudo()
        slot.session_id._lock()
        if slot.state != "available":
            raise Refused("slot_taken", state=slot.state)
        expires_at = fields.Datetime.now() + HOLD
        slot._move("locked", expires_at)
        booking = self.create(
            {
                "key": f"hf{uuid.uuid4().hex[:20]}",
                "source_id": slot.source_id.id,
                "slot_id": slot.id,
                "patient_id": patient.id,
                "channel": channel,
                "state": "holding",
                "expires_at": expires_at,
            }
        )
        booking._owe("lock_slot")
        return booking

    def _confirm(self):
        """The patient wants it: confirm it in the HIS; it is booked here once the HIS has said yes."""
        self = self.sudo()
        self.slot_id.session_id._lock()
        if self.state != "held" or self.expires_at <= fields.Datetime.now():
            raise Refused("slot_not_locked", state=self.slot_id.state)
        # What is under way must not be let go, nor given to somebody else, when the time to choose is over.
        self.write({"state": "confirming", "expires_at": self.expires_at + HOLD})
        self.slot_id._move("locked", self.expires_at)
        self._owe("confirm_booking")

    def _release(self, code=False, arguments=False):
        """Let go, here at once and in the HIS soon: behind what it has been told before, so that this counts."""
        for booking in self.sudo().filtered(lambda booking: booking.state not in (*ENDED, "releasing")):
            booking._free_slot()
            step = "cancel_booking" if booking.state == "confirming" else "unlock_booking"
            booking.write({"state": "releasing", "code": code, "arguments": arguments})
            if booking.owed_id.state == "waiting" and not booking.owed_id.sent_at:
                booking.owed_id._discard(self.env._("The number was let go before."))
            booking._owe(step)

    def _cancel(self, reason=False):
        """The patient does not come: the appointment is cancelled here, and in the HIS soon."""
        self = self.sudo()
        self.appointment_id._cancel(reason=reason)
        self.write({"state": "releasing", "code": "cancelled_here", "arguments": {"message": reason or ""}})
        self._owe("cancel_booking")

    @api.model
    def _book_together(self, slot, patient, channel=False):
        """Take the number in the HIS and book it here in one transaction of both, where the delivery goes together.

        The caller's transaction must not have touched the slot. Raise ReadingFailed if the HIS has given it away.
        """
        patient.with_env(self.env).check_access("read")
        slot, patient = slot.sudo(), patient.sudo()
        key, source = f"hf{uuid.uuid4().hex[:20]}", slot.source_id
        values = {"key": key, "source_id": source.id, "slot_id": slot.id, "patient_id": patient.id, "channel": channel}

        def book(env):
            booking = (
                env[self._name].sudo().create(values | {"state": "confirming", "expires_at": fields.Datetime.now()})
            )
            appointment = {"source_id": source.id, "external_id": key, "channel": channel}
            slot, patient = booking.slot_id, booking.patient_id
            booking.appointment_id = booking.env["hospital.appointment"]._book(slot, patient, appointment)
            booking.state = "confirmed"

        payload = self.new(values)._payload("take_slot")
        payload = {name: str(value) if value else None for name, value in payload.items()}
        self.env["hospital.his.transaction"]._together(source, "take_slot", key, payload, book)
        return self.sudo().search([("key", "=", key)])

    def _free_slot(self):
        self.slot_id.session_id._lock()
        if self.slot_id.state == "locked":
            self.slot_id._move("available")

    def _owe(self, step):
        self.owed_id = self.env["hospital.his.outbox"]._enqueue(
            self.source_id, step, self.key, self._payload(step), self.patient_id
        )
        if not self.owed_id:
            self._stepped()

    def _payload(self, step):
        slot, patient = self.slot_id, self.patient_id
        values = {
            "slot": slot.external_id,
            "session": slot.session_id.external_id,
            "slot_at": slot.starts_at or slot.session_id.starts_at or None,
            "appointment": self.key,
            "patient": patient.external_id,
            "channel": self.channel or None,
            "at": fields.Datetime.now(),
            "until": self.expires_at,
            "reason": self.reason or None,
        }
        if step == "confirm_booking":
            phone = patient.phone_line_ids._best()
            values |= {
                "patient_name": patient.name,
                "patient_gender": patient.gender,
                "patient_birth_date": patient.birth_date or None,
                "patient_id_number": patient.id_number or None,
                "patient_phone": phone.number or None,
            }
        return values

    # -- what the HIS has answered ------------------------------------------------------------------------------

    def _stepped(self):
        """The HIS has taken the step, or has nothing to do with it."""
        if self.state == "holding":
            self.state = "held"
        elif self.state == "confirming":
            self._book()
        elif self.state == "releasing":
            self.write({"state": "released", "difference": False})

    def _book(self):
        values = {"source_id": self.source_id.id, "external_id": self.key, "channel": self.channel}
        try:
            with self.env.cr.savepoint():
                self.appointment_id = self.env["hospital.appointment"]._book(self.slot_id, self.patient_id, values)
        except (Refused, UserError, psycopg2.IntegrityError):
            # Stopped meanwhile, say: what the HIS has confirmed is cancelled there.
            self._release("not_booked_here")
        else:
            self.write({"state": "confirmed", "code": False, "arguments": False})

    @api.model
    def _confirmed_by(self, appointment):
        """The HIS has told of the booking by a message of its own, before it answered our step."""
        own = [("source_id", "=", appointment.source_id.id), ("key", "=", appointment.external_id)]
        same = [("slot_id", "=", appointment.slot_id.id), ("patient_id", "=", appointment.patient_id.id)]
        booking = self.sudo().search([*own, *same, ("state", "in", ("holding", "held", "confirming"))])
        booking.write({"appointment_id": appointment.id, "state": "confirmed", "code": False, "arguments": False})

    def _refused(self):
        """The HIS has said no, for good."""
        owed = self.owed_id
        if self.state == "releasing":
            self.write({"difference": "not_released", "code": owed.code, "arguments": owed.arguments})
        else:
            self._release(owed.code, owed.arguments)

    @api.model
    def _expire(self):
        """Whoever was choosing has gone, or the HIS did not answer in time."""
        now = fields.Datetime.now()
        late = [("state", "in", ("holding", "held", "confirming")), ("expires_at", "<=", now)]
        for booking in self.search(late, limit=1000):
            booking._release("expired")
