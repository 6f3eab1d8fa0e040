from odoo import api, fields, models
from odoo.tools.rendering_tools import parse_inline_template

from ..batches import sheet
from ..protocols import text as texts
from .hospital_message_batch import WRITABLE
from .hospital_message_batch_recipients import Recipient

SAMPLES = 5
# What a text may name of its receiver, nothing of a disease among it. Odoo renders these without evaluating code.
VARIABLES = {
    "res.partner": {
        "object.name": "Name",
        "object.message_title": "Mr or Ms",
        "object.message_department": "Department of the last visit",
        "object.message_visit_day": "Day of the last visit",
    },
    "hospital.encounter": {
        "object.patient_id.name": "Name",
        "object.patient_id.message_title": "Mr or Ms",
        "object.department_id.name": "Department",
        "object.attending_id.name": "Doctor",
        "object.discharge_date": "Day of discharge",
        "object.revisit_date": "Day of the next visit",
    },
    "hospital.appointment": {
        "object.patient_id.name": "Name",
        "object.patient_id.message_title": "Mr or Ms",
        "object.department_id.name": "Department",
        "object.employee_id.name": "Doctor",
        "object.date": "Day",
        "object.message_time": "Time",
    },
    "hr.employee.public": {"object.name": "Name", "object.department_id.name": "Department"},
}


class Base(models.AbstractModel):
    _inherit = "base"

    @api.model
    def mail_allowed_qweb_expressions(self):
        return super().mail_allowed_qweb_expressions() + tuple(VARIABLES.get(self._name, ()))


class HospitalMessageBatch(models.Model):
    """What is written: the text with its variables filled in, by Odoo's way of rendering without code."""

    _inherit = "hospital.message.batch"

    def _render_model(self):
        """The model that the text's variables are about; "" for the columns of a list."""
        if self.source == "list":
            return ""
        own = "hr.employee.public" if self.source == "staff" else self.source
        return "res.partner" if self.template_id.model == "res.partner" and self.source != "staff" else own

    def _texts(self, recipients):
        """The texts of these receivers, in their order; call it on ``_as_author``."""
        model = self._render_model()
        if not model:
            pieces = parse_inline_template(self.text or "")
            return [self._filled(pieces, recipient.values) for recipient in recipients]
        ids = [
            recipient.patient_id if model == "res.partner" else recipient.record.id for recipient in recipients
        ]
        rendered = self.env["sms.template"]._render_template(self.text or "", model, ids, engine="inline_template")
        return [rendered[record_id].strip() for record_id in ids]

    @api.model
    def _filled(self, pieces, values):
        return "".join(
            literal + (values.get(expression.removeprefix("object."), "") or default.strip() if expression else "")
            for literal, expression, default in pieces
        ).strip()

    def _variables(self):
        """Expressions that the text may hold, with their labels."""
        model = self._render_model()
        if model:
            # Of a template of another model nothing is offered: its text is not typed here.
            return {expression: self._label_of(label) for expression, label in VARIABLES.get(model, {}).items()}
        try:
            return {f"object.{name}": name for name in self._heads().variables} if self.sudo().file else {}
        except sheet.BadSheet:
            return {}

    def _problems(self):
        """Sentences that say why this cannot be checked yet."""
        problems = []
        if not (self.text or "").strip():
            problems.append(self.env._("There is no text yet."))
        if self.source == "staff" and not (self.staff_department_ids or self.staff_group_ids):
            problems.append(self.env._("Choose the departments or groups whose staff are written to."))
        if self.source == "list":
            problems += self._problems_of_list()
        if self.plan_at and self.plan_at < fields.Datetime.now():
            problems.append(self.env._("The planned time has passed."))
        return problems + self._problems_of_text()

    def _problems_of_list(self):
        if not self.sudo().file:
            return [self.env._("Choose the Excel file.")]
        try:
            self._heads()
        except sheet.BadSheet as bad:
            return [self._words(bad.code, bad.value)]
        return []

    def _problems_of_text(self):
        text, problems = self.text or "", []
        if not self.template_id:
            known = self._variables()
            for _literal, expression, _default in parse_inline_template(text):
                if expression and expression not in known:
                    problems.append(self.env._("Nobody knows the variable %s.", expression))
        if check := getattr(self.env["sms.template"], "_check_text", None):
            problems += check(text, self.purpose)
        return problems

    # -- the page --------------------------------------------------------------------------------------------

    @api.model
    def preview(self, values, batch_id=False, after=0):
        """Endpoint of the form: what five receivers would read, with the reader's rights.

        values: the form's fields as they stand, saved or not; after: the id after which the five are looked for.
        Returns ``{"samples": [{id, name, number, text, characters, parts}], "variables": [[expression, label]],
        "problems": [sentence]}``.
        """
        self.check_access("create")
        values = {name: value for name, value in values.items() if name in WRITABLE and name != "file"}
        batch = self.new(values, origin=self._preview_origin(batch_id))
        samples = []
        problems = batch._problems_of_text() if batch.text else []
        if not problems and (batch.source != "staff" or batch.staff_department_ids or batch.staff_group_ids):
            samples = batch._samples(after)
        return {
            "samples": samples,
            "variables": list(batch._variables().items()),
            "problems": problems,
        }

    def _preview_origin(self, batch_id):
        origin = self.browse(batch_id or ())
        origin._require_author() if origin else None
        return origin

    def _samples(self, after):
        batch = self.with_context(lang=self.env.user.lang, tz=self.env.user.tz)
        recipients = batch._first_of_list(after) if self.source == "list" else batch._recipients(after, SAMPLES)
        in_full = self.env.user.has_group("hospital_base.group_patient_name")
        samples = []
        for recipient, text in zip(recipients, batch._texts(recipients), strict=True):
            name, number = batch._shown(recipient)
            if recipient.patient_id and not in_full:
                real = self.env["res.partner"].browse(recipient.patient_id).sudo().name
                text = text.replace(real, name)
            characters, parts = self._size(text)
            samples.append(
                {
                    "id": recipient.id,
                    "name": name,
                    "number": number,
                    "text": text,
                    "characters": characters,
                    "parts": parts,
                }
            )
        return samples

    def _first_of_list(self, after):
        """The first good rows straight from the file: it is only read as a whole by the check."""
        try:
            _heads, rows = sheet.read(self._origin._content()) if self._origin.file else (None, ())
            good = (row for row in rows if not row.problem and row.sequence > after)
            return [
                Recipient(row.sequence, row.number, None, None, row.values, row.name)
                for row, _place in zip(good, range(SAMPLES), strict=False)
            ]
        except sheet.BadSheet:
            return []

    @api.model
    def _size(self, text):
        """Characters with the signature, and parts, by the gateway that such a message would take."""
        gateway = self.env["hospital.gateway"].sudo().search([("protocol", "!=", "wechat")], limit=1)
        signature = len(gateway.signature or "")
        reserved = signature + 2 if signature else 0
        return len(text) + reserved, len(texts.split(text, reserved=reserved))
