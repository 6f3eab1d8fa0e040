from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from odoo.addons.hospital_base.tests.common import Factories
from odoo.addons.hospital_his_connector.loading import merging

from .common import ExchangeCase

FEEDS = [
    {
        "code": "pb", "name": "排班", "kind": "clinic_session", "query": "SELECT * FROM pb", "key_column": "pbh",
        "watermark_column": "gxsj",
        "fields": [
            {"target": "department", "column": "ks"},
            {"target": "employee", "column": "ys"},
            {"target": "date", "column": "rq", "transform": "date"},
            {"target": "day_part", "column": "wb"},
            {"target": "fee", "column": "ghf", "transform": "decimal"},
            {"target": "state", "column": "zt"},
            {"target": "stop_reason", "column": "tzyy"},
        ],
    },
    {
        "code": "hy", "name": "号源", "kind": "clinic_slot", "query": "SELECT * FROM hy", "key_column": "hyh",
        "watermark_column": "gxsj",
        "fields": [
            {"target": "session", "column": "pbh"},
            {"target": "number", "column": "xh", "transform": "integer"},
            {"target": "state", "column": "zt"},
        ],
    },
]  # fmt: skip


@tagged("post_install", "-at_install")
class TestClinicFeeds(Factories, ExchangeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.his(
            "CREATE TABLE pb (pbh, ks, ys, rq, wb, ghf, zt, tzyy, gxsj)",
            "CREATE TABLE hy (hyh, pbh, xh, zt, gxsj)",
        )
        definition = {"source": {"code": "test_his"}, "feeds": FEEDS}
        cls.source = cls.env["hospital.his.source"]._import_definition(definition)
        cls.source.feed_ids.filtered(lambda feed: feed.code in ("br", "zy")).active = False
        cls.heart = cls.department("心内科", code="0101")
        cls.feeds = cls.source.feed_ids.filtered(lambda feed: feed.code in ("pb", "hy"))

    def setUp(self):
        super().setUp()
        self.his("DELETE FROM pb", "DELETE FROM hy")

    def session(self, key="S1"):
        return self.env["hospital.clinic.session"].search(
            [("source_id", "=", self.source.id), ("external_id", "=", key)]
        )

    def slots(self):
        slots = self.env["hospital.clinic.slot"].search([("source_id", "=", self.source.id)], order="external_id")
        return {slot.external_id: slot.state for slot in slots}

    def publish(self):
        self.his(
            "INSERT INTO hy VALUES ('L1', 'S1', 1, 'available', 1), ('L2', 'S1', 2, 'locked', 1)",
            "INSERT INTO hy VALUES ('L3', 'S1', 3, NULL, 1)",
            "INSERT INTO pb VALUES ('S1', '0101', 'D9', '2031-03-03', 'am', '12.50', 'open', NULL, 1)",
        )
        return self.run_feeds(self.feeds)

    def test_sessions_and_slots_are_read_and_counted(self):
        runs = self.publish()
        self.assertEqual(runs.mapped("new_count"), [1, 3])
        session = self.session()
        self.assertEqual((session.department_id, session.day_part, session.fee), (self.heart, "am", 12.5))
        self.assertEqual((session.free_count, session.booked_count), (2, 0))
        self.assertEqual(self.slots(), {"L1": "available", "L2": "locked", "L3": "available"})
        self.assertTrue(session.slot_ids.filtered(lambda slot: slot.state == "locked").locked_until)
        # The doctor was unknown when the row came.
        doctor = self.env["hr.employee"].create({"name": "医生", "staff_no": "D9"})
        self.run_feeds(self.feeds)
        self.assertEqual(session.employee_id, doctor)

    def test_a_slot_waits_for_its_session_and_nonsense_is_set_aside(self):
        self.his("INSERT INTO hy VALUES ('L1', 'S9', 1, 'available', 1), ('L2', 'S9', 2, 'weg', 1)")
        self.run_feeds(self.feeds)
        letters = self.env["hospital.his.deadletter"].search([("feed_id", "in", self.feeds.ids)])
        self.assertEqual(sorted(letters.mapped("code")), ["bad_choice", "unknown_clinic_session"])
        self.his("INSERT INTO pb VALUES ('S9', '0101', NULL, '2031-03-03', 'pm', NULL, NULL, NULL, 2)")
        self.run_feeds(self.feeds)
        self.assertEqual(self.slots(), {"L1": "available"})

    def test_a_feed_does_not_take_back_what_a_patient_booked(self):
        self.publish()
        slot = self.session().slot_ids.filtered(lambda slot: slot.external_id == "L1")
        self.env["hospital.appointment"]._book(slot, self.patient("张三"), {})
        self.his("UPDATE hy SET zt = 'available', xh = 9, gxsj = 2", "UPDATE pb SET ghf = 20, gxsj = 2")
        self.run_feeds(self.feeds)
        self.assertEqual((slot.state, slot.number), ("booked", 9))
        self.assertEqual((self.session().free_count, self.session().booked_count), (2, 1))

    def test_a_stop_in_the_feed_is_a_stop(self):
        self.publish()
        slot = self.session().slot_ids.filtered(lambda slot: slot.external_id == "L1")
        appointment = self.env["hospital.appointment"]._book(slot, self.patient("张三"), {})
        self.his("UPDATE pb SET zt = 'stopped', tzyy = '会诊', gxsj = 2")
        self.run_feeds(self.feeds)
        self.assertEqual((self.session().state, self.session().stop_reason), ("stopped", "会诊"))
        self.assertEqual((appointment.state, appointment.rebook_state), ("stopped", "due"))
        self.assertEqual(set(self.slots().values()), {"stopped"})
        self.his("UPDATE pb SET zt = 'open', gxsj = 3")
        self.run_feeds(self.feeds)
        self.assertEqual((self.session().state, self.session().free_count), ("open", 3))
        self.assertEqual(appointment.state, "stopped", "the patient was told; the HIS books again")

    def compare(self):
        self.feeds.complete = True
        self.source.vanish_limit = 100
        checks = self.env["hospital.his.reconciliation"]
        for feed in self.feeds:
            checks._queue(feed)
        checks._work()

    def test_slots_that_vanish_are_stopped_and_come_back(self):
        self.publish()
        slots = self.session().slot_ids.sorted("external_id")
        appointment = self.env["hospital.appointment"]._book(slots[0], self.patient("张三"), {})
        self.his("DELETE FROM hy WHERE hyh IN ('L1', 'L3')")
        self.compare()
        self.assertEqual(self.slots(), {"L1": "booked", "L2": "locked", "L3": "stopped"})
        self.assertEqual((appointment.state, self.session().free_count), ("booked", 0))
        # A clinic that takes place again does not bring back what the HIS no longer has.
        for state, stamp in (("stopped", 2), ("open", 3)):
            self.his(f"UPDATE pb SET zt = '{state}', gxsj = {stamp}")
            self.run_feeds(self.feeds)
        self.assertEqual(self.slots(), {"L1": "stopped", "L2": "available", "L3": "stopped"})
        self.his("INSERT INTO hy VALUES ('L3', 'S1', 3, 'unreleased', 4)")
        self.run_feeds(self.feeds)
        self.assertEqual(self.slots()["L3"], "unreleased")

    def test_a_clinic_that_vanishes_is_stopped_and_comes_back(self):
        self.publish()
        slot = self.session().slot_ids.filtered(lambda slot: slot.external_id == "L1")
        appointment = self.env["hospital.appointment"]._book(slot, self.patient("张三"), {})
        self.feeds[0].field_ids.filtered(lambda line: line.target in ("state", "stop_reason")).unlink()
        self.run_feeds(self.feeds)
        self.his("DELETE FROM pb")
        self.compare()
        self.assertEqual((self.session().state, set(self.slots().values())), ("stopped", {"stopped"}))
        self.assertTrue(self.session().stop_reason)
        self.assertEqual((appointment.state, appointment.rebook_state), ("stopped", "due"))
        self.his("INSERT INTO pb VALUES ('S1', '0101', 'D9', '2031-03-03', 'am', '12.50', 'open', NULL, 5)")
        self.run_feeds(self.feeds)
        self.assertEqual((self.session().state, self.session().stop_reason), ("open", False))
        self.assertEqual(set(self.slots().values()), {"available"})

    def test_a_clinic_that_was_stopped_for_a_reason_stays_so_and_the_past_is_left_alone(self):
        self.publish()
        self.his("INSERT INTO pb VALUES ('S0', '0101', NULL, '2024-03-04', 'am', NULL, 'open', NULL, 1)")
        self.feeds[0].field_ids.filtered(lambda line: line.target in ("state", "stop_reason")).unlink()
        self.run_feeds(self.feeds)
        self.env["hospital.appointment"]._stop(self.session(), "会诊")
        self.his("DELETE FROM pb")
        self.compare()
        self.assertEqual(self.session("S0").state, "open")
        self.his("INSERT INTO pb VALUES ('S1', '0101', 'D9', '2031-03-03', 'am', '12.50', 'open', NULL, 5)")
        self.run_feeds(self.feeds)
        self.assertEqual((self.session().state, self.session().stop_reason), ("stopped", "会诊"))

    def ask(self, operation, request, **values):
        """Have an operation of the web service done; code of the refusal, if it was one."""
        parts = "".join(f"<{name}>{value}</{name}>" for name, value in ({"requestId": request} | values).items())
        body = f'<{operation} xmlns="urn:hospital:appointments:1">{parts}</{operation}>'
        space = "http://schemas.xmlsoap.org/soap/envelope/"
        payload = f'<s:Envelope xmlns:s="{space}"><s:Body>{body}</s:Body></s:Envelope>'
        message, _is_new = self.env["hospital.his.inbox"]._receive(self.source, "soap", operation, request, payload)
        message._handle()
        self.assertEqual(message.state, "done", message.code)
        return message.code

    def test_the_his_says_who_has_booked_what_its_table_calls_booked(self):
        self.publish()
        self.his("UPDATE hy SET zt = 'booked', gxsj = 2 WHERE hyh = 'L1'")
        self.run_feeds(self.feeds)
        self.assertEqual(self.slots()["L1"], "booked")
        patient = "<patientId>{0}</patientId><name>张三</name>"
        values = {"slotId": "L1", "appointmentId": "A1", "patient": patient.format(1)}
        self.assertFalse(self.ask("ConfirmBooking", "1", **values))
        self.assertEqual(self.ask("ConfirmBooking", "2", **values), "appointment_exists")
        values = {"slotId": "L1", "appointmentId": "A2", "patient": patient.format(2)}
        self.assertEqual(self.ask("ConfirmBooking", "3", **values), "slot_taken")

    def test_what_we_booked_in_the_his_and_it_says_back_is_no_news(self):
        self.publish()
        patient, slots = self.env["res.partner"], self.session().slot_ids.sorted("external_id")
        patient = patient.create({"name": "张三", "is_patient": True, "source_id": self.source.id, "external_id": "7"})
        bookings = self.env["hospital.his.booking"]
        bookings._expire()
        values = {"patient": "<patientId>7</patientId>"}

        # Nothing is owed to this HIS, so each step is done at once.
        first = bookings._reserve(slots[0], patient)
        first._confirm()
        self.assertEqual(first.state, "confirmed")
        own = values | {"appointmentId": first.key}
        self.assertFalse(self.ask("ConfirmBooking", "1", slotId="L1", **own))
        self.assertEqual(self.ask("ConfirmBooking", "2", slotId="L3", **own), "appointment_exists")
        other = own | {"patient": "<patientId>8</patientId><name>李四</name>"}
        self.assertEqual(self.ask("ConfirmBooking", "3", slotId="L1", **other), "appointment_exists")
        self.assertEqual(len(self.session().appointment_ids), 1)
        first._cancel()

        # Its message is faster than its answer.
        second = bookings._reserve(slots[2], patient)
        second.state = "confirming"
        self.assertFalse(self.ask("ConfirmBooking", "4", slotId="L3", appointmentId=second.key, **values))
        self.assertEqual((second.state, second.appointment_id.external_id), ("confirmed", second.key))
        second._stepped()
        second._refused()
        self.assertEqual((second.state, second.appointment_id.state), ("confirmed", "booked"))

    def test_merged_patients_keep_their_appointments(self):
        self.publish()
        loser, survivor = self.patient("张三"), self.patient("张三")
        slots = self.session().slot_ids.sorted("external_id")
        book = self.env["hospital.appointment"]._book
        cancelled, clash, own = book(slots[0], loser, {}), None, book(slots[1], survivor, {})
        cancelled._cancel()
        clash = book(slots[2], loser, {})
        merging.merge(self.env, {loser.id: survivor.id})
        self.assertEqual((cancelled | own).patient_id, survivor)
        self.assertEqual(clash.patient_id, loser, "nobody sits in one clinic twice")

    def test_a_message_that_failed_is_replayed_by_a_person(self):
        self.publish()
        body = '<UnlockBooking xmlns="urn:hospital:appointments:1">%s<slotId>L2</slotId></UnlockBooking>'
        body %= "<requestId>1</requestId>"
        space = "http://schemas.xmlsoap.org/soap/envelope/"
        inbox = self.env["hospital.his.inbox"]
        for key, payload in (
            ("good", f'<s:Envelope xmlns:s="{space}"><s:Body>{body}</s:Body></s:Envelope>'),
            ("broken", "<s:Envelope"),
        ):
            message, _is_new = inbox._receive(self.source, "soap", "UnlockBooking", key, payload)
            message._close("failed", "internal", {})
        good, broken = inbox.search([("source_id", "=", self.source.id)], order="id")
        (good | broken).action_replay()
        self.assertEqual((good.state, self.slots()["L2"]), ("done", "available"))
        self.assertIn("resultCode>1<", good.response)
        self.assertEqual((broken.state, broken.code, broken.attempts), ("failed", "soap_xml", 2))

    def test_clients_are_kept_by_the_engineer_and_checked(self):
        values = {
            "name": "自助机",
            "code": "kiosk",
            "source_id": self.source.id,
            "allowed_ips": "10.1.2.3, 10.2.0.0/16",
        }
        engineer = self.staff("integration")
        client = self.env["hospital.his.client"].with_user(engineer).create(values)
        self.assertTrue(client.user_id.share)
        self.assertFalse(client.may_stop_clinic, "what is not allowed is forbidden")
        key = client.action_new_key()["context"]["default_key"]
        keys = self.env["res.users.apikeys"]
        self.assertEqual(keys._check_credentials(scope="hospital.soap", key=key), client.user_id.id)
        self.assertFalse(keys._check_credentials(scope="rpc", key=key), "it opens nothing else")
        client.action_new_key()
        self.assertFalse(keys._check_credentials(scope="hospital.soap", key=key), "the earlier one holds no more")
        account = client.user_id
        with self.assertRaises(AccessError):  # with the client it would be switched off
            client.user_id = self.env.ref("base.user_admin")
        self.assertEqual(client.user_id, account)
        for wrong in (
            {"allowed_ips": "10.1.2"},
            {"auth": "token"},
            {"auth": "token", "username": "a", "secret_ref": "../b"},
        ):
            with self.assertRaises(ValidationError):
                client.write(wrong)
        for role in ("doctor", "functional", "admin"):
            with self.assertRaises(AccessError):
                self.env["hospital.his.client"].with_user(self.staff(role)).create(values | {"code": role})
