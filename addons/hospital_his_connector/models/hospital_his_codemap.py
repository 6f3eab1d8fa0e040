from odoo import api, fields, models
from odoo.fields import Command

UNMAPPED_LIMIT = 200


class HospitalHisCodemap(models.Model):
    """A code table: what a value of the HIS means here."""

    _name = "hospital.his.codemap"
    _description = "Code Table"
    _order = "name"

    name = fields.Char(required=True)
    code = fields.Char(required=True)
    source_id = fields.Many2one("hospital.his.source", required=True, ondelete="cascade", index=True)
    line_ids = fields.One2many("hospital.his.codemap.line", "codemap_id", string="Values", copy=True)
    unmapped_count = fields.Integer(compute="_compute_unmapped_count", string="Not Mapped")

    _code_unique = models.UniqueIndex("(source_id, code)", "This source already has a code table with this code.")

    @api.depends("line_ids.target_value")
    def _compute_unmapped_count(self):
        for codemap in self:
            codemap.unmapped_count = len(codemap.line_ids.filtered(lambda line: not line.target_value))

    def _codes(self):
        return {line.source_value: line.target_value for line in self.line_ids if line.target_value}

    def _collect(self, values):
        """Note values that the table lacks; a column of names mapped by mistake must not fill it."""
        self.ensure_one()
        known = {line.source_value: line for line in self.line_ids}
        for value, count in values:
            if value in known:
                known[value].seen += count
            elif len(known) < UNMAPPED_LIMIT:
                known[value] = self.line_ids.create({"codemap_id": self.id, "source_value": value, "seen": count})

    @api.model
    def _import_definition(self, source, definition):
        codemap = self.search([("source_id", "=", source.id), ("code", "=", definition["code"])])
        lines = [Command.create(line) for line in definition["lines"]]
        values = {"name": definition["name"], "line_ids": [Command.clear(), *lines]}
        if not codemap:
            return self.create(values | {"code": definition["code"], "source_id": source.id})
        if codemap._codes() != {line["source_value"]: line["target_value"] for line in definition["lines"]}:
            codemap.write(values)
        return codemap

    def _export_definition(self):
        return {
            "code": self.code,
            "name": self.name,
            "lines": [
                {"source_value": line.source_value, "target_value": line.target_value}
                for line in self.line_ids
                if line.target_value
            ],
        }


class HospitalHisCodemapLine(models.Model):
    _name = "hospital.his.codemap.line"
    _description = "Value of a Code Table"
    _order = "codemap_id, target_value nulls first, source_value"
    _rec_name = "source_value"

    codemap_id = fields.Many2one("hospital.his.codemap", required=True, ondelete="cascade")
    source_value = fields.Char(required=True, string="Value in the HIS", help="* stands for every other value.")
    target_value = fields.Char(
        string="Meaning Here",
        help="Empty: not mapped yet. -: it says nothing; of rows that are pushed or sent, the value stays as it is.",
    )
    seen = fields.Integer(readonly=True, copy=False, string="Seen Unmapped", help="How often it came while unmapped.")

    _value_unique = models.UniqueIndex("(codemap_id, source_value)", "This value is already in the table.")
