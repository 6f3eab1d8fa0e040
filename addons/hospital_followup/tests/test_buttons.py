from lxml import etree

from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestButtons(TransactionCase):
    def test_every_button_takes_the_records_it_is_pressed_on(self):
        """The web client calls a button with ids: a method for the model would get one argument too many."""
        views = self.env["ir.ui.view"].search([("model", "=like", "hospital.%")])
        names = {
            button.get("name")
            for view in views
            for button in etree.fromstring(view.arch).iter("button")
            if button.get("type") == "object"
        }
        self.assertIn("action_next", names)
        for model in self.env.values():
            for name in names:
                method = getattr(type(model), name, None)
                if model._name.startswith("hospital.") and method:
                    self.assertFalse(getattr(method, "_api_model", False), f"{model._name}.{name}")
