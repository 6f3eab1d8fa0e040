from odoo import fields, models
from odoo.exceptions import UserError

from ..identity import phone as identity_phone
from ..models.hospital_patient_phone import RELATIONS


class HospitalPatientPhoneAdd(models.TransientModel):
    """A number that somebody has just been told. Also for those who see numbers only masked."""

    _name = "hospital.patient.phone.add"
    _description = "Add a Phone Number"

    patient_id = fields.Many2one("res.partner", required=True, readonly=True, ondelete="cascade")
    number = fields.Char(required=True)
    relation = fields.Selection(RELATIONS, required=True, default="self", string="Belongs to")
    contact_name = fields.Char()
    is_best = fields.Boolean(string="Call this number first", default=True)

    def action_add(self):
        self.ensure_one()
        self.patient_id.check_access("read")
        found = identity_phone.split(self.number)
        if len(found) != 1 or not found[0].valid:
            raise UserError(self.env._("Enter one mobile number, or one landline with its area code."))
        lines = self.patient_id.sudo().phone_line_ids
        known = lines.filtered(lambda line: line.number == found[0].number)
        # No other line is touched: what a person has written, the data exchange leaves alone.
        if self.is_best and (former := lines.filtered("is_best") - known):
            former.is_best = False
            former.flush_recordset(["is_best"])  # before another becomes the one best number
        values = {
            "kind": found[0].kind,
            "relation": self.relation,
            "contact_name": self.contact_name,
            "is_best": self.is_best,
            "state": "unverified",
            "invalid_reason": False,
        }
        # A number that was given up and is given again may work again.
        if known:
            known.write(values)
        else:
            lines.create(values | {"patient_id": self.patient_id.id, "number": found[0].number})
        self.sudo().unlink()  # the full number stays where it is masked
        return {"type": "ir.actions.act_window_close"}
