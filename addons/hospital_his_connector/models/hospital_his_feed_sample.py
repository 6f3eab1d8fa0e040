from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from odoo import api, fields, models

from ..exchange import preview
from ..exchange.targets import KINDS

ENGINEER = "hospital_base.group_integration"
SHOWN_ROWS = 5
CELL = 40
SEPARATOR = "  ·  "


class HospitalHisFeed(models.Model):
    """Rows of the HIS beside the mapping, while somebody works on it: they live in ``hospital.his.look``."""

    _inherit = "hospital.his.feed"

    sample_rows = fields.Html(compute="_compute_sample_rows", groups=ENGINEER, sanitize=False)

    def action_look(self):
        """Read columns and some rows from the HIS now, and map what is not mapped yet."""
        self.ensure_one()
        return self.env["hospital.his.look"]._begin(self.source_id, self)

    @api.depends("query")
    def _compute_sample_rows(self):
        for feed in self:
            look = feed._latest_look()
            rows = (look.rows or [])[:SHOWN_ROWS]
            feed.sample_rows = rows and self._rows_table(look.columns, rows)

    @api.model
    def _rows_table(self, columns, rows):
        """Rows as they came, cut short."""
        head = Markup().join(Markup("<th>%s</th>") % name for name in columns)
        lines = (Markup().join(Markup("<td>%s</td>") % _short(value) for value in row) for row in rows)
        body = Markup().join(Markup("<tr>%s</tr>") % line for line in lines)
        return Markup(
            '<div class="table-responsive"><table class="table table-sm text-nowrap mb-0">'
            "<thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>"
        ) % (head, body)

    def _latest_look(self):
        """What this user has seen of the feed's rows within the hour."""
        looks = self.env["hospital.his.look"]
        feed = self._origin
        if not feed or not looks.has_access("read"):
            return looks
        since = fields.Datetime.now() - timedelta(hours=looks._transient_max_hours)
        mine = [("feed_id", "=", feed.id), ("create_uid", "=", self.env.uid), ("write_date", ">", since)]
        return looks.search([*mine, ("query", "=", feed.query)], order="id desc", limit=1)

    @api.model
    def _shown(self, kind, target, value, zone):
        """A mapped value as a person reads it."""
        if value is None or getattr(value, "number", value) == "":
            return self.env._("(empty)")
        if isinstance(value, bool):
            return self.env._("Yes") if value else self.env._("No")
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, list):
            return ", ".join(phone.number + ("" if phone.valid else " ✗") for phone in value)
        if hasattr(value, "number"):
            return value.number + ("" if value.valid else " ✗")
        return str(self._choices(kind, target).get(value, value))

    def _samples(self, look, kind, codemaps, line, zone):
        """``(text, whether a value is refused)`` of one mapping line on the rows of a look."""
        spec = {"kind": kind, "timezone": zone, "codemaps": codemaps}
        found = preview.samples(spec, line, look.columns, look.rows)
        texts = []
        for sample in found:
            if sample.problem:
                became = "✗ " + self.source_id._sentence(sample.problem.code, sample.problem.arguments)
            else:
                became = _short(self._shown(kind, line["target"], sample.value, zone))
            source = _short(sample.source)
            texts.append(became if source == became else f"{source} → {became}")
        return SEPARATOR.join(texts), any(sample.problem for sample in found)

    @api.model
    def _joined(self, values, count=3):
        return SEPARATOR.join(map(_short, values[:count]))


def _short(value):
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


class HospitalHisFeedField(models.Model):
    """Each mapping line shows what it makes of the rows last looked at."""

    _inherit = "hospital.his.feed.field"

    sample = fields.Text(compute="_compute_sample", groups=ENGINEER, string="In the HIS → Here")
    sample_refused = fields.Boolean(compute="_compute_sample", export_string_translation=False)
    targets = fields.Json(compute="_compute_targets", export_string_translation=False)
    description = fields.Char(compute="_compute_description", string="Meaning")

    @api.depends("feed_id.kind")
    def _compute_targets(self):
        for line in self:
            line.targets = list(KINDS.get(line.feed_id.kind, ()))

    @api.depends("target", "feed_id.kind")
    @api.depends_context("lang")
    def _compute_description(self):
        for line in self:
            kind = line.feed_id.kind
            known = line.target in KINDS.get(kind, ())
            line.description = self.env["hospital.his.feed"]._describe(kind, line.target) if known else False

    @api.depends("target", "column", "transform", "argument", "codemap_id")
    @api.depends_context("lang")
    def _compute_sample(self):
        looks = {feed: feed._latest_look() for feed in self.feed_id}
        for line in self:
            feed, look = line.feed_id, looks.get(line.feed_id)
            ready = look and line.target in KINDS[feed.kind] and (line.column or line.transform == "constant")
            line.sample, line.sample_refused = (
                feed._samples(
                    look, feed.kind, {line.codemap_id.code: line.codemap_id._codes()}, line._spec(), feed.source_id.tz
                )
                if ready
                else (False, False)
            )

    def _read_format(self, fnames, load="_classic_read"):
        """Whoever opens a mapping with samples beside it looks at patients' data."""
        rows = super()._read_format(fnames, load=load)
        if "sample" in fnames and not self.env.su:
            for feed in self.filtered("sample").feed_id._origin:
                self.env["hospital.access.log"]._log_look(feed)
        return rows
