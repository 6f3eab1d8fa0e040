from odoo import fields, models

from odoo.addons.hospital_base.models.hospital_contact import PURPOSES


class SmsTemplate(models.Model):
    _inherit = "sms.template"

    department_ids = fields.Many2many("hr.department", string="Departments", help="Empty: the whole hospital.")
    purpose = fields.Selection(PURPOSES, default="notice", required=True)
    vendor_code = fields.Char(help="The template's code at Aliyun or Tencent.")
    wechat_code = fields.Char(string="WeChat Template", help="The id of the template message or subscription notice.")
    approval = fields.Selection(
        [("draft", "Draft"), ("approved", "Approved"), ("withdrawn", "Withdrawn")], default="draft", required=True
    )
