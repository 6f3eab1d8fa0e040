from datetime import datetime

from odoo.exceptions import AccessError
from odoo.tests import Form

from .common import HospitalCase

DIED = datetime(2026, 3, 2, 4)


class TestCorrect(HospitalCase):
    """What the HIS has wrong about a patient is put right by a person, with a reason."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.head = cls.staff("head", cls.cardiology)
        cls.office = cls.staff("functional")
        cls.person = cls.patient(deceased=True, deceased_at=DIED, consent="given", disclosure="family_only")
        cls.encounter(cls.person, department_id=cls.cardiology.id)
        cls.issue = cls.env["hospital.quality.issue"].create(
            {"patient_id": cls.person.id, "kind": "death_contradicted"}
        )

    def correct(self, user, **values):
        wizard = self.env["hospital.patient.correct"].with_user(user)
        wizard.create({"patient_id": self.person.id, "reason": "The family called", **values}).action_correct()
        return self.env["hospital.access.log"].search([("action", "=", "change")], order="field")

    def test_death_is_taken_back(self):
        log = self.correct(self.head, deceased=False)
        self.assertEqual((self.person.deceased, self.person.deceased_at), (False, False))
        self.assertEqual((self.person.consent, self.person.disclosure), ("given", "family_only"))
        self.assertEqual(self.issue.state, "resolved")
        self.assertEqual(log.mapped("field"), ["deceased", "deceased_at"])
        self.assertEqual((log.user_id, log.patient_id, log[0].reason), (self.head, self.person, "The family called"))

    def test_only_what_differs_is_written(self):
        log = self.correct(self.office, do_not_contact=True)
        self.assertTrue(self.person.do_not_contact)
        self.assertEqual((self.person.deceased, self.person.deceased_at), (True, DIED))
        self.assertEqual(log.mapped("field"), ["do_not_contact"])
        self.assertEqual(self.issue.state, "open")

    def test_dialog_begins_with_what_is_there(self):
        dialog = self.env["hospital.patient.correct"].with_user(self.office)
        form = Form(dialog.with_context(default_patient_id=self.person.id))
        self.assertEqual((form.deceased, form.deceased_at, form.disclosure), (True, DIED, "family_only"))
        form.disclosure = "confidential"
        form.reason = "Wish of the family"
        form.save().action_correct()
        self.assertEqual(self.person.disclosure, "confidential")
        self.assertEqual(self.person.consent, "given")

    def test_only_for_those_in_charge(self):
        for user in (
            self.staff("head", self.neurology),
            self.staff("doctor", self.cardiology),
            self.staff("agent"),
            self.staff("admin"),
        ):
            with self.assertRaises(AccessError):
                self.correct(user, deceased=False)
