import json
import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import file_open

from ..exchange import pushed
from ..exchange.problems import ReadingFailed
from ..exchange.targets import KINDS
from ..hl7 import rows
from ..hl7.message import path

_EVENT = re.compile(r"[A-Z][A-Z0-9]{2}(\^[A-Z][A-Z0-9]{2})?")


class HospitalHisFeed(models.Model):
    """Feeds whose rows come as HL7 messages: the columns of the mapping are paths such as PID-3.1."""

    _inherit = "hospital.his.feed"

    events = fields.Char(
        string="Messages",
        help="The kinds of message this feed takes, separated by commas: ADT^A01, ADT^A03. All that tell of the same "
        "records belong into one feed, so that the order in which they come is kept.",
    )
    per_segment = fields.Char(
        string="One Row per",
        help="Empty: one row per message. A segment such as DG1 or OBR: one row for each of them, whose paths mean "
        "that segment and what follows it.",
    )

    _events_there = models.Constraint(
        "CHECK (way <> 'hl7' OR events IS NOT NULL)", "An HL7 feed needs the kinds of message that it takes."
    )

    @api.constrains("events", "per_segment")
    def _check_events(self):
        for feed in self:
            for event in feed._events():
                if not _EVENT.fullmatch(event):
                    raise ValidationError(self.env._("“%s” is no kind of message; an example: ADT^A03", event))
            if feed.per_segment and not path(f"{feed.per_segment}-1"):
                raise ValidationError(self.env._("“%s” is no segment; an example: OBR", feed.per_segment))

    @api.model
    def _add_hl7_feeds(self, source):
        """The usual feeds with their code tables, unless the source has them already; return those added."""
        with file_open("hospital_his_connector/data/hl7_feeds.json", "rb") as file:
            definition = json.load(file)
        tables = self.env["hospital.his.codemap"]
        own = {table.code: table for table in tables.search([("source_id", "=", source.id)])}
        for table in definition["codemaps"]:
            if table["code"] not in own:
                own[table["code"]] = tables._import_definition(source, table)
        known = source.feed_ids.mapped("code")
        feeds = self.browse()
        for feed in definition["feeds"]:
            if feed["code"] not in known:
                feeds |= self._import_definition(source, feed, own)
        return feeds

    def _events(self):
        return [event.strip() for event in (self.events or "").split(",") if event.strip()]

    def _hl7_rows(self, message, spec):
        if unknown := rows.unknown(spec):
            raise ReadingFailed("hl7_no_path", column=unknown[0])
        return rows.rows(message, spec, self.per_segment or "")

    def _hl7_records(self, row, specs):
        """The record that a row tells of, and the patient whose it is: between these the order of messages counts."""
        spec = specs[self]
        yield self.model, tuple(row.get(name) for name in pushed.key_columns(spec))
        for line in spec["fields"]:
            if KINDS[self.kind][line["target"]].refers == "patient":
                yield "res.partner", tuple(row.get(name) for name in pushed.columns(line))
