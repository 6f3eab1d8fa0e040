import json

from odoo import api, fields, models
from odoo.tools import format_list

from ..exchange.definition import differences

PENDING = "hospital_his_connector.versions"
# What runs write.
NOT_DEFINED = {"mark", "mark_version"}


class HospitalHisFeedVersion(models.Model):
    """What a feed was from one change to the next: query, mapping and code tables."""

    _name = "hospital.his.feed.version"
    _description = "Version of a Feed"
    _order = "feed_id, number desc"
    _rec_name = "number"

    feed_id = fields.Many2one("hospital.his.feed", required=True, readonly=True, ondelete="cascade")
    number = fields.Integer(required=True, readonly=True, aggregator=None)
    create_uid = fields.Many2one("res.users", string="Changed by")
    create_date = fields.Datetime(string="Changed at")
    definition = fields.Json(required=True, readonly=True, export_string_translation=False)
    definition_text = fields.Text(compute="_compute_definition_text", string="As a File")
    changes = fields.Html(compute="_compute_changes", sanitize=False)
    summary = fields.Char(compute="_compute_changes", string="What Changed")
    is_latest = fields.Boolean(compute="_compute_changes", export_string_translation=False)

    _number_unique = models.UniqueIndex("(feed_id, number)")

    @api.depends("definition")
    def _compute_definition_text(self):
        for version in self:
            version.definition_text = json.dumps(version.definition, ensure_ascii=False, indent=2)

    @api.depends("definition", "number")
    @api.depends_context("lang")
    def _compute_changes(self):
        feeds = self.env["hospital.his.feed"]
        every = self.search([("feed_id", "in", self.feed_id.ids)])
        definitions = {(version.feed_id, version.number): version.definition for version in every}
        for version in self:
            feed, number = version.feed_id, version.number
            before = definitions.get((feed, number - 1))
            found = differences(before, version.definition) if before else []
            kinds = feed._code_targets()
            version.changes = feeds._differences_html(found, kinds)
            what = [feeds._named(difference.place, kinds)[0] for difference in found[:3]]
            more = ["…"] if len(found) > 3 else []
            version.summary = format_list(self.env, [*what, *more]) or self.env._("First version")
            version.is_latest = (feed, number + 1) not in definitions

    def action_restore(self):
        """Make the feed, and the code tables it uses, what they were; that is a new version.

        In use it stays, or out of use: the first version of every feed is not in use yet.
        """
        self.ensure_one()
        feed = self.feed_id
        feed.check_access("write")
        source = feed.source_id
        former = [
            {name: value for name, value in definition.items() if name != "active"}
            for definition in self.definition["feeds"]
        ]
        source._import_definition(self.definition | {"source": {"code": source.code}, "feeds": former})
        return {
            "type": "ir.actions.act_window",
            "res_model": feed._name,
            "res_id": feed.id,
            "views": [(False, "form")],
            "target": "current",
        }

    @api.model
    def _keep_all(self):
        """Feeds that were there before versions were kept get their first."""
        self.env["hospital.his.feed"].with_context(active_test=False).search(
            [("version_ids", "=", False)]
        )._keep_version()


class HospitalHisFeed(models.Model):
    _inherit = "hospital.his.feed"

    version_ids = fields.One2many("hospital.his.feed.version", "feed_id", string="Versions")
    version_count = fields.Integer(compute="_compute_version_count", string="Number of Versions")

    def _compute_version_count(self):
        counts = dict(
            self.env["hospital.his.feed.version"]._read_group([("feed_id", "in", self.ids)], ["feed_id"], ["__count"])
        )
        for feed in self:
            feed.version_count = counts.get(feed, 0)

    @api.model_create_multi
    def create(self, vals_list):
        feeds = super().create(vals_list)
        feeds._is_changing()
        return feeds

    def write(self, vals):
        if vals.keys() - NOT_DEFINED:
            self._is_changing()
        return super().write(vals)

    def action_open_versions(self):
        return self._open("hospital_his_connector.action_his_feed_version")

    def _is_changing(self):
        """Before the transaction ends, note a version: once, however many writes one click on Save is."""
        hooks = self.env.cr.precommit
        if PENDING not in hooks.data:
            hooks.data[PENDING] = set()
            hooks.add(self.env["hospital.his.feed"]._keep_pending)
        hooks.data[PENDING].update(self.ids)

    @api.model
    def _keep_pending(self):
        pending = self.browse(self.env.cr.precommit.data.pop(PENDING, ()))
        pending.exists()._keep_version()
        self.env.flush_all()

    def _keep_version(self):
        """Add a version of each feed that differs from its latest one."""
        versions = self.env["hospital.his.feed.version"].sudo()
        latest = {version.feed_id: version for version in reversed(versions.search([("feed_id", "in", self.ids)]))}
        values = []
        for feed in self.sudo():
            definition, before = feed._definition(), latest.get(feed)
            if not before or differences(before.definition, definition):
                number = before.number + 1 if before else 1
                values.append({"feed_id": feed.id, "number": number, "definition": definition})
        versions.create(values)

    def _code_targets(self):
        """Code table -> (kind, target) of a line that uses it."""
        return {line.codemap_id.code: (line.feed_id.kind, line.target) for line in self.field_ids if line.codemap_id}


class HospitalHisFeedField(models.Model):
    _inherit = "hospital.his.feed.field"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.feed_id._is_changing()
        return lines

    def write(self, vals):
        self.feed_id._is_changing()
        return super().write(vals)

    def unlink(self):
        self.feed_id._is_changing()
        return super().unlink()


class HospitalHisCodemap(models.Model):
    _inherit = "hospital.his.codemap"

    def write(self, vals):
        if vals.keys() & {"name", "code"}:
            self.sudo().field_ids.feed_id._is_changing()
        return super().write(vals)


class HospitalHisCodemapLine(models.Model):
    _inherit = "hospital.his.codemap.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.codemap_id.sudo().field_ids.feed_id._is_changing()
        return lines

    def write(self, vals):
        if vals.keys() & {"source_value", "target_value"}:  # a run counts what it has seen
            self.codemap_id.sudo().field_ids.feed_id._is_changing()
        return super().write(vals)

    def unlink(self):
        self.codemap_id.sudo().field_ids.feed_id._is_changing()
        return super().unlink()
