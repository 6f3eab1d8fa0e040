import re
from datetime import UTC
from zoneinfo import ZoneInfo

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.hospital_base.clinic.states import EXPECTED, Refused

from ..exchange.problems import where
from ..loading import direct
from ..loading.references import known
from ..soap import messages, reading
from ..soap.problems import Fault

_SESSION = [
    {"target": "external_id", "column": "sessionId"},
    {"target": "department", "column": "departmentCode"},
    {"target": "employee", "column": "doctorCode"},
    {"target": "clinic_type", "column": "clinicType"},
    {"target": "date", "column": "date", "transform": "date"},
    {"target": "day_part", "column": "dayPart"},
    {"target": "starts_at", "column": "startsAt", "transform": "datetime"},
    {"target": "ends_at", "column": "endsAt", "transform": "datetime"},
    {"target": "room", "column": "room"},
    {"target": "fee", "column": "fee", "transform": "decimal"},
    {"target": "capacity", "column": "capacity", "transform": "integer"},
    {"target": "state", "column": "state"},
    {"target": "stop_reason", "column": "stopReason"},
]
_SLOT = [
    {"target": "external_id", "column": "slotId"},
    {"target": "session", "column": "sessionId"},
    {"target": "number", "column": "number", "transform": "integer"},
    {"target": "starts_at", "column": "startsAt", "transform": "datetime"},
    {"target": "state", "column": "state"},
    {"target": "locked_until", "column": "lockedUntil", "transform": "datetime"},
]
_PATIENT = [
    {"target": "external_id", "column": "patientId"},
    {"target": "name", "column": "name"},
    {"target": "gender", "column": "gender"},
    {"target": "birth_date", "column": "birthDate", "transform": "date"},
    {"target": "id_number", "column": "idNumber", "transform": "id_number"},
    {"target": "phone", "column": "phone", "transform": "phones"},
]


