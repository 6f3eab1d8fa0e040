from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form

from ..models.hospital_access_log import ONE_LOOK
from .common import ID_NUMBER, PHONE, HospitalCase


class TestReveal(HospitalCase):
    """A full number is shown after its reason is logged, and on no other way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.office = cls.staff("functional")
        cls.doctor = cls.staff("doctor", cls.cardiology)
        cls.person = cls.patient(phones=[PHONE], id_number=ID_NUMBER)
        cls.other = cls.patient("李秀兰", ["13911112222"], id_number="990000199001010017")
        cls.encounter(cls.person, cls.doctor)

    def log(self, **values):
        domain = [(name, "=", value) for name, value in values.items()]
        return self.env["hospital.access.log"].search(domain)

    def ask(self, user=None, record=None, field="number", **values):
        record = record or self.person.phone_line_ids
        return (
            self.env["hospital.reveal"]
            .with_user(user or self.office)
            .create({"res_model": record._name, "res_id": record.id, "field": field} | values)
        )

    def test_number_is_shown_and_logged_with_its_reason(self):
        wizard = self.env["hospital.reveal"].with_user(self.office)
        action = self.person.phone_line_ids.with_user(self.office).action_reveal()
        wizard = wizard.browse(action["res_id"])
        self.assertFalse(wizard.value)
        self.assertFalse(self.log(action="reveal"))
        wizard.reason = "complaint"
        wizard.action_reveal()
        self.assertEqual(wizard.value, PHONE)
        line = self.log(action="reveal")
        self.assertEqual((line.user_id, line.patient_id, line.field), (self.office, self.person, "number"))
        self.assertEqual(line.reason, "To handle a complaint")
        self.assertEqual((line.model_id.model, line.field_id.name), ("hospital.patient.phone", "number"))

    def test_no_detour_shows_it(self):
        vals = {"res_model": "res.partner", "res_id": self.person.id, "field": "id_number"}
        Reveal = self.env["hospital.reveal"].with_user(self.office)
        with self.assertRaises(AccessError):
            Reveal.create(vals | {"revealed": True})
        by_default = Reveal.with_context(default_revealed=True).create(vals)
        self.assertFalse(by_default.value)
        self.assertNotIn(ID_NUMBER, str(Reveal.onchange(vals | {"revealed": True}, ["revealed"], {"value": {}})))
        self.assertNotIn(
            ID_NUMBER, str(by_default.onchange({"revealed": True}, ["revealed"], {"value": {}, "revealed": {}}))
        )
        with self.assertRaises(AccessError):
            by_default.write({"revealed": True})
        self.assertFalse(self.log(action="reveal"))

    def test_colleague_does_not_read_what_one_has_asked_for(self):
        wizard = self.ask()
        wizard.action_reveal()
        colleague = self.staff("functional")
        with self.assertRaises(AccessError):
            wizard.with_user(colleague).read(["value"])

    def test_what_was_logged_is_what_is_shown(self):
        wizard = self.ask()
        wizard.action_reveal()
        for values in ({"res_id": self.other.phone_line_ids.id}, {"field": "id_number"}, {"res_model": "res.partner"}):
            with self.assertRaises(AccessError):
                wizard.write(values)
        for copied in ({}, {"res_id": self.other.phone_line_ids.id}):
            with self.assertRaises(AccessError):
                wizard.copy(copied)

    def test_only_numbers_of_visible_patients(self):
        with self.assertRaises(AccessError):
            self.ask(record=self.person, field="comment").action_reveal()
        agent = self.staff("agent")
        with self.assertRaises(AccessError):
            self.ask(agent).action_reveal()
        with self.assertRaises(AccessError):
            self.ask(self.staff("leader"), self.person, "id_number").action_reveal()
        self.assertFalse(self.log(action="reveal"))

    def test_log_cannot_be_changed(self):
        self.ask().action_reveal()
        line = self.log(action="reveal")
        for user in (self.staff("auditor"), self.staff("admin"), self.env.ref("base.user_root")):
            with self.assertRaises(AccessError):
                line.with_user(user).write({"reason": "x"})
            with self.assertRaises(AccessError):
                line.with_user(user).unlink()
        with self.assertRaises(AccessError):
            self.env["hospital.access.log"].with_user(self.staff("auditor")).create(
                {"user_id": self.office.id, "action": "open", "res_model": "res.partner"}
            )

    def open(self, person):
        specification = dict.fromkeys(
            ["name", "gender", "age", "patient_no", "birth_date", "id_type", "last_visit_at", "consent"], {}
        )
        person.with_user(self.doctor).web_read(specification)

    def test_opening_a_patient_leaves_a_line(self):
        self.open(self.person)
        line = self.log(action="open", patient_id=self.person.id)
        self.assertEqual(line.user_id, self.doctor)
        self.person.with_user(self.doctor).web_read({"display_name": {}})
        self.env["res.partner"].with_user(self.doctor).web_search_read([("is_patient", "=", True)], {"name": {}})
        self.assertEqual(len(self.log(action="open")), 1)

    def test_buttons_of_a_form_are_one_look(self):
        self.encounter(self.other, self.doctor)
        for person in (self.person, self.person, self.other):
            self.open(person)
        self.assertEqual(self.log(action="open").patient_id.ids, [self.other.id, self.person.id])
        with freeze_time(fields.Datetime.now() + ONE_LOOK + timedelta(minutes=1)):
            self.open(self.person)
        self.assertEqual(len(self.log(action="open", patient_id=self.person.id)), 2)

    def test_named_field_is_logged_on_every_way(self):
        self.patch(self.env.registry["hospital.case"], "_audited_fields", ("description",))
        cases = self.env["hospital.case"].create(
            [{"description": text, "patient_id": self.person.id} for text in ("Long waiting", "Rude", "Thanks")]
        )
        mine = cases.with_user(self.office)
        mine.read(["kind"])
        self.assertFalse(self.log(action="open"))
        ways = (
            lambda: mine[0].read(["description"]),
            lambda: mine[1].web_read({"description": {}}),
            lambda: mine[2].read(),
            lambda: mine.search_read([("id", "in", mine.ids)], ["description"]),
            lambda: mine.web_search_read([("id", "in", mine.ids)], {"description": {}}),
        )
        for number, way in enumerate(ways, 1):
            way()
            lines = self.log(action="open", user_id=self.office.id, field="description")
            self.assertEqual(len(lines), number)
        self.assertEqual(lines.sorted("id").mapped("count"), [1, 1, 1, 3, 3])

    def test_export_leaves_one_line_with_its_count(self):
        (self.person | self.other).with_user(self.office).export_data(["name", "phone_masked"])
        line = self.log(action="export")
        self.assertEqual((line.user_id, line.count, line.res_model), (self.office, 2, "res.partner"))
        supplier = self.env["res.partner"].create({"name": "Supplier"})
        supplier.with_user(self.office).export_data(["name"])
        self.assertEqual(len(self.log(action="export")), 1)

    def test_dialog_offers_only_the_reason(self):
        form = Form(self.ask())
        form.reason = "check"
        form.save().action_reveal()
        self.assertEqual(self.log(action="reveal").reason, "To check the identity")
