import sqlite3
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..exchange import parent
from ..exchange.problems import ReadingFailed
from ..models import hospital_his_outbox_sending as sending
from ..services.exchange import send
from .common import ExchangeCase

MARK = (
    "UPDATE bz SET sf = :followed, sj = :at, sfr = :by, bb = :version WHERE lsh = :visit AND COALESCE(bb, 0) < :version"
)


@tagged("post_install", "-at_install")
class TestOutbox(ExchangeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.his(
            "CREATE TABLE bz (lsh PRIMARY KEY, sf, sj, sfr CHECK (sfr IS NULL OR sfr <> 'nobody'), bb)",
            "INSERT INTO br VALUES ('1', '张三', '1', NULL, NULL, '2026'), ('2', '李四', '1', NULL, NULL, '2026')",
            "INSERT INTO zy VALUES ('11', '1', '2026-01-02', '2026'), ('12', '1', '2026-01-03', '2026'),"
            " ('21', '2', '2026-01-03', '2026')",
            "INSERT INTO bz (lsh) SELECT lsh FROM zy",
        )
        cls.env["hospital.his.feed"]._run_all(cls.source.feed_ids)
        cls.delivery = cls.env["hospital.his.delivery"].create(
            {"name": "随访标志", "source_id": cls.source.id, "operation": "followed_up", "statement": MARK}
        )
        cls.session = parent.Session()
        cls.addClassCleanup(cls.session._drop)

    def visit(self, external_id):
        return self.env["hospital.encounter"].search(
            [("source_id", "=", self.source.id), ("external_id", "=", external_id)]
        )

    def tell(self, visit, key="1", **values):
        """Tell the HIS of a visit; return the write that it is owed."""
        before = self.owed()
        self.visit(visit)._tell_his(
            "followed_up", f"{visit}-{key}", {"followed": True, "at": "2026-11-01 00:30:00"} | values
        )
        return self.owed() - before

    def owed(self):
        return self.env["hospital.his.outbox"].search([("source_id", "=", self.source.id)], order="id")

    def go(self):
        """What the service does in one go; return the visits it has written to."""
        self.env.flush_all()
        outbox = self.env["hospital.his.outbox"]
        if not (lot := outbox._take(self.source.id, 0)):
            return []
        results = []
        failure = lot.failure or send(self.session, lot, results)
        outbox._settle(lot, results, failure)
        self.env.flush_all()
        return [write["payload"]["visit"] for write in lot.job["writes"]]

    def later(self):
        self.owed().next_try_at = fields.Datetime.now()

    def marks(self):
        with sqlite3.connect(self.path) as connection:
            return dict(connection.execute("SELECT lsh, sf FROM bz WHERE bb IS NOT NULL"))

    def test_a_finished_followup_is_written_by_the_clock_of_the_his(self):
        write = self.tell("11", by="1001")
        self.assertEqual(write.state, "waiting")
        self.assertEqual(self.go(), ["11"])
        self.assertEqual((write.state, write.changed_rows, write.attempts), ("done", 1, 0))
        with sqlite3.connect(self.path) as connection:
            row = connection.execute("SELECT sf, sj, sfr FROM bz WHERE lsh = '11'").fetchone()
        self.assertEqual(row, (1, "2026-11-01 08:30:00", "1001"))

    def test_the_same_event_is_owed_once_and_without_a_delivery_nothing(self):
        self.tell("11")
        self.assertFalse(self.tell("11"))
        self.delivery.active = False
        self.assertFalse(self.tell("12"))
        self.visit("11").external_id = False
        self.assertFalse(self.tell("11", key="2"))

    def test_of_each_patient_the_first_goes_first(self):
        self.tell("11"), self.tell("21"), self.tell("12")
        self.assertEqual(self.go(), ["11", "21"])
        self.assertEqual(self.go(), ["12"])

    def test_what_the_his_refuses_waits_and_is_given_up_in_the_end(self):
        first, second = self.tell("11", by="nobody"), self.tell("12")
        self.assertEqual(self.go(), ["11"])
        self.assertEqual((first.state, first.attempts, first.code), ("waiting", 1, "write_refused"))
        self.assertIn("CHECK", first.reason)
        self.assertGreater(first.next_try_at, fields.Datetime.now() + timedelta(seconds=10))
        self.assertEqual(self.go(), [], "neither before its time, nor the next one of the patient before it")
        for _attempt in range(1, sending.ATTEMPTS):
            self.later()
            self.assertEqual(self.go(), ["11"])
        self.assertEqual((first.state, second.state), ("dead", "waiting"))
        self.assertEqual(self.go(), ["12"], "the patient's queue goes on")
        first.sudo().payload = first.payload | {"by": "1001"}
        first.action_replay()
        self.assertEqual(self.go(), ["11"])
        self.assertEqual(first.state, "done")

    def test_a_late_repetition_does_not_undo_what_came_after_it(self):
        early = self.tell("11", followed=True)
        self.tell("11", key="2", followed=False)
        self.go(), self.go()
        self.assertEqual(self.marks(), {"11": 0})
        early.action_replay()
        self.assertEqual(self.go(), ["11"])
        self.assertEqual((early.state, early.changed_rows), ("done", 0))
        self.assertEqual(self.marks(), {"11": 0})

    def test_what_was_being_written_when_the_service_died_is_written_again(self):
        write = self.tell("11")
        outbox = self.env["hospital.his.outbox"]
        lot = outbox._take(self.source.id, 0)
        self.assertFalse(send(self.session, lot, []))
        self.assertEqual(self.go(), [])
        outbox._take_back()
        write.invalidate_recordset()
        self.assertEqual(self.go(), ["11"])
        self.assertEqual((write.state, write.changed_rows), ("done", 0))

    def test_a_his_that_is_off_costs_no_attempt(self):
        write = self.tell("11")
        self.source.database = self.path + ".off"
        for _try in range(sending.ATTEMPTS + 1):
            self.assertEqual(self.go(), ["11"])
            self.later()
        self.assertEqual((write.state, write.attempts, write.code), ("waiting", 0, "no_file"))
        self.source.database = self.path
        self.go()
        self.assertEqual(write.state, "done")

    def test_a_write_that_silences_the_his_does_not_keep_the_others_from_it(self):
        first, second = self.tell("11"), self.tell("21")
        outbox = self.env["hospital.his.outbox"]
        lot = outbox._take(self.source.id, 0)
        outbox._settle(lot, [], ReadingFailed("silence", seconds=20))
        self.assertEqual((first.state, first.attempts, second.state), ("waiting", 0, "waiting"))
        self.assertEqual(self.go(), ["21"])

    def test_a_stop_holds_back_and_says_so(self):
        write = self.tell("11")
        outbox = self.env["hospital.his.outbox"]
        for source in (self.source, self.env["hospital.his.source"]):
            stop = self.env["hospital.his.stop"].create({"source_id": source.id, "reason": "升级"})
            self.assertFalse([row for row in outbox._look() if row[0] == self.source.id])
            self.assertEqual(self.go(), [])
            write.invalidate_recordset(["reason"])
            self.assertIn("升级", write.reason)
            stop.action_lift()
            self.env.flush_all()
        self.assertTrue([row for row in outbox._look() if row[0] == self.source.id])
        self.assertEqual(self.go(), ["11"])

    def test_values_are_bound_never_spliced(self):
        evil = "1'; DROP TABLE bz; --"
        self.tell("11", by=evil)
        self.go()
        with sqlite3.connect(self.path) as connection:
            self.assertEqual(connection.execute("SELECT sfr FROM bz WHERE lsh = '11'").fetchone(), (evil,))

    def test_a_value_nobody_can_write_stops_nobody_else(self):
        bad = self.tell("11", at="yesterday")
        good = self.tell("21")
        self.assertEqual(self.go(), ["11", "21"])
        self.assertEqual((bad.code, good.state), ("bad_values", "done"))

    @mute_logger("odoo.sql_db")
    def test_a_statement_is_looked_at_before_it_is_kept(self):
        for statement, words in (
            ("UPDATE bz SET sf = 1", "WHERE"),
            ("UPDATE bz SET sf = :follwed WHERE lsh = :visit", "follwed"),
            ("", "UPDATE"),
        ):
            with self.assertRaisesRegex(ValidationError, words):
                self.delivery.statement = statement
        with self.assertRaises(ValidationError):
            self.delivery.way = "together"

    def test_what_waits_is_told_as_it_was_meant(self):
        self.tell("11")
        other = self.source.copy({"code": "other", "name": "other"})
        for values in ({"operation": "attended"}, {"source_id": other.id}):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.delivery.write(values)
        self.delivery.write({"operation": "followed_up", "statement": MARK.replace("sf = :followed", "sf = 2")})
        self.go()
        self.assertEqual(self.marks()["11"], 2, "the statement may be mended while writes wait")

    def test_who_sees_what_and_each_look_is_logged(self):
        engineer, admin, doctor = (
            new_test_user(self.env, f"outbox_{role}", groups=f"hospital_base.group_{role}")
            for role in ("integration", "admin", "doctor")
        )
        write = self.tell("11", by="1001")
        for user in (admin, doctor):
            with self.assertRaises(AccessError):
                write.with_user(user).read(["key"])
        own = write.with_user(engineer)
        lines = self.env["hospital.access.log"].search_count
        mine = [("res_model", "=", write._name), ("user_id", "=", engineer.id)]
        own.read(["state", "reason"])
        self.assertEqual(lines(mine), 0)
        self.assertIn("1001", own.read(["payload_text"])[0]["payload_text"])
        self.assertEqual(lines(mine), 1)
        with self.assertRaises(AccessError):
            own.write({"state": "done"})
        with self.assertRaises(AccessError):
            self.delivery.with_user(admin).write({"name": "x"})
        wizard = self.env["hospital.his.outbox.discard"].with_user(engineer)
        wizard.create({"write_ids": write.ids, "note": "已手工登记"}).action_discard()
        self.assertEqual((write.state, write.note, write.closed_by), ("discarded", "已手工登记", engineer))
        self.assertEqual(self.go(), [])

    def test_values_go_some_time_after_the_write_was_done(self):
        done, waiting = self.tell("11"), self.tell("21")
        self.go()
        waiting.state = "waiting"
        (done | waiting).done_at = fields.Datetime.now() - timedelta(days=self.source.keep_rows_days + 1)
        self.env.flush_all()
        self.env["hospital.his.pruning"]._prune()
        self.env.invalidate_all()
        self.assertFalse(done.payload)
        self.assertTrue(waiting.payload)
        self.assertFalse(self.tell("11"), "the key stays")
