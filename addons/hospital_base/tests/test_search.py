from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from .common import ID_NUMBER, PHONE, HospitalCase


class TestSearch(HospitalCase):
    """One box finds the patient; Odoo's own boxes find none."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.doctor = cls.staff("doctor", cls.cardiology)
        cls.office = cls.staff("functional")
        cls.zhang = cls.patient("张伟国", [PHONE, "073185551111"], patient_no="P0099", id_number=ID_NUMBER)
        cls.uighur = cls.patient("买买提·艾力江", ["13911112222"], patient_no="P0100")
        cls.li = cls.patient("李%兰", ["13922223333"], patient_no="P0101")
        for patient in (cls.zhang, cls.uighur, cls.li):
            cls.encounter(patient, cls.doctor)
        cls.other = cls.patient("张伟", ["13955551234"], patient_no="P0102")
        cls.supplier = cls.env["res.partner"].create({"name": "张记药业", "email": "yaoye@example.org"})

    def found(self, text, user=None):
        self.env.cr.cache.clear()
        return self.env["res.partner"].with_user(user or self.doctor).search([("patient_search", "ilike", text)])

    def test_part_of_the_name(self):
        for text in ("张", "国", "伟国", "张伟国"):
            self.assertEqual(self.found(text), self.zhang, text)
        for text in ("买", "·", "提·艾", "买买提·艾力江"):
            self.assertEqual(self.found(text), self.uighur, text)
        self.assertEqual(self.found("%"), self.li)
        for text in ("国伟", "赵", "_"):
            self.assertFalse(self.found(text), text)

    def test_numbers(self):
        for text in (
            "1234",
            PHONE,
            "139 0000 1234",
            "+86 13900001234",
            "１３９００００１２３４",
            "01234",
            "P0099",
            "p0099",
            ID_NUMBER,
            ID_NUMBER.lower(),
        ):
            self.assertEqual(self.found(text), self.zhang, text)
        self.assertEqual(self.found("1111"), self.zhang)
        for text in ("123", "1390000", "13900001235"):
            self.assertFalse(self.found(text), text)

    def test_search_keeps_to_the_patients_one_may_see(self):
        self.assertNotIn(self.other, self.found("1234"))
        self.assertEqual(self.found("1234", self.office), self.zhang | self.other)

    def test_masked_digits_cannot_be_found_out_by_searching(self):
        self.assertIn(self.zhang, self.found("1234", self.office))
        self.assertIn(self.zhang, self.found(PHONE, self.office))
        for tail in ("01234", "0001234", "900001234"):
            self.assertFalse(self.found(tail, self.office), tail)
        guesses = [f"1390000{number:04}" for number in range(1200, 1300)]
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(self.office).search([("patient_search", "in", guesses)])

    def test_odoos_pickers_show_no_patient_even_to_those_who_may_see_them(self):
        for user in (self.doctor, self.office, self.env.ref("base.user_admin")):
            Partner = self.env["res.partner"].with_user(user)
            self.assertEqual([name for _id, name in Partner.name_search("张")], ["张记药业"])
            self.assertFalse(Partner.name_search("买"))
            mentions = str(Partner.get_mention_suggestions("张")) + str(Partner.get_mention_suggestions("买"))
            self.assertNotIn("伟国", mentions)
            self.assertNotIn("买买提", mentions)
            action = self.env["ir.actions.act_window"]._for_xml_id("contacts.action_contacts")
            self.assertIn(self.supplier, Partner.search(eval(action["domain"])))
            self.assertFalse(Partner.search(eval(action["domain"])).filtered("is_patient"))

    def test_view_that_asks_for_patients_picks_patients(self):
        Partner = self.env["res.partner"].with_user(self.doctor).with_context(search_patients=True)
        self.assertEqual(Partner.name_search("伟国"), [(self.zhang.id, "张伟国")])
        self.assertEqual(Partner.name_search("1234"), [(self.zhang.id, "张伟国")])

    @mute_logger("odoo.sql_db")
    def test_numbers_of_a_patient_have_one_place(self):
        for values in ({"phone": PHONE}, {"email": "a@example.org"}):
            with self.assertRaises(CheckViolation), self.cr.savepoint():
                self.zhang.write(values)
                self.zhang.flush_recordset()
            self.zhang.invalidate_recordset(flush=False)

    def test_masked_columns_follow_the_numbers(self):
        self.assertEqual(self.zhang.phone_masked, "139****1234")
        self.assertEqual(self.zhang.id_number_masked, "110***********002X")
        self.zhang.phone_line_ids[0]._mark_invalid("empty_number")
        self.assertEqual(self.zhang.phone_masked, "0731****1111")
