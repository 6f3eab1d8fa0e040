from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_list
from odoo.tools.translate import LazyTranslate

from ..exchange.targets import KINDS
from ..loading import LOADERS
from .hospital_his_feed_field import TARGETS

_lt = LazyTranslate(__name__)

TYPES = {
    "text": _lt("Text."),
    "integer": _lt("Whole number."),
    "boolean": _lt("Yes or no."),
    "date": _lt("Date."),
    "datetime": _lt("Date and time."),
    "phones": _lt("Phone numbers."),
    "id_number": _lt("Id number."),
}
# What the label alone does not say.
MEANINGS = {
    "external_id": _lt("Names the row for good in the HIS: never used again for another."),
    "state": _lt("Whether the visit goes on, is over or was cancelled. A value that the code table lacks is refused."),
    "medical_record_no": _lt("The number of the patient's chart."),
    "admission_no": _lt("How many times the patient has been admitted."),
    "discharged_at": _lt("Empty while the patient is in hospital."),
    "disposition": _lt("5 = died: follow-up stops. A value that the code table lacks is refused."),
    "coded_at": _lt("When the front page of the medical record was coded."),
    "planned_readmission": _lt("Whether a readmission within 31 days is planned."),
    "phone": _lt("Of a patient all numbers of the field, however they are separated."),
    "contact_phone": _lt("All numbers of the field, however they are separated."),
    "id_number": _lt("Checked; tells sex and birth date if the HIS does not."),
    "substitute": _lt("Who does the follow-ups of this department when a doctor is away."),
    "is_test_patient": _lt("Test patients are never called."),
    "merged_into": _lt("The patient that this record was merged into. Empty: it stands by itself."),
    "mother": _lt("Of a newborn: who is called instead."),
    "removed": _lt("Yes: the row was deleted in the HIS and is deleted here."),
    "active": _lt("No: it is kept, but no longer offered."),
    "sequence": _lt("Its place in the list of the visit."),
}
# Where the values of a target are kept, if not in a field of its own name.
_KEPT_IN = {("patient", "contact_relation"): ("hospital.patient.phone", "relation")}


class HospitalHisFeed(models.Model):
    """What the right-hand side of a mapping means, in words."""

    _inherit = "hospital.his.feed"

    target_help = fields.Html(
        compute="_compute_target_help",
        string="What can be filled",
        sanitize=False,
        groups="hospital_base.group_integration",
    )

    @api.depends("kind", "field_ids.target")
    @api.depends_context("lang")
    def _compute_target_help(self):
        labels = self._target_labels()
        for feed in self:
            mapped = {*feed.field_ids.mapped("target"), "external_id"}
            rows = Markup().join(
                Markup("<tr><td>%s</td><td>%s</td><td>%s</td></tr>")
                % (
                    Markup("✓") if name in mapped else "",
                    Markup("<b>%s</b>") % labels[name] if target.required else labels[name],
                    self._describe(feed.kind, name),
                )
                for name, target in KINDS.get(feed.kind, {}).items()
            )
            feed.target_help = rows and Markup('<table class="table table-sm mb-0">%s</table>') % rows

    @api.model
    def _target_labels(self):
        field = self.env["hospital.his.feed.field"]._fields["target"]
        return dict(TARGETS) | dict(field._description_selection(self.env))

    @api.model
    def _choices(self, kind, target):
        """The allowed values of a target with their labels."""
        choices = KINDS[kind][target].choices
        model, name = _KEPT_IN.get((kind, target), (LOADERS[kind].model, target))
        field = self.env[model]._fields.get(name)
        labels = dict(field._description_selection(self.env)) if field and field.type == "selection" else {}
        return {choice: labels.get(choice, choice) for choice in choices}

    @api.model
    def _describe(self, kind, name):
        """One sentence or two about a target: required or not, type, meaning, allowed values."""
        target = KINDS[kind][name]
        parts = [self.env._("Required.")] if target.required else []
        if name in MEANINGS:
            parts.append(self.env._(MEANINGS[name]))
        if target.choices:
            choices = self._choices(kind, name).values()
            parts.append(self.env._("One of: %s.", format_list(self.env, list(choices), "or")))
        elif target.refers:
            label = dict(self._fields["kind"]._description_selection(self.env)).get(target.refers)
            if label:
                parts.append(self.env._("The key that the feed “%s” reads.", label))
        else:
            parts.append(self.env._(TYPES[target.type]))
        return " ".join(parts)
