import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_list

from ..exchange import parent, proposal
from ..exchange.problems import ReadingFailed
from ..exchange.targets import KINDS
from ..models.hospital_his_feed import FEED_KINDS
from ..models.hospital_his_feed_field import TARGETS

# A person waits in front of the screen.
PATIENCE = 30


class HospitalHisTable(models.TransientModel):
    """A table or view of the HIS, to choose from."""

    _name = "hospital.his.table"
    _description = "Table of the HIS"
    _order = "id"

    look_id = fields.Many2one("hospital.his.look", required=True, ondelete="cascade", index=True)
    name = fields.Char(required=True)


class HospitalHisLook(models.TransientModel):
    """From a table of the HIS to a feed: its columns with sample rows, beside what they could fill."""

    _name = "hospital.his.look"
    _inherit = ["hospital.his.glimpse", "hospital.his.message"]
    _description = "Look at the HIS"

    source_id = fields.Many2one("hospital.his.source", required=True, readonly=True, ondelete="cascade")
    feed_id = fields.Many2one("hospital.his.feed", readonly=True, ondelete="cascade", index=True)
    step = fields.Selection([("ask", "What to read"), ("map", "What it means")], required=True, default="ask")
    kind = fields.Selection(FEED_KINDS, string="What it brings", required=True, default="patient")
    table_ids = fields.One2many("hospital.his.table", "look_id")
    table_id = fields.Many2one("hospital.his.table", string="Table or View", domain="[('look_id', '=', id)]")
    query = fields.Text(help="A SELECT in the language of the HIS's database, without ORDER BY.")
    problem = fields.Char(readonly=True)
    columns = fields.Json(string="Column Names", readonly=True, export_string_translation=False)
    rows = fields.Json(readonly=True, export_string_translation=False)
    sample_rows = fields.Html(compute="_compute_sample_rows", sanitize=False)
    name = fields.Char(string="Name of the Feed")
    key_line_id = fields.Many2one(
        "hospital.his.look.line",
        string="Key",
        domain="[('look_id', '=', id)]",
        help="The column that names a row for good.",
    )
    watermark_line_id = fields.Many2one(
        "hospital.his.look.line",
        string="Time of Change",
        domain="[('look_id', '=', id)]",
        help="The column with the time of the last change. Without it every run reads all rows.",
    )
    line_ids = fields.One2many("hospital.his.look.line", "look_id", string="Columns")
    missing = fields.Char(compute="_compute_missing")

    @api.onchange("table_id")
    def _onchange_table_id(self):
        if self.table_id:
            self.query = f"SELECT * FROM {self.table_id.name}"

    @api.depends("rows")
    def _compute_sample_rows(self):
        for look in self:
            rows = (look.rows or [])[:5]
            look.sample_rows = rows and self.env["hospital.his.feed"]._rows_table(look.columns, rows)

    @api.depends("line_ids.target", "kind", "feed_id")
    @api.depends_context("lang")
    def _compute_missing(self):
        labels = self.env["hospital.his.feed"]._target_labels()
        for look in self:
            mapped = {*look.line_ids.mapped("target"), *look.feed_id.field_ids.mapped("target"), "external_id"}
            missing = [name for name, target in KINDS[look.kind].items() if target.required and name not in mapped]
            look.missing = format_list(self.env, [labels[name] for name in missing])

    # -- looking -----------------------------------------------------------------------------------------------

    @api.model
    def _begin(self, source, feed=None):
        """A dialog for a new feed of ``source``, or for a feed that has a query already."""
        source.check_access("write")
        self.search([("create_uid", "=", self.env.uid)]).unlink()
        if feed:
            look = self.create({"source_id": source.id, "feed_id": feed.id, "kind": feed.kind, "query": feed.query})
            return look.action_look()
        look = self.create({"source_id": source.id})
        try:
            tables = look._read({"work": "tables"})[0]["tables"]
        except ReadingFailed as failure:
            look.problem = self._sentence(failure.code, failure.arguments)
            tables = []
        look.table_ids = [Command.create({"name": name}) for name in tables]
        return look._show()

    def _read(self, job):
        """The one frame that answers; its process ends with it: no HIS has to send what nobody waits for."""
        source = self.source_id
        limits = source._short_limits(PATIENCE)
        with parent.Session() as session, session.reading(job | {"source": source._connection()}, limits) as frames:
            return next((head, blobs) for head, blobs in frames if head["type"] == job["work"])

    def _show(self):
        return self._dialog(self.env._("Look at the HIS"))

    def action_look(self):
        """Read the columns and some rows, and propose what they could fill."""
        self.ensure_one()
        self.source_id.check_access("write")
        if not (self.query or "").strip():
            raise UserError(self.env._("Choose a table or write a query first."))
        try:
            head, blobs = self._read({"work": "first_rows", "query": self.query})
        except ReadingFailed as failure:
            self.write({"step": "ask", "problem": self._sentence(failure.code, failure.arguments)})
            return self._show()
        rows = json.loads(blobs["rows"])
        self.env["hospital.access.log"]._log("open", self.feed_id or self.source_id, count=len(rows))
        self.write({"step": "map", "problem": False, "columns": head["columns"], "rows": rows})
        self._propose()
        return self._show()

    def _propose(self):
        guess = proposal.propose(self.kind, self.columns)
        feed = self.feed_id
        known = {line.column.casefold(): line.target for line in reversed(feed.field_ids) if line.column}
        wanted = {
            column.casefold(): target
            for target, column in reversed(guess["lines"].items())
            if target not in known.values()
        }
        self.line_ids = [
            Command.clear(),
            *(
                Command.create({"column": name, "target": known.get(name.casefold()) or wanted.get(name.casefold())})
                for name in self.columns
            ),
        ]
        lines = {line.column.casefold(): line for line in self.line_ids}
        none = self.line_ids.browse()
        self.write(
            {
                "key_line_id": lines.get((feed.key_column or guess["key"]).casefold(), none).id,
                "watermark_line_id": lines.get((feed.watermark_column or guess["watermark"]).casefold(), none).id,
                "name": feed.name or dict(self._fields["kind"]._description_selection(self.env))[self.kind],
            }
        )

    def action_back(self):
        self.step = "ask"
        return self._show()

    # -- taking over -------------------------------------------------------------------------------------------

    def action_take(self):
        """Make the feed, or complete the one that was looked at; what it maps otherwise stays."""
        self.ensure_one()
        if not self.key_line_id:
            raise UserError(self.env._("Choose the column that names a row for good."))
        targets = self.line_ids.filtered("target").mapped("target")
        if twice := {target for target in targets if targets.count(target) > 1}:
            labels = self.env["hospital.his.feed"]._target_labels()
            raise UserError(self.env._("“%s” is filled by two columns.", labels[min(twice)]))
        values = {
            "name": self.name,
            "query": self.query,
            "key_column": self.key_line_id.column,
            "watermark_column": self.watermark_line_id.column,
        }
        feed = self.feed_id
        if feed:
            feed.write(values)
        else:
            values |= {"source_id": self.source_id.id, "kind": self.kind, "code": self._free_code(), "active": False}
            feed = self.feed_id = self.env["hospital.his.feed"].create(values)
        known = {line.target: line for line in feed.field_ids}
        new = []
        for line in self.line_ids.filtered("target"):
            if line.target not in known:
                new.append(line._values() | {"feed_id": feed.id, "sequence": 10 + len(known) + len(new)})
            elif "," not in (known[line.target].column or ","):
                known[line.target].column = line.column
        feed.field_ids.create(new)
        return {
            "type": "ir.actions.act_window",
            "res_model": "hospital.his.feed",
            "res_id": feed.id,
            "views": [(False, "form")],
            "target": "current",
        }

    def _free_code(self):
        taken = self.source_id.feed_ids.mapped("code")
        code, number = self.kind, 1
        while code in taken:
            number += 1
            code = f"{self.kind}_{number}"
        return code


