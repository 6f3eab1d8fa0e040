from odoo import fields, models


class HospitalDrug(models.Model):
    """A drug of the hospital's list, with its price and what the insurance pays of it."""

    _name = "hospital.drug"
    _description = "Drug"
    _inherit = ["hospital.search.mixin"]
    _order = "name, spec, id"
    _search_key_fields = ("name", "trade_name", "code")

    source_id = fields.Many2one("hospital.his.source", readonly=True, copy=False)
    external_id = fields.Char(string="HIS Key", readonly=True, copy=False)
    code = fields.Char()
    name = fields.Char(required=True, string="Generic Name")
    trade_name = fields.Char()
    spec = fields.Char(string="Specification", help="Strength and package, such as 0.25g×24.")
    dosage_form = fields.Char()
    unit = fields.Char(help="What the price is for: a box, a bottle.")
    price = fields.Float(digits=(12, 4), aggregator="avg")
    insurance_class = fields.Selection(
        [("a", "Class A"), ("b", "Class B"), ("c", "At own expense")],
        help="Class A is paid by the insurance, of class B the patient pays a share first.",
    )
    self_pay_share = fields.Float(string="Patient's Share (%)", digits=(5, 2), aggregator="avg")
    manufacturer = fields.Char()
    in_stock = fields.Boolean(default=True)
    active = fields.Boolean(default=True)

    _external_unique = models.UniqueIndex(
        "(source_id, external_id) WHERE external_id IS NOT NULL", "The HIS key of a drug must be unique."
    )
    _price_sensible = models.Constraint("CHECK (price >= 0)", "A price cannot be below nothing.")
    _share_percent = models.Constraint(
        "CHECK (self_pay_share BETWEEN 0 AND 100)", "The patient's share is a percentage."
    )
