from odoo import models

# A form asks for many fields of one record; labels, cards and dialogs ask for few.
FORM_FIELD_COUNT = 8


class HospitalAuditedMixin(models.AbstractModel):
    """Opening one record and exporting many leaves a line in the access log."""

    _name = "hospital.audited.mixin"
    _description = "Access is Logged"

    # Fields of a model whose reading is logged on every way, not only in a form.
    _audited_fields = ()

    def _audited(self):
        """Return the records whose reading is logged: all, unless an override narrows it."""
        return self

    def web_read(self, specification):
        rows = super().web_read(specification)
        if len(self) == 1 and len(specification) >= FORM_FIELD_COUNT and self._audited():
            self.env["hospital.access.log"]._log_look(self)
        return rows

    # Odoo's own is answered in a read-only transaction, where the log could not be written.
    web_read._readonly = False

    def _read_format(self, fnames, load="_classic_read"):
        """What every way of reading ends in; Odoo asks once more where its transaction was read-only."""
        rows = super()._read_format(fnames, load=load)
        field = next((name for name in self._audited_fields if name in fnames), None)
        if field and not self.env.su and (audited := self._audited()):
            self.env["hospital.access.log"]._log_look(audited, field)
        return rows

    def export_data(self, fields_to_export):
        result = super().export_data(fields_to_export)
        if audited := self._audited():
            self.env["hospital.access.log"]._log("export", audited[:1], count=len(audited))
        return result
