from odoo import models

# A form asks for many fields of one record; labels, cards and dialogs ask for few.
FORM_FIELD_COUNT = 8


class HospitalAuditedMixin(models.AbstractModel):
    """Opening one record and exporting many leaves a line in the access log."""

    _name = "hospital.audited.mixin"
    _description = "Access is Logged"

    def _audited(self):
        """Return the records whose reading is logged: all, unless an override narrows it."""
        return self

    def web_read(self, specification):
        rows = super().web_read(specification)
        if len(self) == 1 and len(specification) >= FORM_FIELD_COUNT and self._audited():
            self.env["hospital.access.log"]._log("open", self)
        return rows

    # Odoo's own is answered in a read-only transaction, where the log could not be written.
    web_read._readonly = False

    def export_data(self, fields_to_export):
        result = super().export_data(fields_to_export)
        if audited := self._audited():
            self.env["hospital.access.log"]._log("export", audited[:1], count=len(audited))
        return result
