from odoo import fields, models


class HospitalHisTransactionSettle(models.TransientModel):
    """A person's decision on a transaction in doubt, with the reason."""

    _name = "hospital.his.transaction.settle"
    _description = "Settle a Transaction by Hand"

    transaction_id = fields.Many2one(
        "hospital.his.transaction", required=True, default=lambda self: self.env.context.get("active_id")
    )
    state = fields.Selection(related="transaction_id.state")
    outcome = fields.Selection(
        [("commit", "Commit in the HIS"), ("rollback", "Roll back in the HIS")], required=True, string="Decision"
    )
    note = fields.Char(required=True, string="Reason")

    def action_settle(self):
        self.transaction_id._settle_by_hand(self.outcome == "commit", self.note)
