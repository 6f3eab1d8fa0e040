import sqlite3
from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.hospital_base.clinic.states import Refused

from ..exchange import parent
from ..services.exchange import send
from .common import ExchangeCase

STEPS = ("lock_slot", "confirm_booking", "unlock_booking", "cancel_booking", "list_bookings")


@tagged("post_install", "-at_install")
class TestBooking(ExchangeCase):
    """The HIS's numbers stand in a table; the deliveries are the examples of the form."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.his(
            "CREATE TABLE yy_hy (hyid PRIMARY KEY, zt DEFAULT 'free', sdsj, yylsh, djh, yysj)",
            "INSERT INTO br VALUES ('1', '张三', '1', NULL, NULL, '2026'), ('2', '李四', '1', NULL, NULL, '2026')",
        )
        cls.env["hospital.his.feed"]._run_all(cls.feed)
        for operation in STEPS:
            values = {"name": operation, "source_id": cls.source.id, "operation": operation}
            example = cls.env["hospital.his.delivery"].new(values).example
            cls.env["hospital.his.delivery"].create(values | {"statement": example})
        cls.clinic = cls.env["hospital.clinic.session"].create(
            {
                "source_id": cls.source.id,
                "external_id": "D1",
                "department_id": cls.env["hr.department"].create({"name": "心内科"}).id,
                "date": fields.Date.today() + timedelta(days=1),
                "day_part": "am",
            }
        )
        cls.child = parent.Session()
        cls.addClassCleanup(cls.child._drop)

    def slot(self, external_id):
        self.his(f"INSERT INTO yy_hy (hyid) VALUES ('{external_id}')")
        return self.env["hospital.clinic.slot"].create(
            {"session_id": self.clinic.id, "source_id": self.source.id, "external_id": external_id}
        )

    def reserve(self, external_id, patient="1"):
        slot = self.slot(external_id)
        return self.env["hospital.his.booking"]._reserve(slot, self.patient(patient), "电话")

    def go(self, settle=True):
        self.env.flush_all()
        outbox = self.env["hospital.his.outbox"]
        while lot := outbox._take(self.source.id, 0):
            results = []
            failure = send(self.child, lot, results)
            if not settle:
                return
            outbox._settle(lot, results, failure)
            self.env.flush_all()

    def there(self, external_id):
        with sqlite3.connect(self.path) as connection:
            return connection.execute("SELECT zt, djh FROM yy_hy WHERE hyid = ?", [external_id]).fetchone()

    def test_held_confirmed_booked_on_both_sides(self):
        booking = self.reserve("S1")
        self.assertEqual((booking.state, booking.slot_id.state), ("holding", "locked"))
        self.go()
        self.assertEqual((booking.state, self.there("S1")), ("held", ("locked", None)))
        booking._confirm()
        self.assertFalse(booking.appointment_id)
        self.go()
        self.assertEqual((booking.state, self.there("S1")), ("confirmed", ("booked", "1")))
        self.assertEqual((booking.slot_id.state, booking.appointment_id.external_id), ("booked", booking.key))
        with self.assertRaises(Refused):
            self.env["hospital.his.booking"]._reserve(booking.slot_id, self.patient("2"))
        booking._cancel("不来了")
        self.go()
        self.assertEqual((booking.state, self.there("S1")), ("released", ("free", None)))
        self.assertEqual((booking.slot_id.state, booking.appointment_id.state), ("available", "cancelled"))

    def test_a_number_that_the_his_has_given_away_is_let_go_here(self):
        booking = self.reserve("S2")
        self.his("UPDATE yy_hy SET zt = 'booked', djh = '9' WHERE hyid = 'S2'")
        self.go()
        self.assertEqual(
            (booking.state, booking.code, booking.slot_id.state), ("released", "nothing_matched", "available")
        )
        self.assertEqual(self.there("S2"), ("booked", "9"), "whoever has it keeps it")

    def test_a_confirmation_that_the_his_refuses_leaves_nothing(self):
        booking = self.reserve("S3")
        self.go()
        self.his("UPDATE yy_hy SET zt = 'free', yylsh = NULL WHERE hyid = 'S3'")
        booking._confirm()
        self.go()
        self.assertEqual((booking.state, booking.slot_id.state), ("released", "available"))
        self.assertEqual(self.there("S3"), ("free", None))
        self.assertFalse(booking.appointment_id)

    def test_who_does_not_confirm_in_time_lets_go(self):
        booking = self.reserve("S4")
        self.go()
        booking.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        with self.assertRaises(Refused):
            booking._confirm()
        booking._expire()
        self.assertEqual((booking.state, booking.slot_id.state), ("releasing", "available"))
        self.go()
        self.assertEqual((booking.state, booking.code, self.there("S4")), ("released", "expired", ("free", None)))

    def test_who_confirms_at_the_last_moment_keeps_it(self):
        booking = self.reserve("S11")
        self.go()
        booking.expires_at = fields.Datetime.now() + timedelta(seconds=1)
        booking._confirm()
        with freeze_time(fields.Datetime.now() + timedelta(minutes=5)):
            booking._expire()
        self.assertEqual((booking.state, booking.slot_id.state), ("confirming", "locked"))
        self.go()
        self.assertEqual((booking.state, self.there("S11")), ("confirmed", ("booked", "1")))

    def test_a_his_that_is_off_while_confirming_ends_with_nothing_booked(self):
        booking = self.reserve("S5")
        self.go()
        booking._confirm()
        confirmation = booking.owed_id
        self.go(settle=False)  # it has arrived, but the service died before it was noted
        self.env["hospital.his.outbox"]._take_back()
        booking.expires_at = fields.Datetime.now()
        booking._expire()
        self.go()
        self.assertEqual(confirmation.state, "done")
        self.assertEqual((booking.state, booking.slot_id.state), ("released", "available"))
        self.assertEqual(self.there("S5"), ("free", None), "what it was told last counts")

    def test_a_repeated_confirmation_has_one_effect(self):
        booking = self.reserve("S6")
        self.go()
        booking._confirm()
        self.go(settle=False)
        self.env["hospital.his.outbox"]._take_back()
        self.go()
        self.assertEqual((booking.state, self.there("S6")), ("confirmed", ("booked", "1")))
        self.assertEqual(len(booking.slot_id.appointment_ids), 1)

    def test_a_clinic_that_was_stopped_meanwhile_is_cancelled_in_the_his(self):
        booking = self.reserve("S7")
        self.go()
        booking._confirm()
        self.env["hospital.appointment"]._stop(self.clinic)
        self.go()
        self.assertEqual((booking.state, booking.code), ("released", "not_booked_here"))
        self.assertEqual(self.there("S7"), ("free", None))

    def test_the_comparison_of_the_night_names_what_differs(self):
        bookings = [self.reserve(slot, patient) for slot, patient in (("S8", "1"), ("S9", "2"))]
        self.go()
        for booking in bookings:
            booking._confirm()
        self.go()
        first, second = bookings
        compare = self.env["hospital.his.booking"]._compare_all
        compare()
        self.assertFalse(first.difference or second.difference)
        self.his("UPDATE yy_hy SET zt = 'free', yylsh = NULL WHERE hyid = 'S8'")
        second.appointment_id._cancel()
        compare()
        self.assertEqual((first.difference, second.difference), ("only_here", "only_there"))
        self.his("UPDATE yy_hy SET zt = 'free', yylsh = NULL WHERE hyid = 'S9'")
        first.appointment_id._cancel()
        compare()
        self.assertFalse(first.difference or second.difference)

    def test_only_who_sees_the_patient_books(self):
        slot, patient = self.slot("S10"), self.patient("1")
        doctor = new_test_user(self.env, "booking_doctor", groups="hospital_base.group_doctor")
        with self.assertRaises(AccessError):
            self.env["hospital.his.booking"].with_user(doctor)._reserve(slot, patient)
        booking = self.env["hospital.his.booking"]._reserve(slot, patient)
        agent, engineer = (
            new_test_user(self.env, f"booking_{role}", groups=f"hospital_base.group_{role}")
            for role in ("agent", "integration")
        )
        self.assertFalse(booking.with_user(agent).search([("id", "=", booking.id)]))
        self.assertEqual(booking.with_user(engineer).search([("id", "=", booking.id)]), booking)
