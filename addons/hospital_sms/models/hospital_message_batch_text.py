import contextlib

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..batches import sheet
from ..messaging import variables
from ..protocols import text as texts
from .hospital_message_batch import WRITABLE
from .hospital_message_batch_recipients import Recipient
from .sms_template import Filled

SAMPLES = 5


class HospitalMessageBatch(models.Model):
    """What is written: the text, its words filled in for each receiver."""

    _inherit = "hospital.message.batch"

    word_list = fields.Json(compute="_compute_findings", export_string_translation=False)
    findings = fields.Json(compute="_compute_findings", export_string_translation=False)
    reserved = fields.Integer(compute="_compute_findings", export_string_translation=False)

    @api.depends("text", "purpose", "template_id", "source", "file_data")
    @api.depends_context("lang")
    def _compute_findings(self):
        reserved = self.env["hospital.gateway"]._signature_length()
        for batch in self:
            batch.reserved = reserved
            words = {} if batch.template_id else batch._message_words()
            batch.word_list = [{"word": word, "label": label} for word, label in words.items()]
            batch.findings = (
                [{"level": level, "text": text} for level, text in batch._check_text()] if batch.text else []
            )

    def _message_words(self):
        """``{word: what it stands for}`` for the text of this batch."""
        if self.source == "list":
            try:
                heads = self._heads().variables if self._origin.sudo().file_data else []
            except sheet.BadSheet:
                heads = []
            return {head: head for head in heads if variables.words(f"{{{head}}}")}
        if self.source == "staff":
            return {
                "姓名": self.env._("The name"),
                "科室": self.env._("The department"),
                "医院": self.env._("The hospital's name"),
            }
        return self.env[self._subject_model()]._message_words()

    def _subject_model(self):
        """The model that the words are read from: a template about patients serves their visits as well."""
        return "res.partner" if self.template_id.subject == "res.partner" else self.source

    def _check_text(self):
        """``[(level, sentence)]``, see ``sms.template._check_text``."""
        known = self._message_words()
        if self.source == "list" and not known:
            known = None  # the file has not been read yet
        return self.env["sms.template"]._check_text(self.text, self.purpose, known=known)

    def _fill(self, recipients):
        """Filled, one per receiver, in their order; with the rights of the environment (a name may be masked)."""
        if self.source not in self.env:
            known = {place: recipient.values for place, recipient in enumerate(recipients)}
            filled = self.template_id._fill_in(known) if self.template_id else self._fill_in(known)
            return list(filled.values())
        model = self._subject_model()
        ids = [recipient.patient_id if model == "res.partner" else recipient.record.id for recipient in recipients]
        records = self.env[model].browse(dict.fromkeys(ids))
        if self.template_id:
            filled = self.template_id.with_env(self.env)._texts(records)
        else:
            filled = self._fill_in(records._message_values())
        return [filled[record_id] for record_id in ids]

    def _fill_in(self, values_of):
        """The same for a free text as ``sms.template._fill_in``."""
        filled = {key: variables.fill(self.text, known) for key, known in values_of.items()}
        return {key: Filled(text, {}, missing) for key, (text, missing) in filled.items()}

    # -- before the check ------------------------------------------------------------------------------------

    def _problems(self):
        """Sentences that say why this cannot be checked yet."""
        problems = [sentence for level, sentence in self._check_text() if level == "block"]
        if self.template_id:
            self.template_id._require_approved()
        if self.source == "staff" and not (self.staff_department_ids or self.staff_group_ids):
            problems.append(self.env._("Choose the departments or groups whose staff are written to."))
        if self.source == "list":
            problems += self._problems_of_list()
        if self.plan_at and self.plan_at < fields.Datetime.now():
            problems.append(self.env._("The planned time has passed."))
        return problems

    def _problems_of_list(self):
        if not self.sudo().file_data:
            return [self.env._("Choose the Excel file.")]
        try:
            self._heads()
        except sheet.BadSheet as bad:
            return [self._sentence(bad.code, bad.value)]
        return []

    # -- the page --------------------------------------------------------------------------------------------

    @api.model
    def preview(self, values, batch_id=False, after=0):
        """Endpoint of the form: what five receivers would read, with the reader's rights.

        values: the form's fields as they stand, saved or not; after: the id behind which the five are looked for.
        Returns ``[{id, name, number, text, characters, parts, missing}]``.
        """
        self.check_access("create")
        origin = self.browse(batch_id or ())
        if origin:
            origin._require_author()
        values = {name: value for name, value in values.items() if name in WRITABLE and name != "file"}
        batch = self.new(values, origin=origin)
        if not batch.text or batch.source == "staff" and not (batch.staff_department_ids or batch.staff_group_ids):
            return []
        try:
            recipients = batch._first_of_list(after) if batch.source == "list" else batch._recipients(after, SAMPLES)
        except (UserError, ValueError, SyntaxError):
            # a choice that is still being written
            return []
        reserved = self.env["hospital.gateway"]._signature_length()
        samples = []
        for recipient, filled in zip(recipients, batch._fill(recipients), strict=True):
            name, number = batch._shown(recipient)
            samples.append(
                {
                    "id": recipient.id,
                    "name": name,
                    "number": number,
                    "text": filled.text,
                    "missing": filled.missing,
                    "characters": len(filled.text) + reserved,
                    "parts": self._parts_of(filled.text, reserved),
                }
            )
        return samples

    @api.model
    def _parts_of(self, text, reserved):
        """How many parts; one more than there can be for a text that is too long (it is refused by the check)."""
        try:
            return texts.count(text, reserved=reserved)
        except texts.TooLong:
            return texts.MOST_PARTS + 1

    def _first_of_list(self, after):
        """The next good rows straight from the file: only the check reads it as a whole."""
        if not self._origin.sudo().file_data:
            return []
        found = []
        with contextlib.suppress(sheet.BadSheet):
            for row in sheet.read(self._origin._content())[1]:
                if not row.problem and row.sequence > after:
                    found.append(Recipient(row.sequence, row.number, None, None, row.known, row.name))
                if len(found) == SAMPLES:
                    break
        return found
