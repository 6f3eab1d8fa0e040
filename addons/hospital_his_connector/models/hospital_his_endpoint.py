from odoo import fields, models
from odoo.exceptions import UserError

from ..exchange import parent
from ..exchange.limits import Limits
from ..exchange.problems import ReadingFailed
from .hospital_his_source import CONNECTION

ANSWER = 20  # seconds that the HIS has for its description


class HospitalHisEndpoint(models.Model):
    """A web service of a HIS. Its description is kept here, so that a HIS that is off does not stop us."""

    _name = "hospital.his.endpoint"
    _inherit = ["hospital.his.message"]
    _description = "Web Service of the HIS"
    _order = "source_id, name"

    name = fields.Char(required=True)
    source_id = fields.Many2one("hospital.his.source", required=True, ondelete="cascade", index=True)
    wsdl = fields.Char(string="Description (WSDL)", required=True, groups=CONNECTION, help="Address of the WSDL.")
    address = fields.Char(
        groups=CONNECTION, help="Where calls go. Empty: as the description says, which is often wrong behind a gateway."
    )
    security = fields.Selection(
        [("none", "None"), ("basic", "User and password (HTTP)"), ("token", "UsernameToken (WS-Security, digest)")],
        required=True,
        default="none",
    )
    username = fields.Char(groups=CONNECTION)
    secret_ref = fields.Char(
        string="Password Name", groups=CONNECTION, help="Found like the password of a connection; never stored here."
    )
    documents = fields.Json(groups=CONNECTION, export_string_translation=False)
    services = fields.Char(readonly=True, string="Operations")
    fetched_at = fields.Datetime(readonly=True, string="Description Of")

    def write(self, vals):
        if "wsdl" in vals:
            vals = {"documents": False, "services": False, "fetched_at": False} | vals
        return super().write(vals)

    def action_describe(self):
        """Fetch the description anew and keep it."""
        self.ensure_one()
        self.check_access("write")
        try:
            described = self._describe()
        except ReadingFailed as failure:
            raise UserError(self._sentence(failure.code, failure.arguments)) from None
        self.write(
            {
                "documents": described["documents"],
                "services": ", ".join(described["services"]),
                "fetched_at": fields.Datetime.now(),
            }
        )

    def _describe(self):
        job = {"work": "describe", "source": {"driver": "soap"}, "endpoint": self._told()}
        with parent.Session() as session, session.reading(job, self._limits()) as frames:
            return [head for head, _blobs in frames if head["type"] == "described"][0]

    def _limits(self):
        return Limits(self.source_id.connect_timeout, ANSWER, self.source_id.total_timeout)

    def _told(self):
        """What the child process needs to call it."""
        return {
            "wsdl": self.wsdl,
            "address": self.address,
            "security": self.security,
            "username": self.username,
            "password": self.source_id._read_secret(self.secret_ref),
            "documents": self.documents or {},
        }
