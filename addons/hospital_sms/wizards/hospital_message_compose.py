from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.hospital_base.models.hospital_contact import PURPOSES

from ..messaging import variables
from ..models.hospital_message import CHANNELS
from ..models.hospital_message_queue import Draft, Terms


class HospitalMessageCompose(models.TransientModel):
    """One message to one patient, written at a patient, a visit, an appointment, a report or a follow-up."""

    _name = "hospital.message.compose"
    _description = "Message to a Patient"

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True, readonly=True)
    patient_id = fields.Many2one("res.partner", compute="_compute_patient_id", string="To")
    channel = fields.Selection(CHANNELS, required=True, default="sms")
    has_wechat = fields.Boolean(compute="_compute_has_wechat")
    phone_id = fields.Many2one(
        "hospital.patient.phone",
        compute="_compute_phone_id",
        compute_sudo=False,
        store=True,
        readonly=False,
        string="Number",
        domain="[('patient_id', '=', patient_id), ('kind', '=', 'mobile'), ('state', '!=', 'invalid')]",
    )
    template_id = fields.Many2one(
        "sms.template",
        domain="[('approval', '=', 'approved'), ('subject', 'in', subjects)]",
        help="Without a template the text is free.",
    )
    purpose = fields.Selection(
        PURPOSES, compute="_compute_purpose", compute_sudo=False, store=True, readonly=False, required=True
    )
    text = fields.Text(compute="_compute_text", compute_sudo=False, store=True, readonly=False)
    plan_at = fields.Datetime(string="Send At", help="Empty: now.")
    subjects = fields.Json(compute="_compute_patient_id", export_string_translation=False)
    word_list = fields.Json(compute="_compute_word_list", export_string_translation=False)
    reserved = fields.Integer(compute="_compute_findings", export_string_translation=False)
    findings = fields.Json(compute="_compute_findings", export_string_translation=False)
    reads = fields.Text(compute="_compute_findings", string="The Patient Reads")
    gate_notice = fields.Char(compute="_compute_gate_notice")
    refused = fields.Boolean(compute="_compute_gate_notice")

    # -- about whom and what ---------------------------------------------------------------------------------

    def _record(self):
        """What the message is about, checked against the user's rights on it."""
        if self.res_model not in self.env or "action_compose_message" not in dir(self.env[self.res_model]):
            raise UserError(self.env._("Messages are not written at this kind of record."))
        record = self.env[self.res_model].browse(self.res_id)
        record.check_access("read")
        return record

    def _patient(self):
        record = self._record()
        return record.sudo()._message_patients()[record.id].with_env(self.env)

    @api.depends("res_model", "res_id")
    def _compute_patient_id(self):
        for wizard in self:
            wizard.patient_id = wizard._patient()
            wizard.subjects = list(wizard._record().sudo()._message_subjects())

    @api.depends("patient_id")
    def _compute_has_wechat(self):
        for wizard in self:
            wizard.has_wechat = bool(wizard._follower())

    def _follower(self):
        domain = [("patient_id", "=", self.patient_id.id), ("follows", "=", True)]
        return self.env["hospital.wechat.follower"].sudo().search(domain, limit=1)

    @api.depends("patient_id")
    def _compute_phone_id(self):
        for wizard in self:
            lines = wizard.patient_id.phone_line_ids.filtered(lambda line: line.kind == "mobile")
            wizard.phone_id = lines._best()

    @api.depends("res_model", "res_id", "template_id")
    def _compute_purpose(self):
        for wizard in self:
            wizard.purpose = (
                wizard.template_id.purpose or wizard.purpose or wizard._record()._message_terms()["purpose"]
            )

    # -- the text --------------------------------------------------------------------------------------------

    def _subject(self):
        """The record that the words of the text are read from."""
        record = self._record()
        if not self.template_id:
            return record
        subject = record.sudo()._message_subjects().get(self.template_id.subject)
        if not subject:
            raise UserError(self.env._("This template is about something else."))
        return subject.with_env(self.env)

    @api.depends("template_id")
    def _compute_text(self):
        for wizard in self:
            wizard.text = wizard.template_id.body or wizard.text

    @api.depends("res_model", "template_id")
    @api.depends_context("lang")
    def _compute_word_list(self):
        for wizard in self:
            words = {} if wizard.template_id else wizard._subject()._message_words()
            wizard.word_list = [{"word": word, "label": label} for word, label in words.items()]

    def _filled(self):
        """The text with the record's data, the values of the vendor's template, the words without a value."""
        subject = self._subject().sudo()
        if self.template_id:
            return self.template_id._texts(subject, self.channel)[subject.id]
        text, missing = variables.fill(self.text, subject._message_values()[subject.id])
        return text, {}, missing

    @api.depends("text", "purpose", "template_id", "channel")
    @api.depends_context("lang")
    def _compute_findings(self):
        reserved = self.env["hospital.gateway"]._signature_length()
        for wizard in self:
            wizard.reserved = reserved
            wizard.reads, _values, missing = wizard._filled()
            # Nothing is said about what has not been begun.
            wizard.findings = (wizard.text or wizard.template_id) and [
                {"level": level, "text": text} for level, text in wizard._problems(wizard.reads, missing)
            ]

    def _problems(self, text, missing):
        """What is to be said about the text before it is sent: ``[(level, sentence)]``."""
        found = [("block", self.env._("{%(word)s} has no value here.", word=word)) for word in missing]
        if self.channel == "wechat" and not self.template_id.wechat_code:
            found.append(("block", self.env._("WeChat takes only texts of a template that it knows.")))
        return found + self.env["sms.template"]._check_text(text, self.template_id.purpose or self.purpose)

    # -- the gate --------------------------------------------------------------------------------------------

    @api.depends("patient_id", "phone_id", "purpose", "channel", "plan_at")
    @api.depends_context("lang")
    def _compute_gate_notice(self):
        messages = self.env["hospital.message"].sudo()
        for wizard in self:
            verdict = messages._verdicts([wizard._draft("")], wizard.channel, wizard.purpose, wizard.plan_at)[0]
            wizard.gate_notice = messages._verdict_sentence(verdict)
            wizard.refused = verdict.verdict == "no"
            if wizard.channel == "sms" and not wizard.phone_id and not wizard.refused:
                wizard.refused = True
                wizard.gate_notice = self.env._("Refused: %(reason)s.", reason=messages._reason_sentence("no_number"))

    def _draft(self, text, values=None):
        follower = self._follower() if self.channel == "wechat" else None
        line = self.phone_id if self.phone_id.patient_id == self.patient_id else self.env["hospital.patient.phone"]
        return Draft(
            text,
            number="" if follower else line.sudo().number or "",
            patient_id=self.patient_id.id,
            openid=follower.openid if follower else "",
            values=values or None,
            origin=(self.res_model, self.res_id),
        )

    # -- sending ---------------------------------------------------------------------------------------------

    def action_send(self):
        """Button: put the message into the queue and say when it goes."""
        self.ensure_one()
        message = self._send()
        if message.state == "excluded":
            raise UserError(self.env._("Refused: %(reason)s.", reason=message._reason_sentence(message.reason)))
        at = self.env["res.company"]._to_hospital_clock(message.plan_at)
        waits = message.plan_at > fields.Datetime.now()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("The message goes out at %(time)s.", time=f"{at:%m-%d %H:%M}")
                if waits
                else self.env._("The message is on its way."),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _send(self):
        """Put the message into the queue; returns it, with the rights of the system."""
        if not self.env.user.has_group("hospital_sms.group_send"):
            raise UserError(self.env._("Your role does not send messages."))
        if self.template_id:
            self.template_id.check_access("read")
            self.template_id._require_approved()
        text, values, missing = self._filled()
        blocked = [sentence for level, sentence in self._problems(text, missing) if level == "block"]
        if blocked:
            raise UserError("\n".join(blocked))
        record = self._record()
        terms = Terms(
            # Of a template as it was approved, whatever the form says.
            purpose=self.template_id.purpose or self.purpose,
            channel=self.channel,
            priority=record._message_terms()["priority"],
            at=self.plan_at or None,
            template_id=self.template_id.id or None,
            department_id=(record.sudo()._message_department() or self.env.user.employee_id.department_id).id or None,
        )
        messages = self.env["hospital.message"].sudo()
        return messages.browse(messages._enqueue([self._draft(text, values)], terms))
