import base64
import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, HttpCase, new_test_user, tagged

from .common import ExchangeCase


class VersionCase(ExchangeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engineer = new_test_user(cls.env, "exchange_version", groups="hospital_base.group_integration")
        cls.env.cr.precommit.run()
        cls.source = cls.source.with_user(cls.engineer)
        cls.feed = cls.feed.with_user(cls.engineer)

    def versions(self):
        """As if the transaction ended here."""
        self.env.cr.precommit.run()
        return self.feed.version_ids.sorted("number")


@tagged("post_install", "-at_install")
class TestVersion(VersionCase):
    def test_a_saved_change_is_one_version_that_says_what_changed(self):
        self.assertEqual(self.versions().mapped("number"), [1])
        with Form(self.feed) as form:
            form.query = "SELECT * FROM br WHERE 1 = 1"
            with form.field_ids.edit(1) as line:
                line.column = "sex"
            form.field_ids.remove(3)
        first, second = self.versions()
        self.assertEqual((first.summary, second.create_uid), ("First version", self.engineer))
        for text in ("SELECT * FROM br WHERE 1 = 1", "Feed br fills “Gender”", "xb · Code table · xb", "sex · Code"):
            self.assertIn(text, second.changes)
        self.assertIn("Phone numbers", second.changes)
        self.assertNotIn("Birth date", second.changes)
        self.assertTrue(second.is_latest)

    def test_what_means_the_same_is_no_version(self):
        self.run_feeds(self.feed.sudo())
        self.feed.write({"name": self.feed.name})
        self.feed.field_ids.codemap_id._collect([("8", 3)])
        self.assertEqual(len(self.versions()), 1)

    def test_a_code_table_belongs_to_the_feeds_that_use_it(self):
        self.feed.field_ids.codemap_id.line_ids.target_value = "female"
        version = self.versions()[-1]
        self.assertEqual(version.number, 2)
        self.assertIn("Code table xb: 1", version.changes)
        self.assertIn("Female", version.changes)
        other = self.source.feed_ids - self.feed
        self.assertEqual(other.version_count, 1)

    def test_a_former_one_is_restored(self):
        before = self.feed._definition()
        self.feed.field_ids.codemap_id.line_ids.target_value = "female"
        self.feed.write({"query": "SELECT * FROM zy", "watermark_column": False, "name": "Other"})
        self.feed.field_ids[0].unlink()
        first = self.versions()[0]
        first.action_restore()
        self.assertEqual(self.feed._definition(), before)
        self.assertEqual(self.versions().mapped("number"), [1, 2, 3])
        self.feed.active = False
        first.action_restore()
        self.assertFalse(self.feed.active, "taking a mapping back puts nothing into use, nor out of it")

    def test_who_may(self):
        self.feed.query = "SELECT * FROM zy"
        first = self.versions()[0]
        with self.assertRaises(AccessError):
            first.write({"definition": {}})
        admin = new_test_user(self.env, "exchange_version_admin", groups="hospital_base.group_admin")
        self.assertTrue(first.with_user(admin).definition_text)
        with self.assertRaises(AccessError):
            first.with_user(admin).action_restore()
        doctor = new_test_user(self.env, "exchange_version_doctor", groups="hospital_base.group_doctor")
        with self.assertRaises(AccessError):
            first.with_user(doctor).read(["definition"])


@tagged("post_install", "-at_install")
class TestImport(VersionCase, HttpCase):
    def wizard(self, data, **values):
        content = data if isinstance(data, bytes) else json.dumps(data).encode()
        values |= {"file": base64.b64encode(content)}
        return self.env["hospital.his.import"].with_user(self.engineer).create(values)

    def test_export_and_import_give_the_same_elsewhere(self):
        definition = json.loads(base64.b64decode(self.source.definition_file))
        definition["source"] |= {"code": "second", "name": "Second"}
        wizard = self.wizard(definition)
        self.assertFalse(wizard.problem)
        self.assertIn("2 new feeds, 0 known ones", wizard.headline)
        self.assertIn(">SQLite file<", wizard.preview)
        self.assertIn(">Query of the HIS<", wizard.preview)
        action = wizard.action_import()
        second = self.env["hospital.his.source"].browse(action["res_id"])
        self.assertEqual(second._export_definition(), definition)

    def test_how_rows_come_is_in_the_file(self):
        brought = {"way": "hl7", "events": "ADT^A01, ADT^A03", "per_segment": "NK1", "complete": True, "active": False}
        self.feed.write(brought | {"query": False})
        definition = self.feed._definition()
        second = self.source.create({"code": "second", "name": "Second"})
        self.wizard(definition, source_id=second.id).action_import()
        feed = second.feed_ids
        self.assertEqual({name: feed[name] for name in brought}, brought)
        self.assertEqual(feed._definition(), definition)

    def test_the_preview_shows_what_will_change_and_nothing_else(self):
        definition = self.feed._definition()
        definition["feeds"][0]["query"] = "SELECT * FROM elsewhere"
        definition["codemaps"][0]["lines"].append({"source_value": "2", "target_value": "female"})
        wizard = self.wizard(definition, source_id=self.source.id)
        self.assertIn("0 new feeds, 1 known ones, 2 differences", wizard.headline)
        self.assertIn("SELECT * FROM elsewhere", wizard.preview)
        self.assertIn("Code table xb: 2", wizard.preview)
        self.assertEqual(self.feed.query, "SELECT * FROM br;")
        wizard.action_import()
        self.assertEqual(self.feed.query, "SELECT * FROM elsewhere")
        self.assertEqual(self.feed.field_ids.codemap_id._codes(), {"1": "male", "2": "female"})
        self.assertIn("0 differences", self.wizard(definition, source_id=self.source.id).headline)

    def test_bad_files_say_what_is_wrong(self):
        good = self.feed._definition()
        for data, words in (
            (b"PK\x03\x04", "not a JSON file"),
            ({"feeds": 1}, "no feeds"),
            (good, "choose one"),
            ({**good, "source": {"code": "x", "name": "X", "driver": "dbase"}}, "dbase"),
            ({**good, "source": {"code": "x", "name": "X", "create_uid": 1}}, "create_uid"),
            ({**good, "codemaps": []}, "“xb” for “codemap”"),
        ):
            wizard = self.wizard(data)
            self.assertIn(words, wizard.problem)
            with self.assertRaises(UserError):
                wizard.action_import()
        # Well formed, and yet the database refuses it: nothing of it stays.
        bad = {**good, "source": {"code": "x", "name": "X", "connect_timeout": 0}}
        with self.assertRaises(UserError), self.assertLogs("odoo.sql_db", "ERROR"):
            self.wizard(bad).action_import()
        self.assertFalse(self.env["hospital.his.source"].search([("code", "=", "x")]))

    def test_only_those_who_see_the_connection_download_it(self):
        url = self.feed.action_export()["url"]
        self.authenticate("exchange_version", "exchange_version")
        response = self.url_open(url)
        self.assertEqual(response.json(), self.feed._definition())
        self.assertIn("attachment", response.headers["Content-Disposition"])
        self.assertEqual(self.url_open(self.source.action_export()["url"]).json(), self.source._export_definition())
        new_test_user(self.env, "exchange_version_nurse", groups="hospital_base.group_nurse")
        self.authenticate("exchange_version_nurse", "exchange_version_nurse")
        self.assertNotEqual(self.url_open(url).status_code, 200)
        self.authenticate(None, None)
        self.assertNotEqual(self.url_open(url).status_code, 200)
        with self.assertRaises(AccessError):
            self.feed.with_user(self.env.ref("base.public_user")).action_export()
