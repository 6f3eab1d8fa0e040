from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools.misc import clean_context


class HospitalReveal(models.TransientModel):
    """Show one masked value in full: asks for the reason, writes the access log, then shows it."""

    _name = "hospital.reveal"
    _description = "Reveal a Number"

    # What may be revealed: nothing else of a record can be asked for through this dialog.
    _revealable = {("hospital.patient.phone", "number"), ("res.partner", "id_number")}

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Integer(required=True, readonly=True)
    field = fields.Char(required=True, readonly=True)
    reason = fields.Selection(
        [
            ("call", "To call the patient"),
            ("check", "To check the identity"),
            ("correct", "To correct the data"),
            ("complaint", "To handle a complaint"),
        ],
        required=True,
        default="call",
    )
    value = fields.Char(readonly=True, compute="_compute_value")
    revealed = fields.Boolean(readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        self._check_vals(vals_list, {"revealed"})
        # Without the defaults of the caller's context, which would set the flag too.
        clean = self.with_context(clean_context(self.env.context))  # pylint: disable=context-overridden
        return super(HospitalReveal, clean).create(vals_list)

    def write(self, vals):
        self._check_vals([vals], {"revealed", "res_model", "res_id", "field"})
        return super().write(vals)

    def _check_vals(self, vals_list, protected):
        """Only the button sets the flag, after it has logged; what it was logged for stays."""
        if not self.env.su and any(protected & vals.keys() for vals in vals_list):
            raise AccessError(self.env._("A number is shown only after the reason is recorded."))

    @api.model
    def _ask(self, record, field):
        wizard = self.create({"res_model": record._name, "res_id": record.id, "field": field})
        return wizard._open()

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Show in full"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_reveal(self):
        self.ensure_one()
        record = self._record()
        reasons = dict(self._fields["reason"]._description_selection(self.env))
        self.env["hospital.access.log"]._log("reveal", record, field=self.field, reason=reasons[self.reason])
        self.sudo().revealed = True
        return self._open()

    def _record(self):
        """The record whose value is asked for, checked against the rights of the user on it."""
        if (self.res_model, self.field) not in self._revealable:
            raise AccessError(self.env._("This value cannot be shown."))
        if not self.env.user._has_hospital_role("reveal"):
            raise AccessError(self.env._("Your role does not see full numbers."))
        record = self.env[self.res_model].browse(self.res_id)
        record.check_access("read")
        return record

    @api.depends("revealed")
    def _compute_value(self):
        for wizard in self:
            saved = wizard._origin  # never what a client proposes in an onchange
            wizard.value = saved._record().sudo()[saved.field] if saved.revealed else False
