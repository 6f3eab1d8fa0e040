from odoo import api, fields, models

from .sms_template import SUBJECTS


class SmsTemplate(models.Model):
    """What the form shows beside the text: the words that can be put in, a real example, what is wrong."""

    _inherit = "sms.template"

    word_list = fields.Json(compute="_compute_word_list", export_string_translation=False)
    sample_ref = fields.Reference(
        SUBJECTS, compute="_compute_sample_ref", store=False, readonly=False, string="Example With"
    )
    sample = fields.Text(compute="_compute_sample", string="Example")
    reserved = fields.Integer(compute="_compute_findings", export_string_translation=False)
    findings = fields.Json(compute="_compute_findings", export_string_translation=False)

    @api.depends("subject")
    @api.depends_context("lang")
    def _compute_word_list(self):
        for template in self:
            template.word_list = [{"word": word, "label": label} for word, label in template._words().items()]

    @api.depends("subject")
    @api.depends_context("uid")
    def _compute_sample_ref(self):
        for template in self:
            record = template.subject and self.env[template.subject].search(template._sample_domain(), limit=1)
            template.sample_ref = f"{record._name},{record.id}" if record else False

    def _sample_domain(self):
        return [("is_patient", "=", True)] if self.subject == "res.partner" else []

    @api.depends("body", "sample_ref")
    @api.depends_context("uid")
    def _compute_sample(self):
        for template in self:
            record = template.sample_ref
            if record and record._name == template.subject and record.has_access("read"):
                template.sample = template._texts(record)[record.id].text
            else:
                template.sample = False

    @api.depends("body", "purpose", "subject")
    @api.depends_context("lang")
    def _compute_findings(self):
        reserved = self.env["hospital.gateway"]._signature_length()
        for template in self:
            template.reserved = reserved
            template.findings = [{"level": level, "text": text} for level, text in template._check_own_text()]
