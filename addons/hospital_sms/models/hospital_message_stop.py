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

    _once = models.UniqueIndex("(number, purpose)", "This number has already refused.")
