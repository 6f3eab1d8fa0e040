from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.hospital_base.models.hospital_enquiry_answer import LABELS

from ..exchange.targets import ENQUIRIES
from .hospital_his_feed_field import TRANSFORMS


class HospitalHisEnquiryField(models.Model):
    """One line of the mapping of a live enquiry."""

    _name = "hospital.his.enquiry.field"
    _description = "Mapping Line of an Enquiry"
    _order = "enquiry_id, sequence, id"
    _rec_name = "target"

    enquiry_id = fields.Many2one("hospital.his.enquiry", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)
    target = fields.Selection(selection="_selection_target", required=True, string="Fills")
    column = fields.Char(help="Column of the query; for joined columns several, separated by commas.")
    transform = fields.Selection(TRANSFORMS, required=True, default="text", string="Read as")
    argument = fields.Char(
        help=(
            "Date: the form, such as %d/%m/%Y. Yes or no: the words for yes. Constant: its value. "
            "Join: what stands between."
        )
    )
    codemap_id = fields.Many2one("hospital.his.codemap", string="Code Table", ondelete="restrict")

    _target_unique = models.UniqueIndex("(enquiry_id, target)", "Each value can be filled only once.")

    @api.model
    def _selection_target(self):
        labels = {name: self.env._(label) for name, label in LABELS.items()}
        labels |= {
            "unit": self.env._("Unit"),
            "patient_key": self.env._("Patient (HIS key)"),
            "patient": self.env._("Patient's Name"),
            "disclosure": self.env._("Who may be told"),
        }
        return list(labels.items())

    @api.constrains("target", "enquiry_id", "transform", "column", "codemap_id")
    def _check_line(self):
        for line in self:
            if line.target not in ENQUIRIES[line.enquiry_id.kind]:
                raise ValidationError(
                    self.env._("An enquiry of this kind cannot fill “%(target)s”.", target=line.target)
                )
            if line.transform != "constant" and not line.column:
                raise ValidationError(self.env._("The mapping of “%(target)s” needs a column.", target=line.target))
            if line.transform == "code" and not line.codemap_id:
                raise ValidationError(self.env._("The mapping of “%(target)s” needs a code table.", target=line.target))
