from odoo import api, models


class HospitalMessageBatch(models.Model):
    """Codes as sentences, in one place."""

    _inherit = "hospital.message.batch"

    @api.model
    def _words(self, code, value=""):
        """The sentence of a code: why a message is excluded, a row or a file not taken; the code itself if unknown."""
        _ = self.env._
        sentences = {
            # a message
            "deceased": _("The patient has died"),
            "do_not_contact": _("Asked not to be contacted"),
            "refused": _("Has refused this kind of message"),
            "consent_withdrawn": _("Has withdrawn the consent"),
            "no_consent": _("Has not consented to commercial messages"),
            "open_complaint": _("Has an open complaint"),
            "stopped": _("The number has refused"),
            # a message, or a row
            "no_number": _("No valid mobile number"),
            "double": _("The same text already goes to this number"),
            # a row
            "not_mobile": _("Not a mobile number of mainland China"),
            "several_numbers": _("More than one number in the cell"),
            "formula": _("Formulas are not taken: paste the values"),
            "error": _("The cell holds an error of Excel"),
            "too_long": _("A cell has more than 300 characters"),
            "brackets": _("【】 are for the signature only"),
            # a file
            "not_excel": _("This is not an Excel file (.xlsx)."),
            "too_large": _("The file has more than %s MB.", value),
            "bomb": _("The file would unpack to far more than a list needs; it is not opened."),
            "too_many_rows": _("The list has more than %s rows: divide it.", value),
            "no_rows": _("The list has no rows."),
            "no_number_column": _("No column is headed “手机号”: see the template."),
            "bad_head": _("The head “%s” stands there twice, or holds { } or |.", value),
        }
        return sentences.get(code) or code

    @api.model
    def _label_of(self, label):
        """The name of a variable in the reader's language."""
        _ = self.env._
        return {
            "Name": _("Name"),
            "Mr or Ms": _("Mr or Ms"),
            "Department of the last visit": _("Department of the last visit"),
            "Day of the last visit": _("Day of the last visit"),
            "Department": _("Department"),
            "Doctor": _("Doctor"),
            "Day of discharge": _("Day of discharge"),
            "Day of the next visit": _("Day of the next visit"),
            "Day": _("Day"),
            "Time": _("Time"),
        }[label]
