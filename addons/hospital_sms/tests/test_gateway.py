import os
from typing import NamedTuple
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.misc import file_open

from odoo.addons.hospital_base.tests.common import HospitalCase

from ..models.hospital_message_queue import Terms
from ..protocols import contract

NOTICE = Terms("notice")


class Refused(NamedTuple):
    """A part, as the queue has it."""

    part_id: int
    number: str
    gateway_id: int
    purpose: str = "notice"
    channel: str = "sms"


@tagged("post_install", "-at_install")
class TestGateway(HospitalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateways = cls.env["hospital.gateway"]
        cls.gateways.search([]).unlink()
        cls.simulator = cls.gateways.create({"name": "Simulator", "sequence": 1})
        cls.engineer = cls.staff("integration")
        cls.nurse = cls.staff("nurse", cls.cardiology)

    def gateway(self, name, serves="cm cu ct cbn other", **values):
        served = {f"serves_{code}": code in serves.split() for code in ("cm", "cu", "ct", "cbn", "other")}
        account = {"protocol": "cmpp2", "host": "127.0.0.1", "port": 7890, "login": "901234"}
        return self.gateways.create({"name": name, **account, **served, **values})

    def by(self, number, **terms):
        """The name of the gateway that a message to ``number`` goes by."""
        gateway_id, _operator = self.gateways._route([number], Terms(**{"purpose": "notice", **terms}))[number]
        return self.gateways.browse(gateway_id).name

    # -- routing -------------------------------------------------------------------------------------------------

    def test_the_longest_prefix_tells_the_operator(self):
        numbers = ["13900001234", "17031234567", "17091234567", "16212345678", "19200001234", "13490001234"]
        operators = self.gateways._operators([*numbers, "073185551234", "0085291234567", "14412345678"])
        self.assertEqual(list(operators.values()), ["cm", "cm", "cu", "ct", "cbn", "other", "other", "other", "other"])

    def test_what_the_table_lacks_the_library_knows(self):
        prefixes = self.env["hospital.operator.prefix"]
        prefixes.search([("prefix", "=", "139")]).unlink()
        self.assertEqual(self.gateways._operators(["13900001234"]), {"13900001234": "cm"})
        prefixes.create({"prefix": "1390000", "operator": "ct"})
        self.assertEqual(self.gateways._operators(["13900001234"]), {"13900001234": "ct"})

    def test_the_first_gateway_that_serves_it(self):
        self.gateway("Mobile", "cm")
        self.gateway("Mobile, marketing", "cm", serves_service=False, sequence=5)
        self.gateway("Cardiology", department_ids=self.cardiology.ids, sequence=1)
        self.assertEqual(self.by("13900001234"), "Mobile")
        self.assertEqual(self.by("13900001234", purpose="marketing"), "Mobile, marketing")
        self.assertEqual(self.by("13900001234", department_id=self.cardiology.id), "Cardiology")
        self.assertEqual(self.by("13900001234", department_id=self.neurology.id), "Mobile")

    def test_one_that_is_off_holds_what_no_other_serves(self):
        self.gateway("Mobile", "cm", enabled=False)
        self.assertEqual(self.by("13900001234"), "Simulator")
        self.env["hospital.gateway.switch"].create({"live": "on", "reason": "test"})
        self.assertEqual(self.by("13900001234"), "Mobile")

    def test_real_messages_never_go_to_the_simulator(self):
        self.env["hospital.gateway.switch"].create({"live": "on", "reason": "test"})
        self.assertEqual(self.gateways._route(["13900001234"], NOTICE), {"13900001234": (None, "cm")})

    def test_wechat_has_gateways_of_its_own(self):
        account = self.gateway("Official account", protocol="wechat")
        self.assertEqual(self.gateways._route([""], Terms("notice", "wechat")), {"": (account.id, None)})
        self.assertEqual(self.by("13900001234"), "Simulator")

    def test_a_ported_number_is_tried_elsewhere_and_remembered(self):
        mobile, unicom = self.gateway("Mobile", "cm"), self.gateway("Unicom", "cu")
        number = "13900001234"
        self.assertEqual(self.gateways._elsewhere([Refused(7, number, mobile.id)]), {7: unicom.id})
        self.assertEqual(self.by(number), "Unicom")
        line = self.env["hospital.operator.ported"].search([("number", "=", number)])
        self.assertEqual((line.operator, line.refused, line.number_masked), ("cu", "cm", "139****1234"))
        # China Unicom does not know it either, and the next has no gateway but the simulator.
        self.assertEqual(self.gateways._elsewhere([Refused(7, number, unicom.id)]), {7: self.simulator.id})
        for refused in ("ct", "cbn"):
            self.gateways._learn({number: refused})
        self.assertEqual(self.gateways._elsewhere([Refused(7, number, unicom.id)]), {})

    def test_many_numbers_cost_as_many_queries_as_one(self):
        self.gateway("Mobile", "cm")
        self.gateways._route(["13900001234"], NOTICE)
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(4):
            routes = self.gateways._route([f"139{n:08}" for n in range(20_000)], NOTICE)
        self.assertEqual(len(routes), 20_000)

    # -- what is entered -----------------------------------------------------------------------------------------

    def test_what_cannot_work_is_refused_when_entered(self):
        for values in (
            {"host": False},
            {"secret_ref": "p@ss word"},
            {"signature": "【医院】【科室】"},
            {"failover_id": self.simulator.id},
            {"hours": "from eight"},
            {"listen_peers": "10.1.2.3, the operator"},
            {"protocol": "sgip"},
            {"protocol": "sgip", "node": "3073199999", "corp_id": "99999", "listen_port": 8801},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.gateway("Mobile", **values)
        self.gateway("Mobile", enabled=False, host=False)  # may be finished later
        for values in ({"window": 0}, {"port": 70000}, {"name": "Mobile"}):
            with self.subTest(values), mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
                with self.env.cr.savepoint():
                    self.gateway(**{"name": "Other", **values})

    def test_two_accounts_of_china_unicom_do_not_listen_at_one_port(self):
        account = {
            "protocol": "sgip",
            "node": "3073112345",
            "corp_id": "12345",
            "listen_port": 8801,
            "listen_peers": "10.1.2.3",
            "listen_secret_ref": "unicom",
        }
        self.gateway("Unicom", **account)
        with self.assertRaisesRegex(ValidationError, "“Unicom” listens on port 8801 already"):
            self.gateway("Unicom 2", listen_host="10.0.0.1", **account)
        second = self.gateway("Unicom 3", enabled=False, **account)
        second.write({"listen_port": 8802, "enabled": True})

    def test_the_account_is_what_its_link_asks_for(self):
        class Link(contract.Link):
            options = ("alphabet", "reserved", "codes", "padded_login")

        gateway = self.gateway("Mobile", secret_ref="SMS_TEST", signature="市一医院", signature_by_gateway=True)
        self.env["hospital.message.code"].create(
            {"family": "cmpp", "code": "117", "meaning": "Slowly", "own_kind": "throttled"}
        )
        with patch.dict(contract.LINKS, cmpp2=Link), patch.dict(os.environ, HOSPITAL_SECRET_SMS_TEST="shared"):
            account = gateway._account()
        self.assertEqual((account.secret, account.port, account.window), ("shared", 7890, 16))
        self.assertEqual(
            account.options, {"alphabet": "ucs2", "reserved": 6, "codes": {"117": "throttled"}, "padded_login": False}
        )

    def test_a_missing_secret_is_said_on_the_board(self):
        gateway = self.gateway("Mobile", secret_ref="sms_nowhere")
        with patch.dict(contract.LINKS, cmpp2=contract.Link):
            self.assertIsNone(gateway._account())
        gateway.invalidate_recordset()
        self.assertEqual(gateway.state, "refused")
        sentence, advice = gateway._state_sentence()
        self.assertEqual(sentence, "The secret was not found on the server.")
        self.assertIn("HOSPITAL_SECRET_SMS_NOWHERE", advice)

    # -- the board -----------------------------------------------------------------------------------------------

    def test_a_refused_login_is_told_in_words_and_tried_again_by_hand(self):
        gateway = self.gateway("Mobile")
        gateway.write({"state": "refused", "state_code": "3"})
        self.assertEqual(gateway._state_sentence()[0], "The operator refuses the secret.")
        gateway.with_user(self.engineer).action_try_again()
        self.assertEqual((gateway.state, gateway._state_sentence()), ("connecting", ("", "")))
        gateway.write({"state": "failing", "state_code": "silent"})
        self.assertEqual(gateway._state_sentence()[0], "The operator's server does not answer.")
        gateway.write({"state_code": "4711"})
        self.assertIn("4711", gateway._state_sentence()[0])
        # An answer to a login that does not end it: no advice as if somebody had to do something.
        gateway.write({"state_code": "1"})
        self.assertEqual(gateway._state_sentence()[1], "It is tried again by itself.")
        # Connected, and yet not well: submits go out, reports cannot come in.
        gateway.write({"state": "connected", "state_code": "port_taken"})
        self.assertIn("Reports and replies cannot come in", gateway._state_sentence()[0])
        gateway.write({"state_code": False})
        self.assertEqual(gateway._state_sentence(), ("", ""))
        gateway.write({"state": "failing", "state_code": "4711"})
        # Nothing runs that would send: what was said last does not count.
        self.assertEqual(gateway.board_state, "idle")
        self.assertIn("does not run", self.gateways.banners()[-1]["title"])
        self.env.cr.execute(
            """INSERT INTO hospital_service (name, host, pid, leader, state, heartbeat_at)
               VALUES ('messages', 'here', 1, true, 'running', clock_timestamp() AT TIME ZONE 'UTC')"""
        )
        gateway.invalidate_recordset()
        self.assertEqual(gateway.board_state, "failing")
        self.assertNotIn("does not run", str(self.gateways.banners()))
        gateway.with_user(self.engineer).action_switch()
        self.assertEqual((gateway.board_state, gateway.state_text), ("off", ""))

    def test_counts_are_of_today_and_of_this_gateway(self):
        gateway = self.gateway("Mobile")
        message = self.env["hospital.message"].create({"text": "您好", "purpose": "notice"})
        part = {"message_id": message.id, "gateway_id": gateway.id, "due_at": "2026-01-01"}
        now, old = self.env.cr.now(), "2026-01-01 08:00:00"
        self.env["hospital.message.part"].create(
            [
                {**part, "state": "queued"},
                {**part, "state": "sent", "sending_at": now, "sent_at": now},
                {**part, "state": "delivered", "sending_at": now, "sent_at": now},
                {**part, "state": "failed", "sending_at": now},
                {**part, "state": "unknown", "sending_at": now},
                {**part, "state": "delivered", "sending_at": old, "sent_at": old},
                {**part, "state": "failed", "gateway_id": self.simulator.id, "sending_at": now},
            ]
        )
        counts = gateway.read(["queued_count", "sent_count", "delivered_count", "failed_count", "unknown_count"])[0]
        counts.pop("id")
        self.assertEqual(list(counts.values()), [1, 2, 1, 1, 1])

    def test_meanings_of_codes(self):
        meanings = self.env["hospital.message.code"]._meanings(
            [("cmpp3", "8"), ("smgp", "UNDELIV 003"), ("sgip", "MK:0001"), ("aliyun", "HTTP 502"), ("cmpp2", "177")]
        )
        self.assertEqual(
            meanings,
            {
                ("cmpp3", "8"): "Too fast",
                ("smgp", "UNDELIV 003"): "There is no such number",
                ("sgip", "MK:0001"): "The phone's network refused",
                ("aliyun", "HTTP 502"): "Something between us and the vendor answered with an error",
            },
        )

    def test_what_is_done_with_a_code(self):
        def treated(family, code):
            return self.env["hospital.message.code"].search([("family", "=", family), ("code", "=", code)])

        self.assertEqual(treated("cmpp", "8").kind, "throttled")
        self.assertEqual(treated("cmpp", "10").kind, "failed")
        self.assertFalse(treated("report", "DELIVRD").kind)
        treated("cmpp", "10").own_kind = "busy"
        self.assertEqual(treated("cmpp", "10").kind, "busy")

    # -- the switch, tests ---------------------------------------------------------------------------------------

    def test_real_sending_is_somebodys_logged_decision(self):
        self.assertIn("nothing reaches a phone", str(self.gateways.with_user(self.nurse).banners()))
        switch = self.env["hospital.gateway.switch"]
        line = switch.with_user(self.engineer).create({"live": "on", "reason": "Account opened", "user_id": 1})
        self.assertEqual(line.user_id, self.engineer)
        self.assertTrue(self.gateways._is_live())
        self.assertNotIn("nothing reaches a phone", str(self.gateways.with_user(self.nurse).banners()))
        for call in (lambda: line.write({"reason": "other"}), line.unlink):
            with self.assertRaises(AccessError):
                call()
        with self.assertRaises(AccessError):
            switch.with_user(self.nurse).create({"live": "off", "reason": "no"})
        switch.with_user(self.engineer).create({"live": "off", "reason": "Stop"})
        self.assertFalse(self.gateways._is_live())

    def test_a_test_goes_by_its_gateway_and_says_what_became_of_it(self):
        gateway = self.gateway("Unicom", "cu")
        tests = self.env["hospital.gateway.test"].with_user(self.engineer)
        test = tests.create({"gateway_id": gateway.id, "number": "139 0000 1234"})
        self.assertIn("simulator will answer", test.note)
        self.env["hospital.gateway.allowed"].create({"number": "13900001234", "name": "Own phone"})
        test.number = "13900001234"
        self.assertFalse(test.note)
        test.action_send()
        message = test.sudo().message_id
        self.assertEqual((message.gateway_id, message.priority, test.state), (gateway, "0", "queued"))
        message.write({"state": "failed", "code": "13"})
        test.invalidate_recordset()
        self.assertEqual((test.state, test.note), ("failed", "The receiver's number is wrong, or another operator's"))
        with self.assertRaises(UserError):
            tests.create({"gateway_id": gateway.id, "number": "12"}).action_send()

    # -- rights --------------------------------------------------------------------------------------------------

    def test_staff_see_which_gateways_there_are_and_no_account(self):
        gateway = self.gateway("Mobile", secret_ref="SMS_TEST")
        seen = gateway.with_user(self.nurse)
        self.assertEqual(seen.read(["name", "state"])[0]["name"], "Mobile")
        for name in ("host", "port", "login", "secret_ref", "access_number", "listen_secret_ref", "node"):
            with self.subTest(name), self.assertRaises(AccessError):
                seen.read([name])
        for call in (seen.action_switch, seen.action_try_again, seen.unlink):
            with self.assertRaises(AccessError):
                call()
        for model in ("hospital.gateway.test", "hospital.gateway.allowed", "hospital.operator.ported"):
            with self.subTest(model), self.assertRaises(AccessError):
                self.env[model].with_user(self.nurse).search([])

    def test_a_secret_is_in_no_field_of_a_gateway(self):
        gateway = self.gateway("Mobile", secret_ref="SMS_TEST").with_user(self.engineer)
        with patch.dict(os.environ, HOSPITAL_SECRET_SMS_TEST="hunter2-of-the-line"):
            names = [name for name in self.gateways._fields if self.gateways._fields[name].exportable]
            exported = gateway.sudo().export_data(names)["datas"]
            read = gateway.read()
        self.assertIn("SMS_TEST", str(exported))
        self.assertNotIn("hunter2", f"{exported}{read}")

    def test_a_copy_of_the_database_sends_nothing(self):
        gateway = self.gateway("Mobile")
        self.env["hospital.gateway.switch"].create({"live": "on", "reason": "test"})
        self.env.flush_all()
        with file_open("hospital_sms/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.registry.clear_cache()
        self.env.invalidate_all()
        self.assertEqual((gateway.enabled, self.simulator.enabled), (False, True))
        self.assertFalse(self.gateways._is_live())
