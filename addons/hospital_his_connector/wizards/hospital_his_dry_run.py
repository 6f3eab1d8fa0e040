from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_list

from ..exchange import batch as batching
from ..exchange.problems import ReadingFailed

OUTCOMES = [
    ("new", "New"),
    ("changed", "Changed"),
    ("unchanged", "Unchanged"),
    ("waiting", "Waiting"),
    ("rejected", "Rejected"),
]


class HospitalHisDryRun(models.TransientModel):
    """What a run would do, without doing it."""

    _name = "hospital.his.dry.run"
    _inherit = ["hospital.his.glimpse", "hospital.his.message"]
    _description = "Dry Run"

    feed_id = fields.Many2one("hospital.his.feed", required=True, readonly=True, ondelete="cascade", index=True)
    limit = fields.Integer(string="Rows", required=True, default=1000)
    from_start = fields.Boolean(
        string="From the first row on", default=True, help="Otherwise only what the next run would read."
    )
    done = fields.Boolean(readonly=True)
    problem = fields.Char(readonly=True)
    read_count = fields.Integer(string="Read", readonly=True)
    repeated_count = fields.Integer(string="Repeated", readonly=True)
    new_count = fields.Integer(string="New", readonly=True)
    changed_count = fields.Integer(string="Changed", readonly=True)
    unchanged_count = fields.Integer(string="Unchanged", readonly=True)
    waiting_count = fields.Integer(string="Waiting", readonly=True)
    rejected_count = fields.Integer(string="Rejected", readonly=True)
    stops = fields.Boolean(readonly=True)
    unmapped = fields.Json(readonly=True, export_string_translation=False)
    unmapped_text = fields.Char(compute="_compute_unmapped_text", string="Values that no code table has")
    line_ids = fields.One2many("hospital.his.dry.run.line", "run_id", readonly=True)
    new_ids = fields.One2many(
        "hospital.his.dry.run.line", "run_id", domain=[("outcome", "=", "new")], string="New Rows", readonly=True
    )
    changed_ids = fields.One2many(
        "hospital.his.dry.run.line",
        "run_id",
        domain=[("outcome", "=", "changed")],
        string="Changed Rows",
        readonly=True,
    )
    refused_ids = fields.One2many(
        "hospital.his.dry.run.line",
        "run_id",
        domain=[("outcome", "in", ("waiting", "rejected"))],
        string="Rows Not Taken",
        readonly=True,
    )
    unchanged_ids = fields.One2many(
        "hospital.his.dry.run.line",
        "run_id",
        domain=[("outcome", "=", "unchanged")],
        string="Unchanged Rows",
        readonly=True,
    )

    _limit_sensible = models.Constraint(
        f'CHECK ("limit" BETWEEN 1 AND {batching.ROWS})', "A dry run reads at most 10,000 rows."
    )

    @api.depends("unmapped")
    def _compute_unmapped_text(self):
        for run in self:
            codemaps = {codemap.code: codemap.name for codemap in run.feed_id.field_ids.codemap_id}
            values = [f"{codemaps.get(table, table)} {value} ({count})" for table, value, count in run.unmapped or ()]
            run.unmapped_text = format_list(self.env, values)

    @api.model
    def _begin(self, feed):
        feed.check_access("write")
        self.search([("create_uid", "=", self.env.uid)]).unlink()
        return self.create({"feed_id": feed.id})._show()

    def _show(self):
        return self._dialog(self.env._("Dry Run: %s", self.feed_id.name))

    def action_start(self):
        """Read, map and write, and undo it all; keep what would have become of each row until the dialog is closed."""
        self.ensure_one()
        self.feed_id.check_access("write")
        self.line_ids.unlink()
        try:
            head, outcomes = self.feed_id._dry_run(self.limit, self.from_start)
        except ReadingFailed as failure:
            self.write({"done": False, "problem": self._sentence(failure.code, failure.arguments)})
            return self._show()
        outcomes += [
            (
                row["external_id"],
                "rejected",
                self._sentence(row["code"], row["arguments"]),
                "\n".join(f"{name}: {'' if value is None else value}" for name, value in row["payload"].items()),
            )
            for row in head["rejected"]
        ]
        self.env["hospital.access.log"]._log("open", self.feed_id, count=max(1, head["read"]))
        kinds = [outcome[1] for outcome in outcomes]
        rejected = kinds.count("rejected")
        self.write(
            {
                "done": True,
                "problem": False,
                "read_count": head["read"],
                "repeated_count": head["repeated"],
                "unmapped": head["unmapped"],
                "stops": rejected * 100 > self.feed_id.source_id.rejected_limit * max(100, head["read"]),
                "line_ids": [
                    Command.create({"external_id": key, "outcome": kind, "reason": reason, "detail": detail})
                    for key, kind, reason, detail in outcomes
                ],
            }
            | {f"{kind}_count": kinds.count(kind) for kind, _label in OUTCOMES}
        )
        return self._show()

    def action_collect(self):
        """Note the values in the code tables, where they wait for their meaning."""
        self.ensure_one()
        if not self.feed_id.has_access("write"):
            raise UserError(self.env._("Only the integration engineer may do this."))
        self.feed_id._collect_unmapped([(table, value, 0) for table, value, _count in self.unmapped or ()])
        codemaps = self.feed_id.field_ids.codemap_id
        tables = {table for table, _value, _count in self.unmapped or ()}
        action = self.env["ir.actions.act_window"]._for_xml_id("hospital_his_connector.action_his_codemap")
        return action | {"domain": [("id", "in", codemaps.filtered(lambda codemap: codemap.code in tables).ids)]}


class HospitalHisDryRunLine(models.TransientModel):
    """What would become of one row."""

    _name = "hospital.his.dry.run.line"
    _inherit = ["hospital.his.glimpse"]
    _description = "Row of a Dry Run"
    _order = "outcome, id"
    _rec_name = "external_id"

    run_id = fields.Many2one("hospital.his.dry.run", required=True, ondelete="cascade", index=True)
    external_id = fields.Char(string="HIS Key", readonly=True)
    outcome = fields.Selection(OUTCOMES, required=True, readonly=True)
    reason = fields.Char(readonly=True)
    detail = fields.Text(string="Values", readonly=True)
