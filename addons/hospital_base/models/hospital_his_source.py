from odoo import fields, models


class HospitalHisSource(models.Model):
    """The system that owns a record.

    Everything that comes from outside carries ``(source_id, external_id)``, unique per model.
    The data exchange addon adds the connection to this model.
    """

    _name = "hospital.his.source"
    _description = "External System"
    _order = "name"

    name = fields.Char(required=True)
    code = fields.Char(required=True, help="Short name in Latin letters, used in files and logs.")
    active = fields.Boolean(default=True)

    _code_unique = models.UniqueIndex("(code)", "Another system already has this code.")
