import pytz

from odoo import api, fields, models

from odoo.addons.base.models.res_partner import _tz_get


class ResCompany(models.Model):
    _inherit = "res.company"

    hospital_tz = fields.Selection(
        _tz_get,
        string="Hospital's Clock",
        required=True,
        default="Asia/Shanghai",
        help="Days, calling hours and deadlines follow this clock, whatever a user's own time zone is.",
    )

    @api.model
    def _to_hospital_clock(self, moment):
        """Return the naive UTC ``moment`` as a naive datetime of the hospital's clock."""
        zone = pytz.timezone(self.env.company.hospital_tz)
        return pytz.utc.localize(moment).astimezone(zone).replace(tzinfo=None)

    @api.model
    def _from_hospital_clock(self, moment):
        """Return the naive ``moment`` of the hospital's clock as a naive UTC datetime."""
        zone = pytz.timezone(self.env.company.hospital_tz)
        return zone.localize(moment).astimezone(pytz.utc).replace(tzinfo=None)

    @api.model
    def _hospital_today(self):
        return self._to_hospital_clock(fields.Datetime.now()).date()
