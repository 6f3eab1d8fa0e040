from odoo import api, models


class HospitalMessageBatch(models.Model):
    """What is wrong with a list, as sentences."""

    _inherit = "hospital.message.batch"

    @api.model
    def _sentence(self, code, value=""):
        """Why a row or a file is not taken; the code itself if it is unknown."""
        sentences = {
            # a row
            "no_number": self.env._("No mobile number"),
            "double": self.env._("The same row stands further up"),
            "not_mobile": self.env._("Not a mobile number of mainland China"),
            "several_numbers": self.env._("More than one number in the cell"),
            "formula": self.env._("Formulas are not taken: paste the values"),
            "error": self.env._("The cell holds an error of Excel"),
            "too_long": self.env._("A cell has more than 300 characters"),
            "brackets": self.env._("【】 are for the signature only"),
            # a file
            "not_excel": self.env._("This is not an Excel file (.xlsx)."),
            "too_large": self.env._("The file has more than %s MB.", value),
            "bomb": self.env._("The file would unpack to far more than a list needs; it is not opened."),
            "too_many_rows": self.env._("The list has more than %s rows: divide it.", value),
            "no_rows": self.env._("The list has no rows."),
            "no_number_column": self.env._("No column is headed “手机号”: see the template."),
            "bad_head": self.env._("Two columns are headed “%s”.", value),
        }
        return sentences.get(code) or code