class HospitalHisLookLine(models.TransientModel):
    """A column of the query with its first values, and what it could fill."""

    _name = "hospital.his.look.line"
    _inherit = ["hospital.his.glimpse"]
    _description = "Column of the HIS"
    _order = "id"
    _rec_name = "column"

    look_id = fields.Many2one("hospital.his.look", required=True, ondelete="cascade", index=True)
    column = fields.Char(required=True, readonly=True)
    target = fields.Selection(TARGETS, string="Fills")
    targets = fields.Json(compute="_compute_targets", export_string_translation=False)
    description = fields.Char(compute="_compute_description", string="Meaning")
    sample = fields.Text(compute="_compute_sample", string="In the HIS → Here")
    sample_refused = fields.Boolean(compute="_compute_sample", export_string_translation=False)

    @api.depends("look_id.kind")
    def _compute_targets(self):
        for line in self:
            line.targets = [target for target in KINDS[line.look_id.kind] if target != "external_id"]

    @api.depends("target")
    @api.depends_context("lang")
    def _compute_description(self):
        feeds = self.env["hospital.his.feed"]
        for line in self:
            line.description = line.target and feeds._describe(line.look_id.kind, line.target)

    @api.depends("target", "look_id.rows")
    @api.depends_context("lang")
    def _compute_sample(self):
        for line in self:
            look = line.look_id
            if not line.target:
                line.sample, line.sample_refused = look.feed_id._joined(line._seen()), False
                continue
            spec, codemaps = line._spec()
            line.sample, line.sample_refused = look.feed_id._samples(look, look.kind, codemaps, spec, look.source_id.tz)

    def _spec(self):
        """The mapping line as it is or would be, with the code tables it needs."""
        if line := self.look_id.feed_id.field_ids.filtered(lambda line: line.target == self.target):
            return line._spec() | {"column": self.column}, {line.codemap_id.code: line.codemap_id._codes()}
        transform = proposal.transform_for(self.look_id.kind, self.target)
        spec = {"target": self.target, "column": self.column, "transform": transform, "codemap": "guess"}
        guess = proposal.codes(self.look_id.kind, self.target, self._seen()) if transform == "code" else {}
        return spec, {"guess": {value: ours for value, ours in guess.items() if ours} | self._codemap()._codes()}

    def _seen(self):
        """The different values of the column among the rows looked at."""
        look = self.look_id
        place = look.columns.index(self.column)
        return list(dict.fromkeys(str(row[place]).strip() for row in look.rows if row[place] not in (None, "")))

    def _codemap(self):
        """The code table that the source has for this target already, if it has."""
        look = self.look_id
        same = [("feed_id.source_id", "=", look.source_id.id), ("feed_id.kind", "=", look.kind)]
        used = self.env["hospital.his.feed.field"].with_context(active_test=False)
        return used.search([*same, ("target", "=", self.target), ("codemap_id", "!=", False)], limit=1).codemap_id

    def _values(self):
        """The mapping line; a target with a fixed list of values gets a code table."""
        look = self.look_id
        transform = proposal.transform_for(look.kind, self.target)
        codemap = self._codemap() if transform == "code" else self.env["hospital.his.codemap"]
        if transform == "code" and not codemap:
            label = self.env["hospital.his.feed"]._target_labels()[self.target]
            guess = proposal.codes(look.kind, self.target, self._seen()[:50])
            codemap = codemap._import_definition(
                look.source_id,
                {
                    "code": f"{look.kind}_{self.target}",
                    "name": label,
                    "lines": [{"source_value": value, "target_value": ours or False} for value, ours in guess.items()],
                },
            )
        return {"target": self.target, "column": self.column, "transform": transform, "codemap_id": codemap.id}
