from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from ..models import res_partner_visibility
from .common import HospitalCase


class TestVisibility(HospitalCase):
    """Who sees which patient, and how it follows from the visits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.doctor = cls.staff("doctor", cls.cardiology)
        cls.colleague = cls.staff("doctor", cls.cardiology)
        cls.nurse = cls.staff("nurse", cls.cardiology_ward)
        cls.head = cls.staff("head", cls.cardiology)
        cls.person = cls.patient()
        cls.stay = cls.encounter(
            cls.person, cls.doctor, department_id=cls.cardiology.id, ward_id=cls.cardiology_ward.id
        )
        cls.stranger = cls.patient("李秀兰")
        cls.encounter(cls.stranger, department_id=cls.neurology.id, ward_id=cls.neurology_ward.id)

    def sees(self, user, patient=None):
        """The search, the check of one record and the visits agree."""
        patient = patient or self.person
        self.env.invalidate_all()
        found = patient in self.seen_by(user)
        self.assertEqual(patient.with_user(user).has_access("read"), found)
        if self.env["hospital.encounter"].with_user(user).has_access("read"):
            self.assertEqual(patient in self.seen_by(user, "hospital.encounter").patient_id, found)
        return found

    def test_treating_people_see_their_patients_and_no_other(self):
        for user in (self.doctor, self.nurse, self.head):
            self.assertTrue(self.sees(user), user.login)
            self.assertFalse(self.sees(user, self.stranger), user.login)
        self.assertFalse(self.sees(self.colleague))
        with self.assertRaises(AccessError):
            self.stranger.with_user(self.doctor).read(["name"])

    def test_resident_and_responsible_nurse_see_the_patient(self):
        resident, nurse = self.staff("doctor"), self.staff("nurse")
        self.stay.write({"resident_id": resident.employee_id.id, "nurse_id": nurse.employee_id.id})
        self.assertTrue(self.sees(resident))
        self.assertTrue(self.sees(nurse))

    def test_functional_department_sees_all_others_of_the_office_none(self):
        self.assertTrue(self.sees(self.staff("functional")))
        for role in ("staff", "agent", "supervisor", "quality", "leader", "admin", "auditor", "integration"):
            self.assertFalse(self.sees(self.staff(role, self.cardiology)), role)

    def test_change_of_the_doctor_moves_the_patient(self):
        self.stay.attending_id = self.colleague.employee_id
        self.assertTrue(self.sees(self.colleague))
        self.assertFalse(self.sees(self.doctor))

    def test_cancelled_visit_gives_no_right(self):
        self.stay.state = "cancelled"
        # The visit itself stays with its doctor; the patient is nobody's.
        self.env.invalidate_all()
        self.assertNotIn(self.person, self.seen_by(self.doctor))

    def test_merged_patient_goes_with_the_visits(self):
        kept = self.patient("张伟国")
        self.stay.patient_id = kept
        self.assertTrue(self.sees(self.doctor, kept))
        self.assertFalse(self.sees(self.doctor))
        self.assertEqual(kept.last_visit_at, self.stay.admitted_at)
        self.assertFalse(self.person.last_visit_at)

    def test_account_given_later_sees_earlier_patients(self):
        employee = self.env["hr.employee"].create({"name": "New doctor"})
        self.stay.attending_id = employee
        user = new_test_user(self.env, "newdoctor", groups="hospital_base.group_doctor")
        employee.user_id = user
        self.assertTrue(self.sees(user))
        employee.user_id = False
        self.assertFalse(self.sees(user))

    def test_ward_loses_sight_90_days_after_the_discharge(self):
        discharged = datetime.now() - timedelta(days=80)
        self.stay.write(
            {
                "admitted_at": discharged - timedelta(days=5),
                "discharged_at": discharged,
                "discharge_date": discharged.date(),
                "state": "finished",
            }
        )
        self.assertTrue(self.sees(self.nurse))
        self.stay.write(
            {
                "admitted_at": discharged - timedelta(days=20),
                "discharged_at": discharged - timedelta(days=11),
                "discharge_date": (discharged - timedelta(days=11)).date(),
            }
        )
        self.assertFalse(self.sees(self.nurse))
        self.assertTrue(self.sees(self.doctor))

    def test_time_alone_takes_the_ward_key_back(self):
        discharged = datetime.now() - timedelta(days=89)
        self.stay.write(
            {
                "admitted_at": discharged - timedelta(days=5),
                "discharged_at": discharged,
                "discharge_date": discharged.date(),
                "state": "finished",
            }
        )
        self.assertTrue(self.sees(self.nurse))
        self.env.flush_all()
        # The database's clock does not move with freezegun: the discharge moves instead.
        self.env.cr.execute(
            "UPDATE hospital_encounter SET discharged_at = discharged_at - interval '3 days', "
            "discharge_date = discharge_date - 3, admitted_at = admitted_at - interval '9 days' WHERE id = %s",
            [self.stay.id],
        )
        self.env.invalidate_all()
        self.env.ref("hospital_base.schedule_refresh_care")._run_refresh_care()
        self.assertFalse(self.sees(self.nurse))

    def test_nurse_of_a_clinic_does_not_see_its_patients_for_ever(self):
        self.assertFalse(self.sees(self.staff("nurse", self.cardiology)))

    def test_head_sees_sub_departments_and_managed_ones(self):
        part = self.department("Cath lab", parent_id=self.cardiology.id)
        inside = self.patient("王芳")
        self.encounter(inside, department_id=part.id)
        self.assertTrue(self.sees(self.head, inside))
        self.neurology.manager_id = self.head.employee_id
        self.assertTrue(self.sees(self.head, self.stranger))

    def test_scope_holds_between_its_dates(self):
        cover = self.env["hospital.scope"].create(
            {
                "user_id": self.doctor.id,
                "kind": "cover",
                "department_ids": [Command.set(self.neurology.ids)],
                "date_from": date(2026, 5, 1),
                "date_to": date(2026, 5, 3),
            }
        )
        for day, visible in (("2026-04-30", False), ("2026-05-01", True), ("2026-05-03", True), ("2026-05-04", False)):
            # Noon by the hospital's clock.
            with freeze_time(f"{day} 04:00:00"):
                self.assertEqual(self.sees(self.doctor, self.stranger), visible, day)
        cover.write({"date_to": False})
        with freeze_time("2027-01-01"):
            self.assertTrue(self.sees(self.doctor, self.stranger))

    def test_leader_in_charge_of_a_department_sees_no_patient(self):
        leader = self.staff("delegated_leader")
        self.env["hospital.scope"].create(
            {"user_id": leader.id, "department_ids": [Command.set(self.cardiology.ids)], "date_from": date(2026, 1, 1)}
        )
        self.assertFalse(self.sees(leader))
        self.assertIn(self.cardiology, self.env["hr.department"].with_user(leader).search([("in_my_scope", "=", True)]))

    def test_patient_written_past_the_orm_is_seen_by_nobody(self):
        self.env.cr.execute(
            "INSERT INTO res_partner (name, complete_name, is_patient, type, active) "
            "VALUES ('赵六', '赵六', true, 'contact', true) RETURNING id"
        )
        hidden = self.env["res.partner"].browse(self.env.cr.fetchone())
        for user in (self.doctor, self.nurse, self.head, self.env.ref("base.user_admin")):
            self.assertFalse(self.sees(user, hidden))

    def test_many_patients_are_found_like_few(self):
        """Above the probe's limit the query takes another form; the answer is the same."""
        few = self.seen_by(self.head)
        self.patch(res_partner_visibility, "PROBE_LIMIT", 0)
        self.assertEqual(self.seen_by(self.head), few)
        supplier = self.env["res.partner"].create({"name": "Supplier"})
        self.assertIn(supplier, self.env["res.partner"].with_user(self.head).search([("name", "=", "Supplier")]))

    def test_ordinary_partners_stay_visible_to_all(self):
        supplier = self.env["res.partner"].create({"name": "Supplier", "email": "a@example.org", "phone": "0731-1"})
        for role in ("staff", "agent", "leader", "doctor"):
            self.assertTrue(supplier.with_user(self.staff(role)).has_access("read"))
