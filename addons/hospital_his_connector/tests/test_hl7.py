from odoo.exceptions import ValidationError
from odoo.tests import new_test_user, tagged

from .common import ExchangeCase


def adt(event, number, patient="P1", visit="V1", name="王小明", **more):
    """A message of type ADT; ``more`` are fields by path, such as PV1_3."""
    fields = {
        "MSH": {1: "^~\\&", 2: "HIS", 3: "XIEHE", 6: "20261101080000", 8: f"ADT^{event}", 9: number, 10: "P"},
        "PID": {1: "1", 3: patient, 5: name, 7: "19600101", 8: "M", 13: "13900001234^PRN^CP"},
        "PV1": {2: "I", 19: visit, 44: "20261101080000"},
    }  # fmt: skip
    if event == "A03":
        fields["PV1"][45] = "20261105100000"
    for path, value in more.items():
        segment, place = path.split("_")
        fields.setdefault(segment, {})[int(place)] = value
    rows = {segment: [own.get(place, "") for place in range(1, max(own) + 1)] for segment, own in fields.items()}
    return "\r".join("|".join([segment, *row]) for segment, row in rows.items())


@tagged("post_install", "-at_install")
class TestHl7(ExchangeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inbox = cls.env["hospital.his.inbox"]
        cls.source.feed_ids.active = False
        cls.feeds = cls.env["hospital.his.feed"]._add_hl7_feeds(cls.source)

    def take(self, *texts, charset="utf-8"):
        answers = self.inbox._receive_hl7(self.source.id, charset, [text.encode(charset) for text in texts])
        self.inbox._work_hl7()
        self.env["hospital.his.feed"]._unsettled()._retry_waiting()
        return [answer.decode(charset).split("\r")[1] for answer in answers]

    def visit(self, key="V1"):
        return self.env["hospital.encounter"].search([("source_id", "=", self.source.id), ("external_id", "=", key)])

    def last(self):
        return self.inbox.search([], limit=1)

    def test_a_stay_from_beginning_to_end(self):
        department = self.env["hr.department"].create(
            [{"name": name, "source_id": self.source.id, "external_id": name} for name in ("心内", "外科", "W1", "W2")]
        )
        self.assertEqual(self.take(adt("A01", "1", PV1_3="W1^01^05", PV1_10="心内")), ["MSA|AA|1"])
        visit, patient = self.visit(), self.patient("P1")
        self.assertEqual((patient.name, patient.gender, visit.patient_id), ("王小明", "male", patient))
        self.assertEqual((visit.state, visit.bed, visit.department_id), ("in_progress", "05", department[0]))
        self.take(adt("A02", "2", PV1_3="W2^02^07", PV1_10="外科"))
        self.assertEqual((visit.bed, visit.department_id, visit.ward_id), ("07", department[1], department[3]))
        self.take(adt("A08", "3", name="王明"))
        self.assertEqual((patient.name, visit.state, visit.bed), ("王明", "in_progress", "07"))
        self.take(adt("A03", "4"))
        self.assertEqual((visit.state, str(visit.discharged_at)), ("finished", "2026-11-05 02:00:00"))
        self.take(adt("A08", "5", DG1_3="I50^心力衰竭"))
        self.assertEqual((visit.state, visit.diagnosis_name), ("finished", "心力衰竭"))
        self.take(adt("A13", "6"))
        self.assertEqual((visit.state, visit.discharged_at), ("in_progress", False))
        self.take(adt("A03", "7"))
        self.take(adt("A11", "8"))
        self.assertEqual(visit.state, "cancelled")
        kinds = self.env["hospital.encounter.event"].search([("encounter_id", "=", visit.id)]).mapped("kind")
        self.assertEqual(sorted(kinds), ["cancelled", "cancelled", "transferred"])

    def test_all_of_it_in_one_batch_leaves_the_same(self):
        self.take(adt("A01", "1"), adt("A03", "2"), adt("A13", "3"), adt("A08", "4", name="王明"))
        self.assertEqual((self.visit().state, self.patient("P1").name), ("in_progress", "王明"))
        events = self.env["hospital.encounter.event"].search([("encounter_id", "=", self.visit().id)])
        self.assertEqual(events.mapped("kind"), ["cancelled"], "the discharge had been there, and was taken back")

    def test_two_quotes_delete_and_nothing_says_nothing(self):
        self.take(adt("A01", "1", PV1_3="^^05"), adt("A08", "2"))
        self.assertEqual((self.visit().bed, self.patient("P1").phone_line_ids.number), ("05", "13900001234"))
        self.take(adt("A08", "3", PV1_3='^^""'))
        self.assertFalse(self.visit().bed)

    def test_a_merge(self):
        self.take(adt("A01", "1", "P1", "V1"), adt("A01", "2", "P2", "V2"))
        self.take(adt("A40", "3", "P1", "", MRG_1="P2"))
        survivor = self.patient("P1")
        self.assertEqual(self.patient("P2").merged_into_id, survivor)
        self.assertEqual(self.visit("V2").patient_id, survivor)

    def test_a_report_per_order(self):
        text = adt("R01", "9").replace("ADT^R01", "ORU^R01")
        for number, state in (("1", "P"), ("2", "F")):
            text += f"\rOBR|{number}||LAB{number}|WBC^血常规|||20261102080000{'|' * 15}20261102100000||LAB|{state}"
            text += "\rOBX|1|NM|WBC||5.2"
        self.take(adt("A01", "1"), text)
        reports = self.env["hospital.report"].search([("source_id", "=", self.source.id)], order="external_id")
        self.assertEqual(reports.mapped("external_id"), ["LAB1", "LAB2"])
        self.assertEqual(reports.mapped("state"), ["in_progress", "reported"])
        self.assertEqual(reports.encounter_id, self.visit())

    def test_a_slot_is_booked_moved_and_free_again(self):
        department = self.env["hr.department"].create({"name": "心内"})
        session = self.env["hospital.clinic.session"].create(
            {"source_id": self.source.id, "external_id": "S1", "department_id": department.id, "date": "2026-12-01",
             "day_part": "am"}
        )  # fmt: skip
        states = []
        for number, (event, time) in enumerate((("S12", "0800"), ("S13", "0830"), ("S14", "0840"), ("S15", ""))):
            more = {"SCH_2": "A1", "SCH_5": "S1", "SCH_11": f"^^^20261201{time}"}
            self.take(adt(event, str(number), **more).replace("ADT^", "SIU^"))
            slot = self.env["hospital.clinic.slot"].search([("session_id", "=", session.id)])
            states.append((slot.state, str(slot.starts_at)[11:16]))
        self.assertEqual(states[:3], [("booked", "00:00"), ("booked", "00:30"), ("booked", "00:40")])
        self.assertEqual(states[3][0], "available")

    def test_a_cancelled_slot_is_a_cancelled_appointment(self):
        department = self.env["hr.department"].create({"name": "心内"})
        session = self.env["hospital.clinic.session"].create(
            {"source_id": self.source.id, "external_id": "S1", "department_id": department.id, "date": "2026-12-01",
             "day_part": "am"}
        )  # fmt: skip
        slots = self.env["hospital.clinic.slot"].create(
            [{"session_id": session.id, "source_id": self.source.id, "external_id": key} for key in ("A1", "A2")]
        )
        book = self.env["hospital.appointment"]._book
        self.take(adt("A01", "1"), adt("A01", "2", "P2", "V2"))
        first, second = book(slots[0], self.patient("P1"), {}), book(slots[1], self.patient("P2"), {})
        more = {"SCH_2": "A1", "SCH_5": "S1"}
        self.take(adt("S14", "3", **more).replace("ADT^", "SIU^"))
        self.assertEqual((first.state, slots[0].state), ("booked", "booked"))
        self.take(adt("S15", "4", **more).replace("ADT^", "SIU^"))
        self.assertEqual((first.state, slots[0].state), ("cancelled", "available"))
        self.assertEqual((second.state, slots[1].state), ("booked", "booked"))
        self.take(adt("S15", "5", **more).replace("ADT^", "SIU^"))
        self.assertEqual(self.last().state, "done")

    def test_what_comes_too_early_waits(self):
        department = {"name": "心内", "source_id": self.source.id, "external_id": "0101"}
        self.take(adt("A01", "1", PV1_10="0101"))
        self.assertFalse(self.visit())
        message = self.last()
        self.assertEqual((message.state, message.code), ("done", "hl7_set_aside"))
        self.assertIn("0101", message.reason)
        self.env["hr.department"].create(department)
        self.env["hospital.his.feed"]._unsettled()._retry_waiting()
        self.assertEqual(self.visit().department_id.external_id, "0101")

    def test_a_resend_is_answered_and_has_no_second_effect(self):
        first = self.inbox._receive_hl7(self.source.id, "utf-8", [adt("A01", "1").encode()])
        self.inbox._work_hl7()
        later = adt("A01", "1", MSH_6="20261101090000").encode()
        self.assertEqual(self.inbox._receive_hl7(self.source.id, "utf-8", [later, later]), first * 2)
        self.assertEqual(self.inbox._work_hl7(), 0)
        self.assertEqual(self.take(adt("A03", "1")), ["MSA|AA|1"], "a number used anew for something else is no resend")
        self.assertEqual(self.visit().state, "finished")

    def test_poison_goes_aside_and_the_others_pass(self):
        answers = self.take(
            adt("A01", "1"), adt("A01", "2", "P2", "V2", PV1_44="昨天"), "GET / HTTP/1.1", adt("A01", "4", "P4", "V4")
        )
        self.assertEqual(answers, ["MSA|AA|1", "MSA|AA|2", "MSA|AR||hl7_unreadable", "MSA|AA|4"])
        self.assertTrue(self.visit("V1") and self.visit("V4"))
        letter = self.env["hospital.his.deadletter"].search([("feed_id.source_id", "=", self.source.id)])
        self.assertEqual((letter.external_id, letter.code), ("V2", "bad_date"))
        letter.payload_text = letter.payload_text.replace("昨天", "20261101")
        letter.action_replay()
        self.assertTrue(self.visit("V2"))
        junk = self.inbox.search([("state", "=", "failed")])
        self.assertEqual((junk.payload, junk.code), ("GET / HTTP/1.1", "hl7_unreadable"))

    def test_what_nobody_foresaw_fails_alone(self):
        """A trigger stands for a fault of the program that hits one message of many."""
        self.env.cr.execute(
            """CREATE FUNCTION explode() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN IF NEW.external_id = 'P2' THEN RAISE feature_not_supported; END IF; RETURN NEW; END $$;
               CREATE TRIGGER explode BEFORE INSERT ON res_partner FOR EACH ROW EXECUTE FUNCTION explode()"""
        )
        with self.assertLogs("odoo.addons.hospital_his_connector.models.hospital_his_inbox_hl7", "ERROR") as log:
            self.take(*(adt("A01", str(n), f"P{n}", f"V{n}") for n in range(1, 6)))
        self.assertNotIn("王", "".join(log.output))
        self.assertEqual([bool(self.visit(f"V{n}")) for n in range(1, 6)], [True, False, True, True, True])
        failed = self.inbox.search([("state", "=", "failed")])
        self.assertEqual((failed.code, failed.payload), ("internal", adt("A01", "2", "P2", "V2")))
        self.env.cr.execute("DROP TRIGGER explode ON res_partner")
        failed.with_user(new_test_user(self.env, "eng", groups="hospital_base.group_integration")).action_replay()
        self.assertEqual(failed.state, "done")
        self.assertTrue(self.visit("V2"))

    def test_a_limit_of_the_database_holds_up_nobody(self):
        """PostgreSQL reports it in the same class of errors as a lost connection, which passes."""
        endless = "".join(str(n * n) for n in range(3000))
        self.take(adt("A01", "1", endless, "V1"), adt("A01", "2", "P2", "V2"))
        self.assertFalse(self.visit("V1"))
        self.assertTrue(self.visit("V2"))
        codes = self.env["hospital.his.deadletter"].search([("feed_id.source_id", "=", self.source.id)]).mapped("code")
        self.assertEqual(set(codes), {"out_of_range"})
        self.env.cr.execute(
            """CREATE FUNCTION explode() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN IF NEW.external_id = 'P3' THEN RAISE program_limit_exceeded; END IF; RETURN NEW; END $$;
               CREATE TRIGGER explode BEFORE INSERT ON res_partner FOR EACH ROW EXECUTE FUNCTION explode()"""
        )
        with self.assertLogs("odoo.addons.hospital_his_connector.models.hospital_his_inbox_hl7", "ERROR"):
            self.take(adt("A01", "3", "P3", "V3"), adt("A01", "4", "P4", "V4"))
        self.assertTrue(self.visit("V4"))
        self.assertEqual(self.inbox.search([("state", "=", "failed")]).code, "internal")

    def test_a_mapping_that_is_wrong_fails_with_its_reason(self):
        feed = self.feeds.filtered(lambda feed: feed.code == "hl7_visit")
        feed.field_ids.filtered(lambda line: line.target == "bed").column = "bed"
        self.take(adt("A01", "1"))
        self.assertEqual((self.last().state, self.last().code), ("failed", "hl7_no_path"))
        self.assertIn("“bed”", self.last().reason)

    def test_what_no_feed_takes(self):
        self.take(adt("A60", "1"))
        self.assertEqual((self.last().state, self.last().code), ("ignored", "hl7_no_feed"))

    def test_characters(self):
        self.assertEqual(self.take(adt("A01", "1", name="髙毓镕"), charset="gb18030"), ["MSA|AA|1"])
        self.assertEqual(self.patient("P1").name, "髙毓镕")
        raw = adt("A01", "2", name="王明").encode("gb18030")
        (answer,) = self.inbox._receive_hl7(self.source.id, "utf-8", [raw])
        self.assertIn(b"MSA|AR|2", answer)
        self.assertEqual((self.last().state, self.last().code), ("failed", "hl7_characters"))

    def test_configuration_is_checked(self):
        self.assertFalse(self.env["hospital.his.feed"]._add_hl7_feeds(self.source), "they are there already")
        with self.assertRaises(ValidationError):
            self.feeds[0].events = "ADT A01"
        with self.assertRaises(ValidationError):
            self.feeds[0].per_segment = "obr"
        for peers in ("10.0.0.300", "hospital", " "):
            with self.assertRaises(ValidationError):
                self.env["hospital.his.listener"].create(
                    {"name": "x", "source_id": self.source.id, "port": 2575, "peers": peers}
                )
