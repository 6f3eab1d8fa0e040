from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..exchange.targets import KINDS

TARGETS = [
    ("external_id", "HIS key"),
    ("patient", "Patient (HIS key)"),
    ("encounter_class", "Class of visit"),
    ("state", "State"),
    ("medical_record_no", "Medical record number"),
    ("admission_no", "Number of the stay"),
    ("admitted_at", "Admitted or seen at"),
    ("discharged_at", "Discharged at"),
    ("length_of_stay", "Days in hospital"),
    ("department", "Department (HIS key)"),
    ("ward", "Ward (HIS key)"),
    ("bed", "Bed"),
    ("attending", "Treating doctor (HIS key)"),
    ("resident", "Resident (HIS key)"),
    ("nurse", "Responsible nurse (HIS key)"),
    ("clinic_type", "Type of clinic"),
    ("admission_source", "Way of admission"),
    ("disposition", "Way of discharge"),
    ("diagnosis_code", "Main diagnosis: code"),
    ("diagnosis_name", "Main diagnosis: name"),
    ("coded_at", "Front page coded at"),
    ("revisit_date", "Date of the next visit"),
    ("planned_readmission", "Readmission is planned"),
    ("admission_condition", "Condition on admission"),
    ("treatment_course", "Course of treatment"),
    ("discharge_condition", "Condition on discharge"),
    ("discharge_orders", "Discharge orders"),
    ("name", "Name"),
    ("code", "Code"),
    ("kind", "Kind"),
    ("parent", "Part of (HIS key)"),
    ("campus", "Campus"),
    ("phone", "Phone numbers"),
    ("manager", "Head (HIS key)"),
    ("substitute", "Follow-up substitute (HIS key)"),
    ("active", "In use"),
    ("staff_no", "Staff number"),
    ("profession", "Profession"),
    ("professional_title", "Professional title"),
    ("patient_no", "Patient number"),
    ("gender", "Gender"),
    ("birth_date", "Birth date"),
    ("id_number", "Id number"),
    ("contact_name", "Contact person: name"),
    ("contact_relation", "Contact person: relation"),
    ("contact_phone", "Contact person: phone numbers"),
    ("deceased", "Deceased"),
    ("deceased_at", "Died at"),
    ("is_test_patient", "Test patient"),
    ("merged_into", "Merged into (HIS key)"),
    ("mother", "Mother of the newborn (HIS key)"),
    ("disclosure", "Who may be told"),
    ("encounter", "Visit (HIS key)"),
    ("sequence", "Number in the list"),
    ("removed", "Deleted in the HIS"),
    ("performed_at", "Performed at"),
    ("surgeon", "Surgeon (HIS key)"),
    ("specialty", "Specialty"),
    ("transferred_at", "Moved at"),
    ("from_department", "From department (HIS key)"),
    ("to_department", "To department (HIS key)"),
    ("from_ward", "From ward (HIS key)"),
    ("to_ward", "To ward (HIS key)"),
    ("from_bed", "From bed"),
    ("to_bed", "To bed"),
    ("trade_name", "Trade name"),
    ("spec", "Specification"),
    ("dosage_form", "Dosage form"),
    ("unit", "Unit"),
    ("price", "Price"),
    ("insurance_class", "Insurance class"),
    ("self_pay_share", "Patient's share (%)"),
    ("manufacturer", "Manufacturer"),
    ("in_stock", "In stock"),
    ("alias", "Other name"),
    ("specimen", "Specimen"),
    ("preparation", "Preparation"),
    ("turnaround", "Report after"),
    ("place", "Place"),
    ("purpose", "Purpose"),
    ("hours", "Hours"),
    ("number", "Number"),
    ("post", "Post"),
    ("level", "Level of management"),
    ("office_phone", "Office phone"),
    ("mobile", "Mobile"),
    ("office", "Office"),
    ("item", "Examination item (HIS key)"),
    ("requested_at", "Requested at"),
    ("reported_at", "Reported at"),
    ("conclusion", "Conclusion"),
    ("scheduled_at", "Planned for"),
    ("room", "Room"),
    ("anaesthesia", "Anaesthesia"),
    ("employee", "Doctor (HIS key)"),
    ("date", "Day"),
    ("day_part", "Part of the day"),
    ("starts_at", "Starts at"),
    ("ends_at", "Ends at"),
    ("fee", "Fee"),
    ("capacity", "Places"),
    ("stop_reason", "Reason of the stop"),
    ("session", "Clinic session (HIS key)"),
    ("locked_until", "Held until"),
]

TRANSFORMS = [
    ("text", "Text"),
    ("digits", "Digits only"),
    ("integer", "Whole number"),
    ("decimal", "Number with decimals"),
    ("boolean", "Yes or no"),
    ("date", "Date"),
    ("datetime", "Date and time"),
    ("code", "Code table"),
    ("phones", "Phone numbers"),
    ("id_number", "Id number"),
    ("constant", "Constant"),
    ("concat", "Join columns"),
]


class HospitalHisFeedField(models.Model):
    """One line of a mapping: a column of the query, how it is read, what it fills."""

    _name = "hospital.his.feed.field"
    _description = "Mapping Line"
    _order = "feed_id, sequence, id"
    _rec_name = "target"

    feed_id = fields.Many2one("hospital.his.feed", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)
    target = fields.Selection(TARGETS, required=True, string="Fills")
    column = fields.Char(help="Column of the query; for joined columns several, separated by commas.")
    transform = fields.Selection(TRANSFORMS, required=True, default="text", string="Read as")
    argument = fields.Char(
        help=(
            "Date: the form, such as %d/%m/%Y. Yes or no: the words for yes. Constant: its value. "
            "Join: what stands between."
        )
    )
    codemap_id = fields.Many2one("hospital.his.codemap", string="Code Table", ondelete="restrict")

    _target_unique = models.UniqueIndex("(feed_id, target)", "Each value can be filled only once.")

    def _spec(self):
        """The line as the exchange takes it."""
        return {
            "target": self.target,
            "column": self.column or "",
            "transform": self.transform,
            "argument": self.argument or "",
            "codemap": self.codemap_id.code or "",
        }

    @api.constrains("target", "feed_id")
    def _check_target(self):
        for line in self:
            if line.target not in KINDS[line.feed_id.kind]:
                raise ValidationError(self.env._("A feed of this kind cannot fill “%(target)s”.", target=line.target))

    @api.constrains("transform", "column", "codemap_id")
    def _check_complete(self):
        for line in self:
            if line.transform != "constant" and not line.column:
                raise ValidationError(self.env._("The mapping of “%(target)s” needs a column.", target=line.target))
            if line.transform == "code" and not line.codemap_id:
                raise ValidationError(self.env._("The mapping of “%(target)s” needs a code table.", target=line.target))
