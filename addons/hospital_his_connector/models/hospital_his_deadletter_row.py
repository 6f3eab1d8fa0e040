from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..exchange.explain import explain


class HospitalHisDeadletter(models.Model):
    """The row of a dead letter beside what the mapping makes of it, for the form in which it is mended."""

    _inherit = "hospital.his.deadletter"
    _audited_fields = ("payload", "payload_text", "meanings")

    meanings = fields.Json(compute="_compute_meanings", string="Row and What It Becomes")

    @api.depends("payload", "feed_id.field_ids.column", "feed_id.field_ids.transform", "code", "arguments")
    @api.depends_context("lang")
    def _compute_meanings(self):
        labels = dict(self.env["hospital.his.feed.field"]._fields["target"]._description_selection(self.env))
        for feed, letters in self.grouped("feed_id").items():
            spec = feed._mapping()
            for letter in letters:
                lines = explain(spec, letter.payload) if letter.payload else {}
                guilty = (letter.arguments or {}).get("column")
                letter.meanings = [
                    {
                        "column": column,
                        "guilty": bool(guilty) and column.casefold() == guilty.casefold(),
                        "becomes": [
                            {
                                "target": labels.get(meaning.target, meaning.target),
                                "text": ""
                                if meaning.value is None
                                else feed._shown(feed.kind, meaning.target, meaning.value, feed.source_id.tz),
                                "problem": meaning.problem
                                and letter._sentence(meaning.problem.code, meaning.problem.arguments),
                            }
                            for meaning in found
                        ],
                    }
                    for column, found in lines.items()
                ]

    def write(self, vals):
        if not self.env.su and "payload" in vals:
            self.check_access("write")
            for letter in self:
                if not isinstance(vals["payload"], dict) or vals["payload"].keys() != (letter.payload or {}).keys():
                    raise ValidationError(self.env._("Change the values of the row, not its columns."))
        return super().write(vals)
