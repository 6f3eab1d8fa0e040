from odoo.exceptions import AccessError, ValidationError
from odoo.tests import TransactionCase, new_test_user, tagged

VALUES = {"name": "阿里云", "protocol": "aliyun", "login": "LTAI", "signature": "仁和医院", "enabled": False}


@tagged("post_install", "-at_install")
class TestGatewayVendor(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway = cls.env["hospital.gateway"].create(VALUES)

    def test_nothing_travels_in_the_clear_outside_the_hospital(self):
        for place in ("http://sms.example.com", "http://47.1.2.3", "ftp://10.0.0.1", "https://user@sms.example.com"):
            with self.assertRaises(ValidationError, msg=place):
                self.gateway.host = place
            with self.assertRaises(ValidationError, msg=place):
                self.gateway.proxy = place
        self.gateway.write({"host": "http://10.1.2.3", "port": 8080, "proxy": "http://10.1.2.4:3128"})

    def test_what_a_vendor_needs_is_asked_for_when_it_is_switched_on(self):
        self.gateway.signature = False
        with self.assertRaises(ValidationError):
            self.gateway.enabled = True
        with self.assertRaises(ValidationError):
            self.gateway.write({"protocol": "tencent", "signature": "仁和医院", "enabled": True})
        self.gateway.write({"protocol": "tencent", "signature": "仁和医院", "vendor_app": "1400", "enabled": True})

    def test_an_address_for_reports_only_when_wanted_and_for_few_eyes(self):
        gateways = self.env["hospital.gateway"]
        self.assertFalse(gateways._pushed_to("aliyun", "", "127.0.0.1"))
        self.gateway.action_new_push_address()
        first = self.gateway.push_token
        self.assertEqual(gateways._pushed_to("aliyun", first, "127.0.0.1"), self.gateway)
        self.assertIn(first, self.gateway.push_url)
        self.gateway.action_new_push_address()
        self.assertFalse(gateways._pushed_to("aliyun", first, "127.0.0.1"), "the one before no longer counts")
        self.assertFalse(self.gateway.copy({"name": "Copy"}).push_token)
        nurse = new_test_user(self.env, "a_nurse", groups="hospital_base.group_nurse")
        seen = self.gateway.with_user(nurse)
        self.assertEqual(seen.name, "阿里云")
        for name in ("push_token", "push_url"):
            with self.assertRaises(AccessError):
                seen.read([name])
        with self.assertRaises(AccessError):
            seen.action_new_push_address()

    def test_only_from_the_addresses_that_are_named(self):
        self.gateway.action_new_push_address()
        self.gateway.listen_peers = "10.9.0.0/16"
        for address, known in (("10.9.1.1", True), ("::ffff:10.9.1.1", True), ("10.8.1.1", False), ("nobody", False)):
            found = self.env["hospital.gateway"]._pushed_to("aliyun", self.gateway.push_token, address)
            self.assertEqual(bool(found), known, address)
