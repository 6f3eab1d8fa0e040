from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

# Each button of a form reads its record again: within this time that is one look.
ONE_LOOK = timedelta(minutes=10)


class HospitalAccessLog(models.Model):
    """Who opened, revealed, corrected, exported or listened to what. Append only."""

    _name = "hospital.access.log"
    _description = "Access Log"
    _order = "id desc"
    _log_access = False

    at = fields.Datetime(required=True, default=fields.Datetime.now, index=True)
    user_id = fields.Many2one("res.users", required=True, ondelete="restrict")
    action = fields.Selection(
        [
            ("open", "Opened"),
            ("reveal", "Revealed"),
            ("change", "Corrected"),
            ("export", "Exported"),
            ("listen", "Listened"),
        ],
        required=True,
    )
    res_model = fields.Char(required=True)
    model_id = fields.Many2one("ir.model", string="Kind of Record", ondelete="set null")
    res_id = fields.Many2oneReference(model_field="res_model", string="Record Id")
    patient_id = fields.Many2one("res.partner", index="btree_not_null", ondelete="restrict")
    field = fields.Char(string="Technical Name")
    field_id = fields.Many2one("ir.model.fields", ondelete="set null")
    reason = fields.Char()
    count = fields.Integer(default=1, string="Records")

    _user_index = models.Index("(user_id, at)")

    @api.model
    def _log(self, action, record, *, patient=None, field=None, reason=None, count=1):
        """Add one line about ``record`` (its id may be a sample when ``count`` is above 1)."""
        if patient is None and record._name == "res.partner":
            patient = record
        elif patient is None and "patient_id" in record._fields:
            patient = record.sudo().patient_id
        return self.sudo().create(
            {
                "user_id": self.env.uid,
                "action": action,
                "res_model": record._name,
                "model_id": self.env["ir.model"]._get_id(record._name),
                "res_id": record.id,
                "patient_id": patient.id if patient else False,
                "field": field,
                "field_id": field and self.env["ir.model.fields"]._get_ids(record._name)[field],
                "reason": reason,
                "count": count,
            }
        )

    @api.model
    def _log_each(self, action, patients, reason=None):
        """Add a line about each of several patients."""
        self.sudo().create(
            [
                {
                    "user_id": self.env.uid,
                    "action": action,
                    "res_model": "res.partner",
                    "model_id": self.env["ir.model"]._get_id("res.partner"),
                    "res_id": patient.id,
                    "patient_id": patient.id,
                    "reason": reason,
                }
                for patient in patients
            ]
        )

    @api.model
    def _log_look(self, records, field=None):
        """Add a line about ``records`` being looked at, once for one record within ``ONE_LOOK``."""
        if len(records) == 1:
            domain = [
                ("user_id", "=", self.env.uid),
                ("at", ">", fields.Datetime.now() - ONE_LOOK),
                ("action", "=", "open"),
                ("res_model", "=", records._name),
                ("res_id", "=", records.id),
                ("count", "=", 1),
            ]
            if self.sudo().search_count(domain + ([("field", "=", field)] if field else []), limit=1):
                return
        self._log("open", records[:1], field=field, count=len(records))

    def write(self, vals):  # pylint: disable=method-required-super; nothing is ever written
        raise AccessError(self.env._("The access log cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("The access log cannot be changed."))
