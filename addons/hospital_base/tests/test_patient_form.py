from .common import HospitalCase


class TestPatientForm(HospitalCase):
    """A patient opens in the hospital's form from wherever one clicks; other partners in Odoo's."""

    def test_link_opens_the_patient_form(self):
        office = self.staff("functional")
        person = self.patient().with_user(office)
        view = self.env.ref("hospital_base.view_patient_form")
        self.assertEqual(person.get_formview_id(), view.id)
        self.assertEqual(person.get_formview_action()["views"], [(view.id, "form")])
        issue = self.env["hospital.quality.issue"].create({"patient_id": person.id, "kind": "no_phone"})
        self.assertEqual(issue.with_user(office).action_open_patient()["views"], [(view.id, "form")])
        self.assertFalse(self.env.company.partner_id.with_user(office).get_formview_id())
