from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from .common import ExchangeCase


@tagged("post_install", "-at_install")
class TestPush(ExchangeCase):
    """The feeds of the small HIS, their rows brought instead of fetched."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source.feed_ids.write({"way": "push", "query": False})
        cls.stays = cls.source.feed_ids - cls.feed
        cls.machine = new_test_user(cls.env, "his", groups="hospital_his_connector.group_machine")
        cls.source.machine_ids = cls.machine

    def push(self, *rows, feed=None):
        return [(outcome.result, outcome.code) for outcome in (feed or self.feed)._push(list(rows))]

    def call(self, rows, feed="br", **more):
        return self.env["hospital.his.feed"].with_user(self.machine).push("test_his", feed, rows, **more)

    def test_what_only_a_query_can_do_is_not_offered(self):
        engineer = new_test_user(self.env, "push_engineer", groups="hospital_base.group_integration")
        arch = etree.fromstring(self.feed.with_user(engineer).get_view(view_type="form")["arch"])
        reading = ("action_look", "action_dry_run", "action_run", "action_read_again", "action_compare")
        for way, active, hidden in (("push", True, True), ("hl7", True, True), ("query", True, False)):
            facts = {"way": way, "active": active, "id": 1, "last_run_at": True}
            for name in reading:
                (button,) = arch.xpath(f"//header/button[@name='{name}']")
                self.assertEqual(bool(safe_eval(button.get("invisible"), dict(facts))), hidden, (name, way))
        (button,) = arch.xpath("//header/button[@name='action_compare']")
        self.assertTrue(safe_eval(button.get("invisible"), {"way": "query", "active": False, "id": 1}))

    def test_each_row_has_its_result(self):
        one = {"djh": "1", "xm": "王小明", "xb": "1"}
        self.assertEqual(
            self.push(one, {"djh": "2", "xm": ""}, {"djh": "3", "xm": "李", "csrq": "x"}, {"xm": "无号"}, {"djh": 4}),
            [("new", ""), ("rejected", "missing"), ("new", ""), ("rejected", "missing"), ("rejected", "missing")],
        )
        self.assertEqual(
            self.push(one, {"djh": "3", "xm": "李四"}, {"djh": "5", "xm": "赵"}, {"djh": "5", "xm": "赵六"}),
            [("unchanged", ""), ("changed", ""), ("repeated", ""), ("new", "")],
        )
        self.assertEqual(self.patient("5").name, "赵六")
        letters = self.env["hospital.his.deadletter"].search([("feed_id", "=", self.feed.id)])
        self.assertEqual(len(letters), 3)
        self.assertIn({"djh": "2", "xm": ""}, letters.mapped("payload"))

    def test_what_a_row_leaves_out_stays(self):
        self.push({"djh": "1", "xm": "王小明", "xb": "1", "csrq": "1960-01-01", "dh": "13900001234"})
        self.push({"DJH": "1", "XM": "王明"})
        patient = self.patient("1")
        self.assertEqual((patient.name, patient.gender, str(patient.birth_date)), ("王明", "male", "1960-01-01"))
        self.assertEqual(patient.phone_line_ids.mapped("number"), ["13900001234"])
        self.push({"djh": "1", "xm": "王明", "csrq": None})
        self.assertFalse(patient.birth_date)

    def test_a_code_that_says_nothing(self):
        self.source.feed_ids.field_ids.codemap_id.line_ids.create(
            {"codemap_id": self.feed.field_ids.codemap_id.id, "source_value": "U", "target_value": "-"}
        )
        self.assertEqual(self.push({"djh": "1", "xm": "王", "xb": "1"}, {"djh": "1", "xm": "王明", "xb": "U"}),
                         [("new", ""), ("changed", "")])  # fmt: skip
        self.assertEqual((self.patient("1").name, self.patient("1").gender), ("王明", "male"))

    def test_a_row_waits_for_its_patient(self):
        stay = {"lsh": "9", "djh": "1", "rysj": "2026-11-01 08:00"}
        self.assertEqual(self.push(stay, feed=self.stays), [("waiting", "unknown_patient")])
        self.assertEqual(self.env["hospital.his.feed"]._unsettled(), self.stays)
        self.push({"djh": "1", "xm": "王"})
        self.env["hospital.his.feed"]._unsettled()._retry_waiting()
        visit = self.env["hospital.encounter"].search([("external_id", "=", "9")])
        self.assertEqual(visit.patient_id, self.patient("1"))
        self.assertEqual(self.push(stay, feed=self.stays), [("unchanged", "")])

    def test_a_partial_row_is_replayed_as_it_came(self):
        self.push({"djh": "1", "xm": "王", "xb": "1"}, {"djh": "1", "xm": "", "csrq": "1960-01-01"})
        letter = self.env["hospital.his.deadletter"].search([("feed_id", "=", self.feed.id)])
        letter.payload_text = '{"djh": "1", "xm": "王明", "csrq": "1960-01-01"}'
        letter.action_replay()
        patient = self.patient("1")
        self.assertEqual((letter.state, patient.name, patient.gender), ("replayed", "王明", "male"))

    def test_what_the_database_refuses_is_told_of_the_row(self):
        self.push({"djh": "1", "xm": "王"})
        self.push({"lsh": "9", "djh": "1", "rysj": "2026-11-01 08:00"}, feed=self.stays)
        self.env.cr.execute("ALTER TABLE hospital_encounter ADD CHECK (admitted_at < '2026-11-20')")
        rows = [{"lsh": str(n), "djh": "1", "rysj": f"2026-11-{n:02} 08:00"} for n in (9, 10, 25, 11)]
        self.assertEqual(
            self.push(*rows, feed=self.stays),
            [("changed", ""), ("new", ""), ("rejected", "database_refused"), ("new", "")],
        )

    def test_the_call_of_a_machine(self):
        row = {"djh": "1", "xm": "王小明", "dh": "13900001234"}
        answer = self.call([row, {"djh": "2", "xm": None}])
        self.assertEqual(answer["counts"], {"new": 1, "rejected": 1})
        self.assertEqual([(line["key"], line["result"]) for line in answer["rows"]], [("1", "new"), ("2", "rejected")])
        self.assertIn("xm", answer["rows"][1]["reason"])
        message = self.env["hospital.his.inbox"].search([("source_id", "=", self.source.id)])
        self.assertEqual((message.channel, message.operation, message.state), ("rpc", "br", "done"))
        self.assertNotIn("王", message.payload + message.response)

    def test_the_same_request_is_answered_again(self):
        first = self.call([{"djh": "1", "xm": "王"}], request="2026-0001")
        self.assertEqual(self.call([{"djh": "1", "xm": "王"}], request="2026-0001"), first)
        self.assertEqual(self.call([{"djh": "1", "xm": "王"}], request="2026-0002")["counts"], {"unchanged": 1})
        with self.assertRaisesRegex(UserError, "2026-0001"):
            self.call([{"djh": "2", "xm": "李"}], request="2026-0001")
        self.assertFalse(self.patient("2"))

    def test_each_feed_has_its_own_request_numbers(self):
        self.call([{"djh": "1", "xm": "王"}], request="2026-0001")
        stay = {"lsh": "9", "djh": "1", "rysj": "2026-11-01 08:00"}
        self.assertEqual(self.call([stay], feed="zy", request="2026-0001")["counts"], {"new": 1})

    def test_a_call_that_is_wrong_changes_nothing(self):
        for rows, word in (
            ({"djh": "1"}, "list"),
            ([["1", "王"]], "list"),
            ([{"djh": "1", "xm": "王"}, {"djh": "2", "xmm": "王"}], "xmm"),
            ([{"djh": "1", "xm": "王"}] * 10_001, "10001"),
        ):
            with self.assertRaisesRegex(UserError, word):
                self.call(rows)
        with self.assertRaisesRegex(UserError, "“nix”"):
            self.call([{"djh": "1", "xm": "王"}], feed="nix")
        self.assertFalse(self.patient("1"))

    def test_only_machines_push_and_only_for_their_source(self):
        for groups in ("hospital_base.group_integration", "hospital_base.group_admin", "base.group_portal"):
            other = new_test_user(self.env, groups, groups=groups)
            with self.assertRaises(AccessError):
                self.env["hospital.his.feed"].with_user(other).push("test_his", "br", [])
        self.source.machine_ids = False
        with self.assertRaises(UserError):
            self.call([{"djh": "1", "xm": "王"}])

    def test_the_administrator_makes_a_key(self):
        self.source.machine_ids = False
        engineer = new_test_user(self.env, "engineer", groups="hospital_base.group_integration")
        with self.assertRaises(AccessError):
            self.source.with_user(engineer).action_machine_key()
        admin = new_test_user(self.env, "boss", groups="hospital_base.group_admin")
        key = self.source.with_user(admin).action_machine_key()["context"]["default_key"]
        machine = self.source.machine_ids
        self.assertEqual(self.env["res.users.apikeys"]._check_credentials(scope="rpc", key=key), machine.id)
        self.assertEqual(machine.all_group_ids, self.env.ref("hospital_his_connector.group_machine"))
        self.source.with_user(admin).action_machine_key()
        self.assertEqual(self.source.machine_ids, machine)

    def test_a_machine_reads_nothing(self):
        self.push({"djh": "1", "xm": "王"})
        for model in ("res.partner", "hospital.encounter", "hospital.his.feed", "hospital.his.inbox", "hr.department",
                      "hospital.his.source", "hospital.his.deadletter", "hr.employee"):  # fmt: skip
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.machine).search_read([], ["id"], limit=1)

    def test_a_pushed_feed_is_not_queried(self):
        self.assertFalse(self.env["hospital.his.run"]._queue(self.source.feed_ids, "manual"))
