from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from odoo.addons.hospital_base.models.hospital_contact import PURPOSES

from ..messaging import checks, variables
from ..protocols import text as texts

# Purposes that are no part of the treatment: consent, stricter hours, and a way to refuse in every text.
COMMERCIAL = ("marketing",)
APPROVALS = [("draft", "Draft"), ("approved", "Approved"), ("withdrawn", "Withdrawn")]
SUBJECTS = [
    ("res.partner", "Patient"),
    ("hospital.encounter", "Visit"),
    ("hospital.appointment", "Appointment"),
    ("hospital.report", "Report"),
]
# A change of these is a change of what was approved.
APPROVED_FIELDS = {"body", "purpose", "vendor_code", "wechat_code", "variable_ids", "model_id", "subject"}


class Filled(NamedTuple):
    """A template with a record's data: the text, the vendor's or WeChat's variables, the words without a value."""

    text: str
    values: dict[str, str]
    missing: list[str]


class SmsTemplate(models.Model):
    """A text that is sent again and again: managed by its departments, sent once it is approved.

    The text is one in all languages: what was approved is what is sent, whoever sends it.
    """

    _name = "sms.template"
    _inherit = ["sms.template", "mail.thread"]

    body = fields.Char(tracking=True)
    department_ids = fields.Many2many(
        "hr.department",
        string="Departments",
        default=lambda self: self._default_department_ids(),
        help="Empty: the whole hospital.",
    )
    purpose = fields.Selection(PURPOSES, default="notice", required=True, tracking=True)
    subject = fields.Selection(
        SUBJECTS, compute="_compute_subject", inverse="_inverse_subject", search="_search_subject", string="About"
    )
    vendor_code = fields.Char(
        string="Vendor's Template", tracking=True, help="The template's code at Aliyun or Tencent."
    )
    wechat_code = fields.Char(
        string="WeChat Template", tracking=True, help="The id of the template message or subscription notice."
    )
    variable_ids = fields.One2many("hospital.message.variable", "template_id", string="Variables of Their Templates")
    approval = fields.Selection(APPROVALS, default="draft", required=True, readonly=True, copy=False, tracking=True)
    active = fields.Boolean(default=True)

    _approved_index = models.Index("(model) WHERE approval = 'approved'")

    @api.model
    def _default_department_ids(self):
        """Who may write for some departments only, writes for those."""
        if self.env.user.has_group("hospital_sms.group_approve"):
            return False
        return self.env.user.employee_id.department_id

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if "model_id" in fields_list and not values.get("model_id"):
            values["model_id"] = self.env["ir.model"]._get_id("res.partner")
        return values

    @api.depends("model")
    def _compute_subject(self):
        known = dict(self._fields["subject"].selection)
        for template in self:
            template.subject = template.model if template.model in known else False

    def _inverse_subject(self):
        for template in self.filtered("subject"):
            template.model_id = self.env["ir.model"]._get(template.subject)

    @api.model
    def _search_subject(self, operator, value):
        # "not set" is any other model of Odoo's.
        known = list(dict(self._fields["subject"].selection))
        if operator != "in":
            return NotImplemented
        domain = Domain("model", "in", [name for name in value if name])
        return domain | Domain("model", "not in", known) if False in value else domain

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("subject"):
                vals["model_id"] = self.env["ir.model"]._get_id(vals["subject"])
            if not self.env.su:
                vals.pop("approval", None)
        templates = super().create(vals_list)
        templates.sudo()._check_blocked()
        return templates

    def write(self, vals):
        if "approval" in vals and not self.env.su:
            raise AccessError(self.env._("A template is approved and withdrawn with the buttons."))
        # A pencil is no new text: only what changes counts, and the loader of data is no editor.
        changed = self.browse()
        if APPROVED_FIELDS & vals.keys() and "approval" not in vals:
            changed = self.filtered(lambda template: template.approval == "approved" and template._differs(vals))
        result = super().write(vals)
        if isinstance(vals.get("body"), str):
            own = self.filtered("subject").with_context(mail_notrack=True)
            for code, _name in self.env["res.lang"].get_installed():
                super(SmsTemplate, own.with_context(lang=code)).write({"body": vals["body"]})
        if {"body", "subject", "model_id"} & vals.keys():
            self.sudo()._check_blocked()
        if changed:
            changed.sudo().write({"approval": "draft"})
        return result

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        if field_name == "body" and self.subject and not self.env.su:
            raise AccessError(self.env._("The text of a template is the same in all languages: edit the template."))
        return super()._update_field_translations(field_name, translations, digest=digest, source_lang=source_lang)

    def _differs(self, vals):
        return any(
            self._fields[name].type == "one2many" or self._fields[name].convert_to_write(self[name], self) != vals[name]
            for name in APPROVED_FIELDS & vals.keys()
        )

    def _check_blocked(self):
        """A template of the suite that could never be sent is not kept."""
        for template in self.filtered("subject"):
            blocked = [sentence for level, sentence in template._check_own_text() if level == "block"]
            if blocked:
                raise UserError("\n".join(blocked))

    def _check_access_right_dynamic_template(self):
        """Code in a text could read any patient: it is for system administrators, words in braces for the others."""
        if not self.env.su and not self.env.user.has_group("base.group_system"):
            for template in self.sudo():
                if "{{" in (template.body or "") or "{{" in (template.lang or ""):
                    raise AccessError(self.env._("A text takes words in single braces, such as {姓名}; no code."))
        return super()._check_access_right_dynamic_template()

    # -- approval --------------------------------------------------------------------------------------------

    def action_approve(self):
        self._require_approver()
        self.check_access("write")
        self.sudo()._check_blocked()
        self.sudo().write({"approval": "approved"})

    def action_withdraw(self):
        self._require_approver()
        self.check_access("write")
        self.sudo().write({"approval": "withdrawn"})

    def action_reopen(self):
        """Button: a withdrawn template becomes a draft again, for whoever may write it."""
        self.check_access("write")
        self.filtered(lambda template: template.approval == "withdrawn").sudo().write({"approval": "draft"})

    def _require_approver(self):
        if not self.env.user.has_group("hospital_sms.group_approve"):
            raise AccessError(self.env._("Your role does not approve message templates."))

    def _require_approved(self):
        """Raise unless these templates may be used to send."""
        for template in self.sudo():
            if template.approval != "approved" or not template.active:
                raise UserError(self.env._("The template %(name)s is not approved.", name=template.name))

    # -- the text --------------------------------------------------------------------------------------------

    def _words(self):
        """``{word: what it stands for}`` for the text of this template."""
        return self.env[self.subject]._message_words() if self.subject else {}

    def _texts(self, records, channel="sms"):
        """Fill in the template for ``records`` of its kind, read with their rights: ``{record id: Filled}``."""
        return self._fill_in(records._message_values(), channel)

    def _fill_in(self, values_of, channel="sms"):
        """``{anything: {word: text}}`` as ``{the same: Filled}``: the text, and what the vendor's template asks for."""
        self.ensure_one()
        body = self.body
        lines = [(line.name, line.value) for line in self.sudo().variable_ids if line.channel == channel]
        filled = {}
        for key, known in values_of.items():
            text, missing = variables.fill(body, known)
            values = {}
            for name, value in lines:
                values[name], lacking = variables.fill(value, known)
                missing += [word for word in lacking if word not in missing]
            filled[key] = Filled(text, values, missing)
        return filled

    def _render_template_inline_template(self, template_txt, model, res_ids, add_context=None, options=None):
        """Odoo's own composer fills in the words of the suite too."""
        rendered = super()._render_template_inline_template(template_txt, model, res_ids, add_context, options)
        if model in dict(self._fields["subject"].selection) and variables.words(template_txt):
            known = self.env[model].browse(res_ids)._message_values()
            rendered = {res_id: variables.fill(text, known[res_id])[0] for res_id, text in rendered.items()}
        return rendered

    def _check_own_text(self):
        return self._check_text(self.body, self.purpose, known=self._words())

    @api.model
    def _check_text(self, text, purpose, known=None):
        """What is to be said about ``text`` before it is sent: ``[(level, sentence)]``, what blocks first.

        level: "block", "warn", "info"; known: the words in braces that will be filled in, None for a text that is
        filled in already
        """
        commercial = purpose in COMMERCIAL
        whole = checks.with_opt_out(text or "") if commercial else text or ""
        found = checks.problems(
            text,
            commercial=commercial,
            known=known,
            banned=self.env["hospital.message.word"]._banned(),
            parts=len(texts.split(whole, reserved=self.env["hospital.gateway"]._signature_length())),
        )
        return [(problem.level, self._check_sentence(problem)) for problem in found]

    @api.model
    def _check_sentence(self, problem):
        args = problem.args
        match problem.code:
            case "empty":
                return self.env._("There is no text.")
            case "signature":
                return self.env._("No 【】 in the text: the signature is put before it by the system.")
            case "code":
                return self.env._("Words stand in single braces, such as {姓名}.")
            case "variable":
                return self.env._("Nothing is known that {%(word)s} stands for.", word=args["word"])
            case "word" if args["note"]:
                return self.env._("Sensitive word “%(word)s”: say %(note)s.", word=args["word"], note=args["note"])
            case "word":
                return self.env._("Sensitive word “%(word)s”.", word=args["word"])
            case "link":
                return self.env._("Operators let only registered links pass: %(link)s", link=args["link"])
            case "emoji":
                return self.env._("There are characters that some phones do not show.")
            case "long":
                return self.env._("The text is sent and paid in %(parts)s parts.", parts=args["parts"])
            case "opt_out":
                return self.env._("“%(text)s” is put at its end.", text=args["text"])
