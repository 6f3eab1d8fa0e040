import re
import secrets

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command

from odoo.addons.hospital_base.secrets import SECRET_NAME

from ..soap import security
from .hospital_his_source import CONNECTION

CODE = re.compile(r"[a-z0-9_-]+")
# An API key for this scope opens the web service and nothing else of Odoo.
SCOPE = "hospital.soap"
# Operation of the contract -> the field that allows it.
PERMISSIONS = {
    "BuildNumberTable": "may_build_number_table",
    "ConfirmBooking": "may_confirm_booking",
    "UnlockBooking": "may_unlock_booking",
    "CancelBooking": "may_cancel_booking",
    "StopClinic": "may_stop_clinic",
    "ConfirmAttendance": "may_confirm_attendance",
}


class HospitalHisClient(models.Model):
    """A system that calls our web service. ``hospital_his_client_service`` answers it."""

    _name = "hospital.his.client"
    _inherit = ["hospital.his.message"]
    _description = "Client System"
    _order = "name"

    name = fields.Char(required=True)
    code = fields.Char(required=True, help="Short name in Latin letters; part of the address that the system calls.")
    active = fields.Boolean(default=True)
    source_id = fields.Many2one(
        "hospital.his.source",
        string="Speaks For",
        required=True,
        ondelete="cascade",
        index=True,
        help="The HIS whose keys of departments, doctors, slots and patients it uses.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Account",
        required=True,
        readonly=True,
        copy=False,
        ondelete="restrict",
        index=True,
        help="Made with the client; its keys open the web service only, and nobody can log in with it.",
    )
    url = fields.Char(compute="_compute_url", string="Address")
    auth = fields.Selection(
        [("key", "API key"), ("token", "WS-Security (user name and digest)")],
        string="Proves Itself By",
        required=True,
        default="key",
    )
    username = fields.Char(groups=CONNECTION)
    secret_ref = fields.Char(
        string="Password Name",
        groups=CONNECTION,
        help="The password is read from the environment variable HOSPITAL_SECRET_<name> or from the file <name> in "
        "the server's folder of secrets. It is never stored here.",
    )
    allowed_ips = fields.Char(
        string="Calls From",
        required=True,
        help="Addresses or networks, separated by commas: 10.1.2.3, 10.2.0.0/16. Behind a proxy the server has to run "
        "with proxy_mode.",
    )
    rate = fields.Integer(string="Requests per Minute", required=True, default=1200, help="More are turned away.")
    may_build_number_table = fields.Boolean(string="Number table (号表生成)")
    may_confirm_booking = fields.Boolean(string="Booking made (预约成功)")
    may_unlock_booking = fields.Boolean(string="Slot let go (预约解锁)")
    may_cancel_booking = fields.Boolean(string="Booking cancelled (取消预约)")
    may_stop_clinic = fields.Boolean(string="Clinic stopped (专家停诊)")
    may_confirm_attendance = fields.Boolean(string="Patient seen (预约就诊成功)")
    refusal_ids = fields.One2many("hospital.his.client.refusal", "client_id", string="Turned Away")

    _code_unique = models.UniqueIndex("(code)", "Another client already has this code.")
    _rate_positive = models.Constraint("CHECK (rate > 0)", "A client may make at least one request per minute.")
    _code_plain = models.Constraint(
        "CHECK (code ~ '^[a-z0-9_-]+$')", "The code may hold only small letters, digits, _ and -."
    )

    @api.depends("code")
    def _compute_url(self):
        for client in self:
            client.url = f"{client.get_base_url()}/his/soap/{client.code}?wsdl" if client.code else False

    @api.constrains("allowed_ips")
    def _check_allowed_ips(self):
        for client in self:
            try:
                security.networks(client.allowed_ips)
            except ValueError as error:
                raise ValidationError(self.env._("Not an address or a network: %s", error)) from None

    @api.constrains("auth", "username", "secret_ref")
    def _check_auth(self):
        for client in self:
            if client.auth == "token" and not (client.username and SECRET_NAME.fullmatch(client.secret_ref or "")):
                raise ValidationError(
                    self.env._(
                        "WS-Security needs a user name and the name of a password (letters, digits, underscores)."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            # A portal account: no menu, no model, and without a password no way in.
            account = {
                "name": vals["name"],
                "login": f"his.client.{vals['code']}.{secrets.token_hex(4)}",
                "lang": self.env.lang or self.env.company.partner_id.lang,
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
            }
            vals["user_id"] = self.env["res.users"].sudo().with_context(no_reset_password=True).create(account).id
        return super().create(vals_list)

    def write(self, vals):
        if "user_id" in vals and not self.env.su:
            # Keys are made for this account, and it goes with the client: it must not be somebody's.
            raise AccessError(self.env._("The account of a client system is made with it and stays."))
        return super().write(vals)

    def unlink(self):
        accounts = self.user_id.sudo()
        result = super().unlink()
        self.env["res.users.apikeys"].sudo().search([("user_id", "in", accounts.ids)]).unlink()
        accounts.active = False
        return result

    def _secret(self):
        """The password, from where those of the sources are."""
        return self.env["hospital.his.source"].new({"secret_ref": self.secret_ref})._secret()

    def action_new_key(self):
        """Make an API key and show it, this once; the earlier ones hold no more."""
        self.ensure_one()
        self.check_access("write")
        keys = self.env["res.users.apikeys"].sudo()
        keys.search([("user_id", "=", self.user_id.id)]).unlink()
        key = keys.with_user(self.user_id).sudo()._generate(SCOPE, self.name, False)
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.users.apikeys.show",
            "name": self.env._("The Key of %s", self.name),
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_key": key},
        }
