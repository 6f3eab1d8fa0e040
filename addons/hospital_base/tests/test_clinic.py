from datetime import date, datetime, timedelta

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from odoo.addons.hospital_base.clinic.states import Refused

from .common import HospitalCase

DAY = date(2031, 3, 3)


class TestClinic(HospitalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.doctor = cls.staff("doctor", cls.cardiology)
        cls.session = cls.make_session()
        cls.slots = cls.make_slots(cls.session, 4)
        cls.zhang, cls.li = cls.patient("张三"), cls.patient("李四")
        cls.appointments = cls.env["hospital.appointment"]

    @classmethod
    def make_session(cls, **values):
        own = {"department_id": cls.cardiology.id, "employee_id": cls.doctor.employee_id.id}
        return cls.env["hospital.clinic.session"].create(own | {"date": DAY, "day_part": "am"} | values)

    @classmethod
    def make_slots(cls, session, count, **values):
        slots = cls.env["hospital.clinic.slot"].create(
            [{"session_id": session.id, "number": number} | values for number in range(1, count + 1)]
        )
        session._count_slots()
        return slots

    def book(self, slot, patient):
        return self.appointments._book(slot, patient, {"channel": "窗口"})

    def refused(self, code, call, *args):
        with self.assertRaises(Refused) as caught:
            call(*args)
        self.assertEqual(caught.exception.code, code)

    def counts(self):
        return self.session.free_count, self.session.booked_count

    def test_a_booking_takes_the_slot_and_a_cancellation_gives_it_back(self):
        self.assertEqual(self.counts(), (4, 0))
        appointment = self.book(self.slots[0], self.zhang)
        self.assertEqual((self.slots[0].state, *self.counts()), ("booked", 3, 1))
        self.assertEqual((appointment.date, appointment.department_id), (DAY, self.cardiology))
        self.refused("slot_taken", self.book, self.slots[0], self.li)
        self.refused("patient_twice", self.book, self.slots[1], self.zhang)
        appointment._cancel(reason="有事")
        self.assertEqual((appointment.state, self.slots[0].state, *self.counts()), ("cancelled", "available", 4, 0))
        self.refused("appointment_closed", appointment._cancel)
        self.refused("appointment_closed", appointment._attend)
        self.book(self.slots[0], self.li)

    def test_the_database_itself_refuses_double_bookings(self):
        first = self.book(self.slots[0], self.zhang)
        for values in (
            {"slot_id": self.slots[0].id, "patient_id": self.li.id},
            {"slot_id": self.slots[1].id, "patient_id": self.zhang.id},
        ):
            with (
                self.assertRaises(psycopg2.errors.UniqueViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.appointments.create({"session_id": first.session_id.id, "date": DAY} | values)

    def test_what_is_not_released_or_stopped_cannot_be_booked_what_is_held_can(self):
        self.slots[0].state = "unreleased"
        self.refused("slot_closed", self.book, self.slots[0], self.zhang)
        self.slots[1].write({"state": "locked", "locked_until": fields.Datetime.now() + timedelta(minutes=15)})
        self.assertEqual(self.book(self.slots[1], self.zhang).state, "booked")
        self.assertFalse(self.slots[1].locked_until)
        self.refused("slot_not_locked", self.appointments._unlock, self.slots[1])

    def test_held_slots_are_free_again_when_their_time_is_over(self):
        now = fields.Datetime.now()
        self.slots[0].write({"state": "locked", "locked_until": now - timedelta(seconds=1)})
        self.slots[1].write({"state": "locked", "locked_until": now + timedelta(minutes=5)})
        self.session._count_slots()
        self.assertEqual(self.counts(), (2, 0))
        self.env["hospital.clinic.slot"]._cron_release_expired()
        self.assertEqual(self.slots.mapped("state"), ["available", "locked", "available", "available"])
        self.assertEqual(self.counts(), (3, 0))
        self.appointments._unlock(self.slots[1])
        self.assertEqual(self.counts(), (4, 0))

    def test_who_did_not_come_is_counted_where_attendance_is_reported(self):
        yesterday = self.env["res.company"]._hospital_today() - timedelta(days=1)
        seen, unseen = self.make_session(date=yesterday), self.make_session(date=yesterday, day_part="pm")
        slots, others = self.make_slots(seen, 2), self.make_slots(unseen, 1)
        came, absent = self.book(slots[0], self.zhang), self.book(slots[1], self.li)
        unknown = self.book(others, self.li)
        came._attend(datetime(2031, 3, 3, 1))
        self.appointments._cron_mark_missed()
        self.assertEqual((came.state, absent.state, unknown.state), ("attended", "missed", "booked"))
        self.assertEqual((slots[1].state, self.li.no_show_count, self.zhang.no_show_count), ("missed", 1, 0))
        absent._attend()
        self.assertEqual((absent.state, self.li.no_show_count), ("attended", 0))

    def test_a_stopped_clinic_leaves_its_patients_to_be_called(self):
        booked = self.book(self.slots[0], self.zhang)
        cancelled = self.book(self.slots[1], self.li)
        cancelled._cancel()
        self.assertEqual(self.appointments._stop(self.session, "专家外出"), booked)
        self.assertEqual((booked.state, booked.rebook_state, cancelled.rebook_state), ("stopped", "due", False))
        self.assertEqual(set(self.slots.mapped("state")), {"stopped"})
        self.assertEqual((self.session.state, *self.counts()), ("stopped", 0, 0))
        self.refused("session_stopped", self.book, self.slots[2], self.li)
        self.refused("session_stopped", self.appointments._stop, self.session)

        agent = self.staff("agent")
        mine = booked.with_user(agent)
        self.assertEqual(self.seen_by(agent, "hospital.appointment"), booked)
        mine.rebook_note = "想约周五"
        mine.action_unreached()
        self.assertEqual((booked.rebook_state, booked.rebook_user_id), ("unreached", agent))
        with self.assertRaises(AccessError):
            mine.state = "booked"

        # Who books again by any way is off the list.
        again = self.book(self.make_slots(self.make_session(date=date(2031, 3, 4)), 1), self.zhang)
        self.assertEqual((booked.rebook_state, booked.rebooked_id), ("rebooked", again))
        self.assertFalse(self.seen_by(agent, "hospital.appointment"))

    def test_another_doctor_stands_in_and_the_appointments_stand(self):
        booked = self.book(self.slots[0], self.zhang)
        other = self.staff("doctor", self.cardiology).employee_id
        self.assertEqual(self.appointments._replace(self.session, other, "会诊"), booked)
        self.assertEqual((booked.state, booked.employee_id, self.session.state), ("booked", other, "replaced"))
        self.assertEqual(self.book(self.slots[1], self.li).employee_id, other)

    def test_appointments_are_seen_with_their_patient_clinics_by_all(self):
        self.encounter(self.zhang, self.doctor, department_id=self.cardiology.id)
        mine, other = self.book(self.slots[0], self.zhang), self.book(self.slots[1], self.li)
        self.assertEqual(self.seen_by(self.doctor, "hospital.appointment"), mine)
        self.assertEqual(self.seen_by(self.staff("functional"), "hospital.appointment") & (mine | other), mine | other)
        staff = self.staff("staff")
        self.assertIn(self.session, self.seen_by(staff, "hospital.clinic.session"))
        self.assertIn(self.slots[0], self.seen_by(staff, "hospital.clinic.slot"))
        self.env.invalidate_all()
        self.assertIn(self.doctor.name, self.session.with_user(staff).display_name)
        for user in (staff, new_test_user(self.env, "outsider", groups="base.group_portal")):
            with self.assertRaises(AccessError):
                self.appointments.with_user(user).search([])
        with self.assertRaises(AccessError):
            self.session.with_user(self.doctor).state = "stopped"
        with self.assertRaises(AccessError):
            mine.with_user(self.doctor).action_declined()

    def test_what_changed_is_told(self):
        told = []

        def _after_change(records, changes):
            told.extend((change, appointments.ids) for change, appointments in changes.items())

        self.patch(self.registry["hospital.appointment"], "_after_change", _after_change)
        first, second = self.book(self.slots[0], self.zhang), self.book(self.slots[1], self.li)
        first._cancel()
        self.appointments._stop(self.session)
        expected = [("booked", first.ids), ("booked", second.ids), ("cancelled", first.ids), ("stopped", second.ids)]
        self.assertEqual(told, expected)
