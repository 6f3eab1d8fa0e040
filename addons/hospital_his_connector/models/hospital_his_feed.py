from odoo import api, fields, models
from odoo.fields import Command

from ..exchange import mapping
from ..exchange.targets import ORDER
from ..loading import LOADERS
from .hospital_his_run import RUN_STATES

FEED_KINDS = [
    ("department", "Departments"),
    ("employee", "Employees"),
    ("patient", "Patients"),
    ("inpatient", "In-patients"),
    ("discharge", "Discharges"),
    ("outpatient", "Out-patient visits"),
    ("diagnosis", "Diagnoses"),
    ("operation", "Operations"),
]


class HospitalHisFeed(models.Model):
    """A query of the HIS and what its columns mean. ``hospital_his_feed_reading`` runs it."""

    _name = "hospital.his.feed"
    _description = "Feed"
    _order = "source_id, sequence, id"

    name = fields.Char(required=True)
    code = fields.Char(required=True)
    active = fields.Boolean(default=True)
    source_id = fields.Many2one("hospital.his.source", required=True, ondelete="cascade", index=True)
    kind = fields.Selection(FEED_KINDS, required=True)
    sequence = fields.Integer(compute="_compute_sequence", store=True, help="Parents are read before children.")
    model = fields.Char(compute="_compute_model", export_string_translation=False)
    query = fields.Text(required=True, help="A SELECT in the language of the HIS's database, without ORDER BY.")
    key_column = fields.Char(required=True, help="The column that names a row for good.")
    watermark_column = fields.Char(
        help="The column with the time of the last change. Without it every run reads all rows."
    )
    field_ids = fields.One2many("hospital.his.feed.field", "feed_id", string="Mapping", copy=True)
    mark = fields.Json(copy=False, readonly=True, help="How far the feed has been read.")
    mark_version = fields.Char(copy=False, readonly=True)
    run_ids = fields.One2many("hospital.his.run", "feed_id", string="Runs")
    last_run_state = fields.Selection(RUN_STATES, compute="_compute_last_run", string="Last Run")
    last_run_at = fields.Datetime(compute="_compute_last_run")
    deadletter_count = fields.Integer(compute="_compute_deadletter_count", string="Dead Letters")

    _code_unique = models.UniqueIndex("(source_id, code)", "This source already has a feed with this code.")

    @api.depends("kind")
    def _compute_sequence(self):
        for feed in self:
            feed.sequence = ORDER.index(feed.kind) if feed.kind else 0

    @api.depends("kind")
    def _compute_model(self):
        for feed in self:
            feed.model = LOADERS[feed.kind].model if feed.kind else False

    @api.depends("run_ids.state", "run_ids.started_at")
    def _compute_last_run(self):
        latest = dict(self.env["hospital.his.run"]._read_group([("feed_id", "in", self.ids)], ["feed_id"], ["id:max"]))
        runs = {run.feed_id: run for run in self.env["hospital.his.run"].browse(latest.values())}
        for feed in self:
            run = runs.get(feed)
            feed.last_run_state = run and run.state
            feed.last_run_at = run and run.started_at

    def _compute_deadletter_count(self):
        counts = dict(
            self.env["hospital.his.deadletter"]
            .sudo()
            ._read_group([("feed_id", "in", self.ids), ("state", "in", ("open", "waiting"))], ["feed_id"], ["__count"])
        )
        for feed in self:
            feed.deadletter_count = counts.get(feed, 0)

    def _mapping(self):
        """The mapping as the exchange takes it."""
        self.ensure_one()
        codemaps = self.field_ids.codemap_id
        return {
            "kind": self.kind,
            "key": self.key_column,
            "timezone": self.source_id.tz,
            "fields": [line._spec() for line in self.field_ids],
            "codemaps": {codemap.code: codemap._codes() for codemap in codemaps},
        }

    def _version(self):
        """Names all that decides which rows are read and what becomes of them: the mark holds for one version."""
        repair = filter(None, [self.source_id.sudo().text_repair])
        return mapping.version(self._mapping(), self.query, self.watermark_column or "", *repair)

    # -- buttons -----------------------------------------------------------------------------------------------

    def action_run(self):
        """Queue a run now; the scheduled action wakes up and does it."""
        self.check_access("write")
        self.env["hospital.his.run"].sudo()._queue(self, "manual")
        self.env.ref("hospital_his_connector.ir_cron_exchange").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._("The run has been queued and starts in a moment."),
                "type": "success",
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_read_again(self):
        """Forget how far the feed was read: the next run reads all rows; unchanged ones cost little."""
        self.check_access("write")
        self.sudo().write({"mark": False})
        return self.action_run()

    def action_open_runs(self):
        return self._open("hospital_his_connector.action_his_run")

    def action_open_deadletters(self):
        return self._open("hospital_his_connector.action_his_deadletter")

    def _open(self, action):
        action = self.env["ir.actions.act_window"]._for_xml_id(action)
        return action | {"domain": [("feed_id", "in", self.ids)], "context": {"default_feed_id": self[:1].id}}

    # -- as a file ---------------------------------------------------------------------------------------------

    @api.model
    def _import_definition(self, source, definition, codemaps):
        lines = []
        for number, line in enumerate(definition["fields"], 1):
            codemap = codemaps[line["codemap"]] if line.get("codemap") else self.env["hospital.his.codemap"]
            lines.append(
                {
                    "sequence": number,
                    "target": line["target"],
                    "column": line.get("column"),
                    "transform": line.get("transform") or "text",
                    "argument": line.get("argument"),
                    "codemap_id": codemap.id,
                }
            )
        names = ("name", "kind", "query", "key_column", "watermark_column", "active")
        values = {name: definition[name] for name in names if name in definition}
        values["field_ids"] = [Command.clear(), *(Command.create(line) for line in lines)]
        feed = self.with_context(active_test=False).search(
            [("source_id", "=", source.id), ("code", "=", definition["code"])]
        )
        if feed:
            feed.write(values)
            return feed
        return self.create(values | {"source_id": source.id, "code": definition["code"]})

    def _export_definition(self):
        lines = []
        for line in self._mapping()["fields"]:
            lines.append({name: value for name, value in line.items() if value})
        names = ("code", "name", "kind", "query", "key_column", "watermark_column")
        return {name: self[name] or "" for name in names} | {"active": self.active, "fields": lines}

    def _loader(self, columns, source_columns, run=None, closed_as="resolved"):
        return LOADERS[self.kind](self, columns, source_columns, run and run.id, closed_as)
