import base64
import json

from markupsafe import Markup

from odoo import api, fields, models

from ..exchange.targets import KINDS
from .hospital_his_source import CONNECTION

SHORT = 400


class HospitalHisFeed(models.Model):
    """A feed with the code tables it needs, as a file and in words."""

    _inherit = "hospital.his.feed"

    definition_file = fields.Binary(compute="_compute_definition_file", groups=CONNECTION)

    def _compute_definition_file(self):
        for feed in self:
            feed.definition_file = _file(feed._definition())

    def _definition(self):
        return {
            "codemaps": [codemap._export_definition() for codemap in self.field_ids.codemap_id],
            "feeds": [feed._export_definition() for feed in self],
        }

    def action_export(self):
        """Download the feed; another hospital's engineer, or a test system, takes it from there."""
        self.ensure_one()
        return _download(self, f"{self.source_id.code}-{self.code}.json")

    @api.model
    def _differences_html(self, differences, kinds=None):
        """What changes, as a table: what, before, after. ``kinds``: of feeds that are not there yet, by code."""
        rows = []
        for difference in differences:
            what, show = self._named(difference.place, kinds or {})
            rows.append(
                Markup("<tr><td>%s</td><td>%s</td><td>%s</td></tr>")
                % (what, *(_cell(show(value)) for value in (difference.old, difference.new)))
            )
        head = [self.env._("What"), self.env._("Before"), self.env._("After")]
        return rows and Markup(
            '<table class="table table-sm"><thead><tr><th class="w-25">%s</th><th>%s</th><th>%s</th></tr></thead>'
            "<tbody>%s</tbody></table>"
        ) % (*head, Markup().join(rows))

    def _named(self, place, kinds):
        """What a place in a definition is called, and how its value is shown."""
        part, code = place[0], place[1]
        if part == "source":
            return self._field_in_words("hospital.his.source", code)
        if part == "feed":
            label, show = self._field_in_words(self._name, place[2])
            return self.env._("Feed %(feed)s: %(field)s", feed=code, field=label), show
        if part == "line":
            label = self._target_labels().get(place[2], place[2])
            return self.env._("Feed %(feed)s fills “%(target)s”", feed=code, target=label), self._line_text
        kind, target = kinds.get(code, (None, None))
        choices = self._choices(kind, target) if target in KINDS.get(kind, ()) else {}
        return (
            self.env._("Code table %(table)s: %(value)s", table=code, value=place[2]),
            lambda value: choices.get(value, value),
        )

    def _field_in_words(self, model, name):
        """What a field is called, and how its value is shown."""
        field = self.env[model]._fields.get(name)
        label = field.get_description(self.env, ["string"])["string"] if field else name
        choices = dict(field._description_selection(self.env)) if field and field.type == "selection" else {}

        def show(value):
            if isinstance(value, bool):
                return self.env._("Yes") if value else self.env._("No")
            return choices.get(value, value) if isinstance(value, str) else value

        return label, show

    def _line_text(self, line):
        if line is None:
            return None
        transforms = dict(self.env["hospital.his.feed.field"]._fields["transform"]._description_selection(self.env))
        parts = (
            line.get("column"),
            transforms[line.get("transform") or "text"],
            line.get("codemap"),
            line.get("argument"),
        )
        return " · ".join(part for part in parts if part)


class HospitalHisSource(models.Model):
    """A connection with its feeds and code tables, as a file; without password and without data."""

    _inherit = "hospital.his.source"

    definition_file = fields.Binary(compute="_compute_definition_file", groups=CONNECTION)

    def _compute_definition_file(self):
        for source in self:
            source.definition_file = _file(source._export_definition())

    def _current_of(self, data):
        """What there is here of that which a file describes."""
        current = self._export_definition()
        for part in ("feeds", "codemaps"):
            named = {item["code"] for item in data[part]}
            current[part] = [item for item in current[part] if item["code"] in named]
        return current

    def action_import(self):
        """Choose a file and see what it would change."""
        return self.env["ir.actions.act_window"]._for_xml_id("hospital_his_connector.action_his_import") | {
            "context": {"default_source_id": self.id}
        }

    def action_export(self):
        """Download the connection with its feeds and code tables."""
        self.ensure_one()
        return _download(self, f"{self.code}.json")


def _file(definition):
    text = json.dumps(definition, ensure_ascii=False, indent=2)
    return base64.b64encode(text.encode())


def _download(record, name):
    record.check_access("read")
    return {
        "type": "ir.actions.act_url",
        "url": f"/web/content/{record._name}/{record.id}/definition_file/{name}?download=true",
        "target": "download",
    }


def _cell(value):
    text = "" if value in (None, False) else str(value)
    return Markup('<span style="white-space: pre-wrap">%s</span>') % (
        text if len(text) <= SHORT else text[:SHORT] + "…"
    )
