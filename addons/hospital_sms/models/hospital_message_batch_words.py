from odoo import api, models


class HospitalMessageBatch(models.Model):
    """What is wrong with a list, as sentences."""

    _inherit = "hospital.message.batch"

    @api.model
    def _sentence(self, code, value=""):
        """Why a row or a file is not taken; the code itself if it is unknown."""
        _ = self.env._
        sentences = {
            # a row
            "no_number": _("No mobile number"),
            "double": _("The same row stands further up"),
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
            "bad_head": _("Two columns are headed “%s”.", value),
        }
        return sentences.get(code) or code
