from odoo.tests import Form, tagged

from .common import ExchangeCase


@tagged("post_install", "-at_install")
class TestCodemap(ExchangeCase):
    def test_meanings_are_chosen_from_what_the_target_allows(self):
        codemap = self.feed.field_ids.codemap_id
        codemap._collect([("2", 5)])
        codemap.invalidate_recordset()
        self.assertTrue(codemap.has_choices)
        self.assertIn("Gender", codemap.targets)
        with Form(codemap) as form:
            with form.line_ids.edit(0) as line:
                self.assertEqual((line.source_value, line.choice), ("2", False))
                self.assertEqual(
                    line.choices, [f"patient.gender.{sex}" for sex in ("male", "female", "other", "unknown")]
                )
                line.choice = "patient.gender.female"
        self.assertEqual(codemap._codes(), {"1": "male", "2": "female"})
        self.assertFalse(codemap.unmapped_count)
        labels = dict(self.env["hospital.his.codemap.line"]._fields["choice"]._description_selection(self.env))
        self.assertEqual(labels["discharge.disposition.5"], "Died")

    def test_a_table_of_a_free_value_takes_any_meaning(self):
        codemap = self.feed.field_ids.codemap_id
        self.feed.field_ids.filtered("codemap_id").target = "patient_no"
        self.assertFalse(codemap.has_choices)
        codemap.line_ids.target_value = "M"
        self.assertEqual(codemap._codes(), {"1": "M"})

    def test_values_come_from_a_spreadsheet(self):
        codemap = self.feed.field_ids.codemap_id
        lines = self.env["hospital.his.codemap.line"].with_context(**codemap.action_open_lines()["context"])
        result = lines.load(["source_value", "target_value"], [["2", "female"], ["9", "unknown"]])
        self.assertTrue(result["ids"], result["messages"])
        self.assertEqual(codemap._codes(), {"1": "male", "2": "female", "9": "unknown"})
