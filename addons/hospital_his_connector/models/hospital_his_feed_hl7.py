import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

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

    def _events(self):
        return [event for event in re.split(r"[,\s]+", self.events or "") if event]

    def _hl7_rows(self, message, spec):
        return rows.rows(message, spec, self.per_segment or "")
