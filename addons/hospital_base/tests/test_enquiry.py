from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError

from ..models.hospital_enquiry import KINDS, MOST_PATIENTS, PATIENT_KINDS
from .common import ROLES, HospitalCase


class TestEnquiry(HospitalCase):
    """What callers ask, who may answer it, and the line it leaves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = cls.staff("agent")
        cls.doctor = cls.staff("doctor", cls.cardiology)
        cls.drugs = cls.env["hospital.drug"].create(
            [
                {"name": "阿莫西林胶囊", "trade_name": "再林", "code": "X001", "spec": "0.25g×24粒", "unit": "盒",
                 "price": 12.5, "insurance_class": "a", "self_pay_share": 0},
                {"name": "复方阿莫西林片", "code": "X002", "price": 30, "insurance_class": "b", "self_pay_share": 10,
                 "in_stock": False},
                {"name": "长春新碱注射液", "code": "X003", "price": 0.0875, "insurance_class": "c"},
            ]
        )  # fmt: skip
        cls.person = cls.patient("欧阳娜娜", patient_no="P70001")
        cls.stay = cls.encounter(
            cls.person, cls.doctor, ward_id=cls.cardiology_ward.id, bed="12", medical_record_no="B70001",
            diagnosis_name="心力衰竭",
        )  # fmt: skip

    def ask(self, kind, text="", user=None, **options):
        return self.env["hospital.enquiry"].with_user(user or self.agent).ask(kind, text, **options)

    def names(self, kind, text, column="name", user=None):
        return [row["values"][column] for row in self.ask(kind, text, user)["rows"]]

    def test_drugs_are_found_by_initials_sounds_and_parts_of_the_name(self):
        for text in ("amxl", "AMXL", "amxljn", "amoxilin", "阿莫西林胶囊", "莫西 胶囊", "zl", "x001", "jn amxl"):
            self.assertIn("阿莫西林胶囊", self.names("drug", text), text)
        self.assertEqual(self.names("drug", "amxl"), ["阿莫西林胶囊", "复方阿莫西林片"], "its beginning comes first")
        self.assertEqual(self.names("drug", "ccxj"), ["长春新碱注射液"])
        self.assertEqual(self.names("drug", "zcxj"), ["长春新碱注射液"], "长 is chang and zhang")
        self.assertEqual(self.names("drug", "青霉素"), [])
        self.assertEqual(len(self.names("drug", "'; --")), 3, "signs are not looked for")

    def test_a_changed_name_is_found_by_the_new_one(self):
        self.drugs[2].name = "重组人干扰素"
        self.assertEqual(self.names("drug", "czr"), ["重组人干扰素"])
        self.assertEqual(self.names("drug", "zzr"), ["重组人干扰素"])
        self.assertEqual(self.names("drug", "ccxj"), [])

    def test_an_answer_can_be_read_aloud(self):
        answer = self.ask("drug", "amxljn")
        self.assertEqual(answer["rows"][0]["say"], "阿莫西林胶囊, 再林, 0.25g×24粒, 12.50 yuan per 盒, Class A, "
                         "patient pays 0 %, in stock")  # fmt: skip
        self.assertEqual(answer["rows"][0]["values"]["price"], 12.5)
        self.assertEqual(answer["origin"], "synchronised")
        self.assertFalse(answer["more"])
        self.assertTrue(self.ask("drug", "", limit=2)["more"])
        self.assertIn("0.0875 yuan", self.ask("drug", "ccxj")["rows"][0]["say"])

    def test_items_and_phones(self):
        self.env["hospital.exam.item"].create(
            {"name": "腹部彩色多普勒超声", "alias": "彩超", "kind": "exam", "price": 120, "preparation": "空腹8小时",
             "department_id": self.cardiology.id}
        )  # fmt: skip
        self.env["hospital.department.phone"].create(
            {"department_id": self.neurology.id, "purpose": "护士站", "number": "0620-8810"}
        )
        self.assertEqual(self.names("exam_item", "cc", "preparation"), ["空腹8小时"])
        self.assertEqual(self.names("phone", "neuro", "number"), ["0620-8810"])
        self.assertEqual(self.names("phone", "hsz", "number"), ["0620-8810"])
        self.neurology.name = "康复科"
        self.assertEqual(self.names("phone", "kfk", "number"), ["0620-8810"], "the department has another name")

    def test_the_mobile_of_a_leader_is_for_few(self):
        self.env["hospital.directory.entry"].create(
            {"name": "王院长", "post": "院长", "level": "upper", "office_phone": "0620-1", "mobile": "16011112222"}
        )
        for role in ROLES:
            answer = self.ask("leader", "wyz", self.staff(role))
            allowed = role in ("supervisor", "functional", "leader", "delegated_leader", "admin")
            self.assertEqual("16011112222" in str(answer), allowed, role)
            self.assertIn("0620-1", str(answer))
        with self.assertRaises(AccessError):
            self.env["hospital.directory.entry"].with_user(self.agent).search([]).read(["mobile"])
        with self.assertRaises(AccessError):
            self.env["hospital.directory.entry"].with_user(self.agent).search([("mobile", "like", "160")])

    def test_an_agent_finds_an_inpatient_by_name_or_number_and_hears_no_diagnosis(self):
        for text in ("欧阳娜娜", "欧阳", "P70001", "p70001", "B70001"):
            answer = self.ask("inpatient", text)
            self.assertEqual([row["cells"] for row in answer["rows"]],
                             [["欧阳娜娜", self.cardiology_ward.name, "bed 12"]], text)  # fmt: skip
            self.assertNotIn("心力衰竭", str(answer))
        for text in ("", "欧", "1", "70"):
            answer = self.ask("inpatient", text)
            self.assertFalse(answer["rows"])
            self.assertTrue(answer["notice"])
        self.assertFalse(self.ask("inpatient", "欧阳 %_")["rows"])

    def test_who_left_or_is_confidential_is_not_told_of(self):
        self.person.disclosure = "confidential"
        self.assertFalse(self.ask("inpatient", "欧阳")["rows"])
        self.assertTrue(self.ask("inpatient", "欧阳", self.doctor)["rows"], "who treats the patient knows")
        self.person.disclosure = "family_only"
        self.assertTrue(self.ask("inpatient", "欧阳")["rows"])
        self.stay.write({"state": "finished", "discharged_at": fields.Datetime.now()})
        self.assertFalse(self.ask("inpatient", "欧阳")["rows"])

    def test_who_treats_patients_asks_about_the_own_ones_only(self):
        self.encounter(self.patient("欧阳锋"), ward_id=self.neurology_ward.id)
        self.assertEqual(self.names("inpatient", "", "patient", self.doctor), ["欧阳娜娜"])
        self.assertEqual(self.names("inpatient", "欧阳", "patient", self.staff("doctor")), [])
        self.assertEqual(len(self.names("inpatient", "欧阳", "patient", self.staff("functional"))), 2)

    def test_every_look_at_a_patient_is_logged(self):
        log = self.env["hospital.access.log"]
        before = log.search_count([])
        self.ask("inpatient", "欧阳")
        line = log.search([], limit=1)
        self.assertEqual(log.search_count([]), before + 1)
        self.assertEqual((line.user_id, line.patient_id, line.action), (self.agent, self.person, "open"))
        self.assertIn("欧阳", line.reason)
        self.ask("inpatient", "诸葛")
        self.ask("drug", "amxl")
        self.assertEqual(log.search_count([]), before + 1)

    def test_no_more_patients_than_anybody_reads_to_a_caller(self):
        for number in range(MOST_PATIENTS + 5):
            self.encounter(self.patient(f"司马{number}"), ward_id=self.cardiology_ward.id)
        answer = self.ask("inpatient", "司马", limit=1000)
        self.assertEqual(len(answer["rows"]), MOST_PATIENTS)
        self.assertTrue(answer["more"])

    def test_operations_of_the_day(self):
        now = fields.Datetime.now()
        values = {"patient_id": self.person.id, "encounter_id": self.stay.id, "name": "冠脉支架植入术", "room": "3"}
        surgery = self.env["hospital.surgery"].create(
            [values | {"scheduled_at": now}, values | {"scheduled_at": now + timedelta(days=1)}]
        )
        rows = self.ask("surgery", "欧阳")["rows"]
        self.assertEqual([row["values"]["scheduled_at"] for row in rows], [str(surgery[0].scheduled_at)])
        self.assertNotIn("支架", str(rows))
        self.assertIn("Planned", rows[0]["say"])
        surgery[0].state = "in_progress"
        self.assertIn("In progress", self.ask("surgery", "欧阳")["rows"][0]["say"])

    def test_expert_and_senior_expert_clinics(self):
        today = self.env["res.company"]._hospital_today()
        doctor = self.doctor.employee_id
        doctor.write({"name": "曾重光", "specialty": "心律失常"})
        values = {"department_id": self.cardiology.id, "employee_id": doctor.id, "day_part": "am", "fee": 50}
        self.env["hospital.clinic.session"].create(
            [
                values | {"clinic_type": kind, "date": today + timedelta(days=days), "state": state}
                for kind, days, state in (
                    ("chief", 1, "open"), ("associate", 2, "stopped"), ("special", 3, "open"),
                    ("normal", 1, "open"), ("chief", -1, "open"), ("chief", 30, "open"),
                )
            ]
        )  # fmt: skip
        days = [str(today + timedelta(days=n)) for n in (1, 2, 3)]
        for text in ("", "曾重光", "zcg", "czg", "cardio"):
            self.assertEqual(self.names("expert", text, "date"), days[:2], text)
            self.assertEqual(self.names("senior_expert", text, "date"), days[2:], text)
        self.assertIn("Stopped", self.ask("expert", "zcg")["rows"][1]["say"])
        self.assertIn("心律失常", self.ask("senior_expert")["rows"][0]["say"])

    def test_which_role_answers_what(self):
        for role in ROLES:
            user = self.staff(role)
            kinds = {count["kind"] for count in self.env["hospital.enquiry"].with_user(user).counts("")}
            treats = role in ("agent", "supervisor", "nurse", "doctor", "head", "functional")
            self.assertEqual(kinds, set(KINDS) - (set() if treats else set(PATIENT_KINDS)), role)
            for kind in set(KINDS) - kinds:
                with self.assertRaises(AccessError):
                    self.ask(kind, "欧阳", user)

    def test_counts_do_not_look_at_patients(self):
        counts = {
            row["kind"]: row["count"] for row in self.env["hospital.enquiry"].with_user(self.agent).counts("amxl")
        }
        self.assertEqual(counts["drug"], 2)
        self.assertEqual(counts["phone"], 0)
        self.assertIsNone(counts["inpatient"])

    def test_nonsense_is_refused_in_words(self):
        for arguments in (("weather", ""), ("drug", 7), ("drug", "", "many")):
            with self.assertRaises(ValidationError):
                self.env["hospital.enquiry"].with_user(self.agent).ask(*arguments)
