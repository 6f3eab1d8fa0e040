from odoo import fields, models


class HospitalMessageReport(models.Model):
    """A delivery report whose part is not known yet: it came before the answer, or belongs to nobody."""

    _name = "hospital.message.report"
    _description = "Unmatched Delivery Report"
    _order = "id desc"
    _log_access = False

    gateway_id = fields.Many2one("hospital.gateway", required=True, ondelete="cascade", readonly=True)
    provider_id = fields.Char(required=True, readonly=True)
    number = fields.Char(readonly=True, groups="hospital_base.group_identity")
    state = fields.Selection([("delivered", "Delivered"), ("failed", "Failed")], required=True, readonly=True)
    code = fields.Char(readonly=True)
    done_at = fields.Datetime(readonly=True)
    at = fields.Datetime(required=True, default=fields.Datetime.now, readonly=True, index=True)

    _once = models.UniqueIndex("(gateway_id, provider_id, number) NULLS NOT DISTINCT")
