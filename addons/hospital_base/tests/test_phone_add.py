from odoo.exceptions import AccessError, UserError

from .common import PHONE, HospitalCase


class TestPhoneAdd(HospitalCase):
    """Whoever is told a new number can write it down, and cannot look up others by it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.doctor = cls.staff("doctor", cls.cardiology)
        cls.person = cls.patient(phones=[PHONE])
        cls.encounter(cls.person, cls.doctor)

    def add(self, number, user=None, **values):
        wizard = self.env["hospital.patient.phone.add"].with_user(user or self.doctor)
        return wizard.create({"patient_id": self.person.id, "number": number, **values}).action_add()

    def test_new_number_is_called_first(self):
        self.add(" 139 1111-2222（女儿）", relation="child", contact_name="Li")
        line = self.person.phone_line_ids._best()
        self.assertEqual((line.number, line.relation, line.state), ("13911112222", "child", "unverified"))
        self.assertEqual(line.create_uid, self.doctor)  # a feed takes back only its own
        self.assertEqual(self.person.phone_masked, "139****2222")

    def test_only_the_former_best_line_is_written(self):
        """The data exchange leaves a line that a person wrote as it is."""
        former = self.person.phone_line_ids
        third = former.create({"patient_id": self.person.id, "number": "13911113333"})
        self.env.flush_all()
        self.add("13911112222")
        self.assertEqual(former.write_uid, self.doctor)
        self.assertNotEqual(third.write_uid, self.doctor)
        self.add("13911112222")
        self.assertEqual(self.person.phone_line_ids.filtered("is_best").number, "13911112222")

    def test_typed_number_is_read_by_nobody_else(self):
        values = {"patient_id": self.person.id, "number": "13911112222"}
        wizard = self.env["hospital.patient.phone.add"].with_user(self.doctor).create(values)
        with self.assertRaises(AccessError):
            wizard.with_user(self.staff("agent")).read(["number"])
        wizard.action_add()
        self.assertFalse(wizard.exists())

    def test_known_number_is_given_another_chance(self):
        self.person.phone_line_ids._mark_invalid("stopped")
        self.add(PHONE)
        self.assertEqual(self.person.phone_line_ids.mapped("state"), ["unverified"])

    def test_nonsense_is_refused(self):
        for number in ("12345", "no phone", "13911112222/13911113333"):
            with self.assertRaises(UserError):
                self.add(number)

    def test_functional_department_adds_one(self):
        self.add("13911112222", user=self.staff("functional"))
        self.assertEqual(self.person.phone_masked, "139****2222")

    def test_only_for_patients_one_sees(self):
        stranger = self.staff("doctor", self.neurology)
        with self.assertRaises(AccessError):
            self.add("13911112222", user=stranger)
