from odoo import fields, models


class HospitalKpi(models.Model):
    """What a figure means: its formula, of whom, since when. Shown beside the figures and in every export."""

    _name = "hospital.kpi"
    _description = "Definition of a Figure"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    code = fields.Char(required=True, help="The field that holds the figure.")
    name = fields.Char(required=True, translate=True, string="Figure")
    formula = fields.Text(required=True, translate=True)
    population = fields.Text(required=True, translate=True, help="What the figure is a share or a number of.")
    note = fields.Text(string="Remarks", translate=True)
    version_date = fields.Date(required=True, string="Valid since")

    _code_unique = models.UniqueIndex("(code)", "This figure is already defined.")
