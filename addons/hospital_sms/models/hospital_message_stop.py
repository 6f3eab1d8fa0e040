from odoo import fields, models

from odoo.addons.hospital_base.models.hospital_contact import PURPOSES


class HospitalMessageStop(models.Model):
    """Whoever holds this number wants no more messages for one purpose, whichever patient they are about."""

    _name = "hospital.message.stop"
    _description = "Number That Refused"
    _order = "id desc"
    _rec_name = "number_masked"

    number = fields.Char(string="Full Number", required=True, groups="hospital_base.group_identity")
    number_masked = fields.Char(string="Phone Number", readonly=True)
    purpose = fields.Selection(PURPOSES, required=True)
    at = fields.Datetime(required=True, default=fields.Datetime.now)
    inbound_id = fields.Many2one("hospital.message.inbound", ondelete="set null", index="btree_not_null", string="Text")
    text = fields.Text(related="inbound_id.text", string="What Was Written")

    _once = models.UniqueIndex("(number, purpose)", "This number has already refused.")

    def action_take_back(self):
        """Button: the refusal was a mistake, for the number and for the patients; see the text's own button."""
        self.inbound_id.action_take_back()


class HospitalContactRefusal(models.Model):
    _inherit = "hospital.contact.refusal"

    inbound_id = fields.Many2one(
        "hospital.message.inbound", ondelete="set null", index="btree_not_null", readonly=True, string="Text"
    )
