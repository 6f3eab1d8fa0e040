from odoo import fields, models


class HospitalWechatFollower(models.Model):
    """Who follows an official account, and which patient that is."""

    _name = "hospital.wechat.follower"
    _description = "WeChat Follower"
    _order = "id desc"

    gateway_id = fields.Many2one("hospital.gateway", required=True, ondelete="cascade", readonly=True)
    openid = fields.Char(required=True, readonly=True, groups="hospital_base.group_identity")
    patient_id = fields.Many2one("res.partner", ondelete="cascade", index="btree_not_null", readonly=True)
    follows = fields.Boolean(default=True, readonly=True)
    bound_at = fields.Datetime(readonly=True)

    _openid_unique = models.UniqueIndex("(gateway_id, openid)")
