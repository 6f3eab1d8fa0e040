from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.fields import Command

KEY_DAYS = 365


class HospitalHisSource(models.Model):
    """Who may push rows in the name of a source."""

    _inherit = "hospital.his.source"

    machine_ids = fields.Many2many(
        "res.users",
        string="Machines",
        groups="hospital_base.group_admin,hospital_base.group_integration",
        domain=lambda self: [("all_group_ids", "in", self.env.ref("hospital_his_connector.group_machine").ids)],
        help="Accounts with the role “HIS (machine)” that may push rows into the feeds of this source.",
    )

    def action_machine_key(self):
        """Make a key for the first machine, which is created if there is none, and show it: once and never again.

        Earlier keys hold until they expire, so that the machine can change over.
        """
        self.ensure_one()
        if not self.env.user.has_group("hospital_base.group_admin"):
            raise AccessError(self.env._("Only an administrator gives a key to a machine."))
        machine = self.machine_ids[:1]
        if not machine:
            group = self.env.ref("hospital_his_connector.group_machine")
            values = {"name": self.name, "login": f"machine_{self.code}", "group_ids": [Command.set(group.ids)]}
            machine = self.sudo().env["res.users"].with_context(no_reset_password=True).create(values)
            self.sudo().machine_ids = machine
        until = fields.Datetime.now() + timedelta(days=KEY_DAYS)
        key = self.env["res.users.apikeys"].with_user(machine).sudo()._generate("rpc", self.code, until)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Key of %(login)s, valid for %(days)s days", login=machine.login, days=KEY_DAYS),
            "res_model": "res.users.apikeys.show",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_key": key},
        }
