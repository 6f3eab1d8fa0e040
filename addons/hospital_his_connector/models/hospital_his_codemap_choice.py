from odoo import api, fields, models
from odoo.tools import format_list

from ..exchange.pushed import SILENT
from ..exchange.targets import KINDS


class HospitalHisCodemap(models.Model):
    """What a code table is used for decides which meanings it may give."""

    _inherit = "hospital.his.codemap"

    field_ids = fields.One2many("hospital.his.feed.field", "codemap_id", string="Used by")
    targets = fields.Char(compute="_compute_targets", string="Fills")
    has_choices = fields.Boolean(compute="_compute_targets", export_string_translation=False)

    @api.depends("field_ids.target", "field_ids.feed_id.kind")
    @api.depends_context("lang")
    def _compute_targets(self):
        labels = self.env["hospital.his.feed"]._target_labels()
        for codemap in self:
            lines = codemap.field_ids.sorted("id")
            codemap.targets = format_list(self.env, [f"{line.feed_id.name}: {labels[line.target]}" for line in lines])
            codemap.has_choices = bool(codemap._allowed())

    def action_open_lines(self):
        """The values as a list of their own, where Odoo imports and exports Excel and CSV."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "hospital.his.codemap.line",
            "views": [(False, "list")],
            "domain": [("codemap_id", "=", self.id)],
            "context": {"default_codemap_id": self.id},
        }

    def _allowed(self):
        """Allowed meaning -> label; none if any of the lines that use the table takes whatever comes."""
        allowed = None
        for line in self.field_ids:
            kind, target = line.feed_id.kind, line.target
            if not KINDS[kind].get(target) or not KINDS[kind][target].choices:
                return {}
            choices = self.env["hospital.his.feed"]._choices(kind, target)
            allowed = choices if allowed is None else {key: allowed[key] for key in allowed if key in choices}
        if allowed and all(line.feed_id.way != "query" for line in self.field_ids):
            allowed = {**allowed, SILENT: self._says_nothing()}
        return allowed or {}

    def _says_nothing(self):
        return self.env._("(says nothing: what is known stays)")


class HospitalHisCodemapLine(models.Model):
    """The meaning is chosen from a list where the target has one."""

    _inherit = "hospital.his.codemap.line"

    choice = fields.Selection(
        "_selection_choice", compute="_compute_choice", inverse="_inverse_choice", string="Meaning"
    )
    choices = fields.Json(compute="_compute_choices", export_string_translation=False)

    @api.model
    def _selection_choice(self):
        """Every meaning of every target: the same word may be labelled differently for another."""
        feeds, silent = self.env["hospital.his.feed"], self.env["hospital.his.codemap"]._says_nothing()
        return [
            (f"{kind}.{name}.{choice}", label)
            for kind, targets in KINDS.items()
            for name, target in targets.items()
            if target.choices
            for choice, label in {**feeds._choices(kind, name), SILENT: silent}.items()
        ]

    def _prefix(self):
        line = self.codemap_id.field_ids[:1]
        return f"{line.feed_id.kind}.{line.target}."

    @api.depends("codemap_id.field_ids.target")
    def _compute_choices(self):
        for line in self:
            line.choices = [line._prefix() + choice for choice in line.codemap_id._allowed()]

    @api.depends("target_value", "codemap_id.field_ids.target")
    def _compute_choice(self):
        for line in self:
            known = line.target_value in line.codemap_id._allowed()
            line.choice = line._prefix() + line.target_value if known else False

    def _inverse_choice(self):
        for line in self:
            line.target_value = line.choice and line.choice.rsplit(".", 1)[-1]
