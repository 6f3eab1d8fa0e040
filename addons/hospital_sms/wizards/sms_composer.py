from odoo import fields, models


class SmsComposer(models.TransientModel):
    _inherit = "sms.composer"

    template_id = fields.Many2one(domain="[('model', '=', res_model), ('approval', '=', 'approved')]")

    def _get_done_record_ids(self, records, recipients_info):
        """Two patients with the same masked number are no duplicate; the queue knows the full ones."""
        alone = {
            record_id: {**info, "sanitized": f"{info['sanitized']}#{record_id}"}
            if "*" in (info["sanitized"] or "")
            else info
            for record_id, info in recipients_info.items()
        }
        return super()._get_done_record_ids(records, alone)
