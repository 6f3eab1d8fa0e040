import io
from datetime import timedelta
from unittest.mock import patch

from dateutil.relativedelta import relativedelta
from openpyxl import load_workbook

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.hospital_base.identity import mask
from odoo.addons.hospital_base.tests.common import HospitalCase

from ..models import hospital_message_block, hospital_message_deletion, hospital_message_export


class HistoryCase(HospitalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.messages = cls.env["hospital.message"]
        cls.env.cr.execute("DELETE FROM hospital_message_figure")
        cls.doctor = cls.staff("doctor", cls.cardiology)
        cls.office = cls.staff("functional")
        cls.supervisor = cls.staff("supervisor")
        cls.agent = cls.staff("agent")
        cls.mine = cls.patient("张伟国", phones=["13900001234"])
        cls.other = cls.patient("李秀英", phones=["13900005678"])
        cls.encounter(cls.mine, doctor=cls.doctor, department_id=cls.cardiology.id)
        cls.env.flush_all()

    @classmethod
    def message(cls, text="您好，请按时复查", at=None, **values):
        """One that was delivered at ``at`` (now); its id and ``create_date`` are of that time, as in a true history."""
        at = at or fields.Datetime.now()
        patient = values.get("patient_id") and cls.env["res.partner"].browse(values["patient_id"])
        number = patient.phone_line_ids[:1].number if patient else "13800000000"
        message = cls.messages.create(
            {
                "text": text,
                "number": number,
                "number_masked": mask.phone(number),
                "purpose": "notice",
                "state": "delivered",
                "code": "DELIVRD",
                "plan_at": at,
                "sent_at": at,
            }
            | values
        )
        cls.env.flush_all()
        cls.env.cr.execute("UPDATE hospital_message SET create_date = %s WHERE id = %s", [at, message.id])
        message.invalidate_recordset()
        return message

    def found(self, user, *domain):
        return self.messages.with_user(user).search(list(domain)).with_env(self.env)


@tagged("post_install", "-at_install")
class TestHistory(HistoryCase):
    def test_who_sees_a_message(self):
        of_mine = self.message(patient_id=self.mine.id)
        of_other = self.message(patient_id=self.other.id)
        sent = self.message(patient_id=self.other.id, sender_id=self.agent.id)
        nobodys = self.message(sender_id=self.office.id)
        all_of_them = of_mine | of_other | sent | nobodys
        for user, seen in {
            self.doctor: of_mine,
            self.agent: sent,
            self.office: all_of_them,
            self.supervisor: nobodys,
        }.items():
            self.assertEqual(self.found(user) & all_of_them, seen, user.login)
            self.assertEqual(all_of_them.with_user(user)._filtered_access("read").with_env(self.env), seen, user.login)
        leader = self.staff("delegated_leader", self.cardiology)
        with self.assertRaises(AccessError):
            self.messages.with_user(leader).search([])

    def test_receiver_by_number_tail_and_name(self):
        first = self.message(patient_id=self.mine.id)
        second = self.message(patient_id=self.other.id)
        alone = self.message(number="13812345678", number_masked="138****5678")
        for text, hits in {
            "13900001234": first,
            "1234": first,
            "5678": second | alone,
            "秀英": second,
            "王": self.messages,
        }.items():
            found = self.found(self.office, ("receiver_search", "ilike", text))
            self.assertEqual(found & (first | second | alone), hits, text)

    def test_numbers_are_not_guessed_on(self):
        """Who sees masked numbers finds four digits or the whole number, not five, and few numbers at a time."""
        message = self.message(patient_id=self.mine.id)
        self.assertNotIn(message, self.found(self.office, ("receiver_search", "ilike", "01234")))
        with self.assertRaises(AccessError):
            for tail in range(5):
                self.found(self.office, ("receiver_search", "ilike", f"1390000123{tail}"))

    def test_text_in_blocks_and_after(self):
        """A word is found among the indexed messages and among those that came since, whole words only."""
        old = self.message("请空腹到彩超室检查")
        near = self.message("彩色 B 超室")
        blocks = self.env["hospital.message.block"]
        self.env.cr.execute("DELETE FROM hospital_message_block")
        with patch.object(hospital_message_block, "CHUNK", 10**9):
            blocks._extend(near.id + hospital_message_block.SIZE)
        self.assertGreater(blocks._end(), near.id)
        self.env.cr.execute("SELECT setval('hospital_message_id_seq', %s)", [blocks._end()])
        new = self.message("彩超已改到周二")
        everything = old | near | new
        for word, hits in {"彩超": old | new, "彩超室": old, "b 超": near, "超彩": self.messages}.items():
            self.assertEqual(self.found(self.office, ("text_search", "ilike", word)) & everything, hits, word)
        with self.assertRaises(UserError):
            self.found(self.office, ("text_search", "ilike", "超"))

    def test_a_common_word_is_found_too(self):
        message = self.message("请按时复查")
        with patch.object(hospital_message_block, "MANY", 0):
            self.assertIn(message, self.found(self.office, ("text_search", "ilike", "复查")))

    def test_time_is_that_of_sending(self):
        now = fields.Datetime.now()
        early = self.message(at=now - timedelta(days=40))
        late = self.message(at=now - timedelta(days=2))
        planned = self.message(state="queued", sent_at=False, plan_at=now + timedelta(days=3))
        window = [("moment", ">=", now - timedelta(days=41)), ("moment", "<", now - timedelta(days=39))]
        everything = early | late | planned
        self.assertEqual(self.found(self.office, *window) & everything, early)
        self.assertEqual(self.found(self.office, ("moment", ">=", now)) & everything, planned)

    def test_what_waited_long_is_found_by_its_time(self):
        """Ids tell the time of most messages, not of one that was made forty days before it was sent."""
        now = fields.Datetime.now()
        waited = self.message(at=now - timedelta(days=1))
        self.env.cr.execute("SELECT min(id) - 1 FROM hospital_message")
        [first] = self.env.cr.fetchone()
        self.env.cr.execute(
            "UPDATE hospital_message SET id = %s, create_date = %s WHERE id = %s",
            [first, now - timedelta(days=40), waited.id],
        )
        self.env.invalidate_all()
        waited, new = self.messages.browse(first), self.message(at=now)
        self.assertEqual(
            self.found(self.office, ("moment", ">=", now - timedelta(days=2))) & (waited | new), new | waited
        )
        self.assertEqual(self.found(self.office, ("moment", "<", now - timedelta(hours=1))) & (waited | new), waited)

    def test_explained_in_words(self):
        """Why it was not sent, or what the operator says of it; of what was delivered there is nothing to say."""
        gateway = self.env["hospital.gateway"].create({"name": "Test"})
        dead = self.message(state="excluded", reason="deceased", code=False)
        failed = self.message(state="failed", code="UNDELIV", gateway_id=gateway.id)
        fine = self.message(gateway_id=gateway.id)
        self.assertEqual(dead.meaning, "the patient has died")
        self.assertTrue(failed.meaning)
        self.assertFalse(fine.meaning)
        exported = self.env["hospital.message.export"].with_user(self.office).begin([("id", "in", [dead.id])], "")
        file = self.env["ir.attachment"].browse(int(exported["url"].split("?")[0].split("/")[-1])).sudo()
        self.assertIn(dead.meaning, [cell.value for row in load_workbook(io.BytesIO(file.raw)).active for cell in row])

    def test_send_again_is_a_new_message(self):
        failed = self.message(state="failed", patient_id=self.mine.id, sender_id=self.agent.id)
        action = failed.with_user(self.agent).action_send_again()
        new = self.messages.browse(action["res_id"])
        self.assertEqual((new.root_id, new.text, failed.state), (failed, failed.text, "failed"))
        with self.assertRaises(UserError):
            self.message(sender_id=self.agent.id).with_user(self.agent).action_send_again()
        with self.assertRaises(AccessError):
            self.message(state="failed", patient_id=self.mine.id).with_user(self.agent).action_send_again()


@tagged("post_install", "-at_install")
class TestDeletion(HistoryCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.office.group_ids = [Command.link(cls.env.ref("hospital_sms.group_delete").id)]
        now = fields.Datetime.now()
        cls.old = cls.message(at=now - relativedelta(months=6))
        cls.young = cls.message(at=now - relativedelta(months=4))
        cls.later = cls.message(at=now - relativedelta(months=1), root_id=cls.old.id)

    def wizard(self, user, **values):
        wizards = self.env["hospital.message.delete"].with_user(user)
        return wizards.with_context(active_ids=(self.old | self.young).ids).create(values)

    def test_by_right_with_a_record(self):
        wizard = self.wizard(self.office, reason="Request of 3 March")
        self.assertEqual((wizard.count, wizard.kept_count), (1, 1))
        old_at = self.old.sent_at
        wizard.action_delete()
        self.assertFalse(self.old.exists())
        self.assertTrue(self.young.exists(), "The law asks to keep it for five months.")
        self.assertFalse(self.later.root_id)
        record = self.env["hospital.message.deletion"].search([], limit=1)
        self.assertEqual(
            (record.user_id, record.origin, record.reason, record.count, record.first_at),
            (self.office, "hand", "Request of 3 March", 1, old_at),
        )
        with self.assertRaises(AccessError):
            record.reason = "Another"
        with self.assertRaises(AccessError):
            record.unlink()

    def test_not_otherwise(self):
        with self.assertRaises(UserError):
            self.wizard(self.office).action_delete()
        with self.assertRaises(AccessError):
            self.wizard(self.supervisor, reason="Because").action_delete()
        for user in (self.office, self.supervisor):
            with self.assertRaises(AccessError):
                self.old.with_user(user).unlink()
        with self.assertRaises(UserError):
            self.old.unlink()
        self.assertTrue(self.old.exists())

    def test_retention(self):
        """The nightly job keeps to the setting, and to the law where the setting was forced below it."""
        settings, deletions = self.env["res.config.settings"], self.env["hospital.message.deletion"]
        with self.assertRaises(ValidationError):
            settings.create({"hospital_sms_retention_months": 4})
        self.env["ir.config_parameter"].set_param("hospital_sms.retention_months", "1")
        before = deletions.search_count([])
        deletions._run_retention()
        self.assertFalse(self.old.exists())
        self.assertTrue(self.young.exists() and self.later.exists())
        self.assertEqual(deletions.search_count([]), before + 1)
        deletions._run_retention()
        self.assertEqual(deletions.search_count([]), before + 1, "Nothing was removed: nothing is recorded.")

    def test_retention_goes_on_until_all_is_removed(self):
        now, deletions = fields.Datetime.now(), self.env["hospital.message.deletion"]
        old = self.old | self.messages.browse([self.message(at=now - relativedelta(years=4)).id for _n in range(3)])
        before = deletions.search([])
        with (
            patch.object(hospital_message_deletion, "CHUNK", 1),
            patch.object(hospital_message_deletion, "MOST", 2),
            patch.object(self.env.cr, "commit", lambda: None),
        ):
            self.env["ir.config_parameter"].set_param("hospital_sms.retention_months", "5")
            removed = deletions._run_retention()
        self.assertFalse(old.exists())
        records = deletions.search([]) - before
        self.assertGreater(len(records), 1)
        self.assertEqual(sum(records.mapped("count")), removed)

    def test_the_words_of_what_is_deleted_go_too(self):
        """Of a block the words of what stays, of an empty one nothing; new messages are still found."""
        blocks, size = self.env["hospital.message.block"], hospital_message_block.SIZE
        now = fields.Datetime.now()
        self.env.cr.execute("DELETE FROM hospital_message_block")
        self.env.cr.execute(
            "SELECT setval('hospital_message_id_seq', (last_value / %(size)s + 1) * %(size)s - 1)"
            " FROM hospital_message_id_seq",
            {"size": size},
        )
        half = [self.message(word, at=now - relativedelta(years=4)) for word in ("鹦鹉热", "鹦鹉")]
        half.append(self.message("百日咳", at=now - relativedelta(months=1)))
        with patch.object(hospital_message_block, "CHUNK", 10**9):
            self.env.cr.execute("SELECT setval('hospital_message_id_seq', %s)", [half[0].id + 3 * size])
            whole = self.message("登革热", at=now - relativedelta(years=4))
            blocks._extend(half[0].id + 9 * size)
        end = blocks._end()
        self.env["hospital.message.deletion"]._run_retention()
        holding = {word: self.holding(word) for word in ("鹦鹉", "百日", "登革")}
        self.assertEqual(holding, {"鹦鹉": [], "百日": [half[0].id // size], "登革": []})
        self.env.cr.execute("SELECT FROM hospital_message_block WHERE id = %s", [whole.id // size])
        self.assertFalse(self.env.cr.rowcount)
        self.assertEqual(blocks._end(), end)

    def holding(self, word):
        self.env.cr.execute(
            SQL("SELECT id FROM hospital_message_block WHERE %s", self.env["hospital.message.block"]._holding(word))
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def test_what_waits_is_not_removed(self):
        waiting = self.message(at=fields.Datetime.now() - relativedelta(years=4), state="queued", sent_at=False)
        self.env["hospital.message.deletion"]._run_retention()
        self.assertTrue(waiting.exists())


@tagged("post_install", "-at_install")
class TestExport(HistoryCase):
    def export(self, user, domain):
        return self.env["hospital.message.export"].with_user(user).begin(domain, "Text: x")

    def rows(self, export):
        sheet = load_workbook(io.BytesIO(export.attachment_ids.raw)).active
        return list(sheet.iter_rows(min_row=2))

    def test_little_at_once(self):
        """Masked for who sees masked numbers, text as text, logged with the filters."""
        self.message("=1+1", patient_id=self.mine.id)
        action = self.export(self.office, [("text", "=", "=1+1")])
        self.assertEqual(action["type"], "ir.actions.act_url")
        export = self.env["hospital.message.export"].search([], limit=1)
        [row] = self.rows(export)
        self.assertIn("139****1234", [cell.value for cell in row])
        self.assertEqual([cell.data_type for cell in row if cell.value == "=1+1"], ["s"])
        log = self.env["hospital.access.log"].search([], limit=1)
        self.assertEqual((log.action, log.user_id, log.reason, log.count), ("export", self.office, "Text: x", 1))
        self.export(self.doctor, [("text", "=", "=1+1")])
        [row] = self.rows(self.env["hospital.message.export"].search([], limit=1))
        self.assertIn("13900001234", [cell.value for cell in row])

    def test_much_as_a_job_with_the_asker_s_rights(self):
        for number in range(7):
            self.message(f"第{number}条", patient_id=self.mine.id)
        hidden = self.message("第七条", patient_id=self.other.id)
        with (
            patch.object(hospital_message_export, "SMALL", 2),
            patch.object(hospital_message_export, "CHUNK", 3),
            patch.object(hospital_message_export, "FILE_ROWS", 5),
            patch.object(self.env.cr, "commit", lambda: None),
        ):
            action = self.export(self.doctor, [("text", "like", "第")])
            export = self.env["hospital.message.export"].browse(action["res_id"])
            self.assertEqual((export.state, export.total), ("waiting", 7))
            export.state = "running"  # as a killed process leaves it, with a file
            begun = export.sudo()._attach(__file__, 1)
            self.env["hospital.message.export"]._run_waiting()
            self.assertFalse(begun.exists())
        self.assertEqual((export.state, export.done, len(export.attachment_ids)), ("done", 7, 2))
        ids = [row[0].value for file in export.attachment_ids for row in load_workbook(io.BytesIO(file.raw)).active]
        self.assertEqual(len(ids), 7 + 2, "Each message once, a line of titles in each file.")
        self.assertNotIn(hidden.id, ids)
        files = export.attachment_ids.with_user(self.supervisor)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            files.check_access("read")
        self.assertTrue(files.with_user(self.doctor).has_access("read"))

    def test_one_that_cannot_be_written_stops_no_other(self):
        self.message("一条", patient_id=self.mine.id)
        exports = self.env["hospital.message.export"].with_user(self.doctor).sudo()
        broken, good = exports.create([{"domain": [("gone", "=", 1)]}, {"domain": [("text", "=", "一条")]}])
        with (
            patch.object(self.env.cr, "commit", lambda: None),
            patch.object(self.env.cr, "rollback", lambda: None),
            mute_logger("odoo.addons.hospital_sms.models.hospital_message_export"),
        ):
            exports._run_waiting()
        self.assertEqual((broken.state, good.state, good.done), ("failed", "done", 1))

    def test_without_a_filter(self):
        message = self.message(patient_id=self.mine.id)
        self.export(self.doctor, [])
        export = self.env["hospital.message.export"].search([], limit=1)
        self.assertEqual(export.done, export.total)
        self.assertIn(message.id, [row[0].value for row in self.rows(export)])

    def test_without_the_right(self):
        self.message(patient_id=self.mine.id, sender_id=self.agent.id)
        with self.assertRaises(AccessError):
            self.export(self.agent, [])


@tagged("post_install", "-at_install")
class TestFigures(HistoryCase):
    def figures(self):
        self.env["hospital.message.figure"]._refresh_changing(4)
        today = self.env["res.company"]._hospital_today()
        rows = self.env["hospital.message.figure"].search([("day", "<=", today)])
        return sorted((row.day, row.state, row.code or "", row.message_count, row.part_count) for row in rows)

    def test_exact_and_the_same_again(self):
        now = fields.Datetime.now()
        for _number in range(3):
            self.message(department_id=self.cardiology.id, part_count=2)
        self.message(state="failed", code="UNDELIV", department_id=self.neurology.id)
        late = self.message(at=now - timedelta(days=2), state="sent", code=False, department_id=self.neurology.id)
        first = self.figures()
        self.assertEqual(self.figures(), first)
        since = self.env["hospital.message.figure"]._midnight(first[0][0])
        self.assertEqual(
            sum(row[3] for row in first),
            self.messages.search_count([("moment", ">=", since), ("moment", "<", now + timedelta(hours=1))]),
        )
        late.state = "delivered"
        self.assertNotEqual(self.figures(), first, "A late report counts on the day of sending.")

    def test_rates_are_quotients_of_sums_at_every_level(self):
        for department, delivered, failed in ((self.cardiology, 3, 1), (self.neurology, 1, 5)):
            for state, number in (("delivered", delivered), ("failed", failed)):
                for place in range(number):
                    self.message(
                        department_id=department.id, state=state, code=f"C{place}" if state == "failed" else "DELIVRD"
                    )
        self.message(department_id=self.neurology.id, state="excluded", code=False)
        self.env["hospital.message.figure"]._refresh_changing(0)
        figures = self.env["hospital.message.figure"].with_user(self.office)
        ours = [("department_id", "in", (self.cardiology | self.neurology).ids)]
        by_department = dict(figures._read_group(ours, ["department_id"], ["delivered_rate:avg"]))
        self.assertEqual([round(by_department[d], 4) for d in (self.cardiology, self.neurology)], [75.0, 16.6667])
        self.assertEqual(figures._read_group(ours, [], ["delivered_rate:avg", "submitted_count:sum"]), [(40.0, 10)])
        excluded = [*ours, ("state", "=", "excluded")]
        [(rate,)] = figures._read_group(excluded, [], ["delivered_rate:avg"])
        self.assertIs(rate, False, "Of nothing there is no rate, not one of 0 %.")

    def test_who_sees_which(self):
        head, leader = self.staff("head", self.cardiology), self.staff("leader")
        self.message(department_id=self.cardiology.id)
        self.message(department_id=self.neurology.id)
        self.env["hospital.message.figure"]._refresh_changing(0)
        figures = self.env["hospital.message.figure"]
        self.assertEqual(figures.with_user(head).search([]).department_id, self.cardiology)
        self.assertLessEqual(self.cardiology | self.neurology, figures.with_user(leader).search([]).department_id)
        with self.assertRaises(AccessError):
            figures.with_user(self.agent).search([])
        self.assertIn("res_model", figures.with_user(leader)._open())

    def test_the_workbook_has_the_same_sums(self):
        self.message(department_id=self.cardiology.id, part_count=2)
        self.message(department_id=self.cardiology.id, state="failed")
        self.env["hospital.message.figure"]._refresh_changing(0)
        figures = self.env["hospital.message.figure"].with_user(self.office)
        domain = [("department_id", "=", self.cardiology.id)]
        action = figures.export(domain, ["department_id"], "Cardiology")
        file = self.env["ir.attachment"].search([], order="id desc", limit=1)
        self.assertIn(str(file.id), action["url"])
        sheet = load_workbook(io.BytesIO(file.raw), data_only=True).worksheets[0]
        values = [cell.value for row in sheet.iter_rows() for cell in row if cell.value == "Cardiology"]
        self.assertEqual(values, ["Cardiology"])
        self.assertIn(0.5, [cell.value for row in sheet.iter_rows() for cell in row])
        with self.assertRaises(AccessError):
            figures.with_user(self.agent).export(domain, [], "")

    def test_board(self):
        self.message(state="unknown")
        board = self.env["hospital.message.board"].with_user(self.supervisor)
        tiles = {tile["label"]: tile for tile in board.load()["tiles"]}
        for tile in tiles.values():
            opened = self.env[tile["open"]["model"]].with_user(self.supervisor)
            opened.search_count(tile["open"]["domain"])
        self.assertGreaterEqual(tiles["Unknown"]["value"], 1)
        with self.assertRaises(AccessError):
            board.with_user(self.agent).load()
