from odoo import fields, models


class HospitalHisSource(models.Model):
    """Who may push rows in the name of a source."""

    _inherit = "hospital.his.source"

    machine_ids = fields.Many2many(
        "res.users",
        string="Machines",
        groups="hospital_base.group_admin,hospital_base.group_integration",
        domain=lambda self: [("all_group_ids", "in", self.env.ref("hospital_his_connector.group_machine").ids)],
        help="Accounts with the role “HIS (machine)” that may push rows into the feeds of this source.",
    )