class HospitalHisInbox(models.Model):
    """What the six services of the contract do. A refusal is an answer like any other, and kept like any other."""

    _inherit = "hospital.his.inbox"

    request_digest = fields.Char(readonly=True, export_string_translation=False)

    def _handle_soap(self):
        """Once more, from the list of received messages; the sender gets the answer when it repeats the request."""
        for message in self:
            try:
                request = messages.read(reading.element(message.payload), ZoneInfo(message.source_id.tz))
                with self.env.cr.savepoint():
                    message._answer_soap(request)
            except Fault as problem:
                message._close("failed", problem.code, problem.arguments)
            except Exception as error:
                message._close("failed", "internal", {"error": type(error).__name__, "where": where(error)})

    def _answer_soap(self, request):
        """Do what is asked and keep the answer; what was begun before a refusal is undone."""
        service = "_soap" + re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", request.operation)
        code, arguments, result = "soap_done", {}, {}
        try:
            with self.env.cr.savepoint():
                result = getattr(self, service)(request.values)
        except Refused as refusal:
            code, arguments = refusal.code, refusal.arguments
        values = result | {
            "resultCode": 1 if code == "soap_done" else -1,
            "errorCode": None if code == "soap_done" else code,
            "message": self._in_words(code, arguments),
        }
        is_refused = code != "soap_done"
        self._close("done", is_refused and code, is_refused and arguments, response=request.answer(values))

    def _in_words(self, code, arguments):
        return self.with_context(lang=self.env["res.users"].context_get()["lang"])._sentence(code, arguments)

    # -- the services ------------------------------------------------------------------------------------------

    def _soap_build_number_table(self, values):
        sessions = values["sessions"]["session"]
        slots = [
            slot | {"sessionId": session["sessionId"]}
            for session in sessions
            for slot in (session["slots"] or {}).get("slot") or []
        ]
        refused = direct.take(self.env, self.source_id, "clinic_session", _SESSION, sessions)
        bad = {refusal.external_id for refusal in refused}
        good = [slot for slot in slots if slot["sessionId"] not in bad]
        refused += direct.take(self.env, self.source_id, "clinic_slot", _SLOT, good)
        problems = [
            {"key": refusal.external_id, "errorCode": refusal.code, "message": self._in_words(*refusal[1:])}
            for refusal in refused
        ]
        return {"count": len(good), "problems": {"problem": problems} if problems else None}

    def _soap_confirm_booking(self, values):
        slot = self._clinic_record("hospital.clinic.slot", values["slotId"], "slot_unknown")
        Appointment = self.env["hospital.appointment"].sudo()
        if appointment := self._find("hospital.appointment", values["appointmentId"]):
            slot.session_id._lock()
            if not self._is_our_own(appointment, slot, values["patient"]["patientId"]):
                raise Refused("appointment_exists")
            return {"count": 1}
        Appointment._check_bookable(slot)
        booking = {"source_id": self.source_id.id, "external_id": values["appointmentId"], "channel": values["channel"]}
        if values["bookedAt"]:
            booking["booked_at"] = self._moment(values["bookedAt"])
        appointment = Appointment._book(slot, self._soap_patient(values["patient"]), booking)
        self.env["hospital.his.booking"]._confirmed_by(appointment)
        return {"count": 1}

    def _is_our_own(self, appointment, slot, patient_key):
        """Whether the HIS says back what we had booked there: that holds already."""
        return bool(
            self.env["hospital.his.booking"].sudo().search_count([("appointment_id", "=", appointment.id)], limit=1)
            and appointment.slot_id == slot
            and appointment.patient_id == self._known("res.partner", "patient", patient_key)
            and appointment.state in EXPECTED
        )

    def _soap_unlock_booking(self, values):
        slot = self._clinic_record("hospital.clinic.slot", values["slotId"], "slot_unknown")
        self.env["hospital.appointment"].sudo()._unlock(slot)
        return {"count": 1}

    def _soap_cancel_booking(self, values):
        appointment = self._clinic_record("hospital.appointment", values["appointmentId"], "appointment_unknown")
        appointment._cancel(self._moment(values["cancelledAt"]), values["reason"])
        return {"count": 1}

    def _soap_stop_clinic(self, values):
        session = self._clinic_record("hospital.clinic.session", values["sessionId"], "session_unknown")
        Appointment = self.env["hospital.appointment"].sudo()
        if not values["substituteCode"]:
            return {"count": len(Appointment._stop(session, values["reason"]))}
        substitute = self._known("hr.employee", "employee", values["substituteCode"])
        if not substitute:
            raise Refused("employee_unknown")
        return {"count": len(Appointment._replace(session, substitute, values["reason"]))}

    def _soap_confirm_attendance(self, values):
        appointment = self._clinic_record("hospital.appointment", values["appointmentId"], "appointment_unknown")
        appointment._attend(self._moment(values["attendedAt"]))
        if values["visitId"]:
            appointment.encounter_id = self._known("hospital.encounter", "encounter", values["visitId"])
        return {"count": 1}

    # -- finding what a message names --------------------------------------------------------------------------

    def _soap_patient(self, values):
        """The patient of a booking; one we do not know is made as the feed of patients would make it."""
        patient = self._known("res.partner", "patient", values["patientId"])
        if patient:
            return patient
        if not values["name"]:
            raise Refused("patient_unknown")
        if refused := direct.take(self.env, self.source_id, "patient", _PATIENT, [values]):
            raise Refused("patient_refused", reason=[refused[0].code, refused[0].arguments])
        return self._known("res.partner", "patient", values["patientId"])

    def _known(self, model, kind, key):
        """What a key or a code of the HIS stands for, as in a feed."""
        ((record_id,),) = self.env.execute_query(SQL("SELECT %s", known(kind, self.source_id.id, SQL("%s", key))))
        return self.env[model].sudo().browse(record_id or ())

    def _find(self, model, key):
        domain = [("source_id", "=", self.source_id.id), ("external_id", "=", key)]
        return self.env[model].sudo().search(domain, order="id", limit=1)

    def _clinic_record(self, model, key, unknown):
        record = self._find(model, key)
        if not record:
            raise Refused(unknown)
        return record

    def _moment(self, value):
        """A time of a message as Odoo keeps it; without a zone it is by the hospital's clock."""
        if not value:
            return None
        zoned = value if value.tzinfo else value.replace(tzinfo=ZoneInfo(self.source_id.tz))
        try:
            return zoned.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        except OverflowError:
            raise Refused("time_impossible") from None
