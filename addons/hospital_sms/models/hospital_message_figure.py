from datetime import datetime, time, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.hospital_base.models.hospital_contact import PURPOSES

from .hospital_message import CHANNELS, MESSAGE_STATES, OPERATORS

# Reports come within three days; later ones are counted in the night.
CHANGING_DAYS = 4
NIGHTLY_DAYS = 31

_SUBMITTED = "state IN ('sent', 'delivered', 'partial', 'failed', 'unknown', 'silent')"
# What each count counts, of the messages of a row; a row's messages have one state.
COUNTS = {
    "submitted_count": _SUBMITTED,
    "delivered_count": "state = 'delivered'",
    "failed_count": "state IN ('failed', 'partial')",
    "open_count": "state IN ('sent', 'unknown', 'silent')",
    "waiting_count": "state IN ('draft', 'queued')",
    "excluded_count": "state IN ('excluded', 'cancelled')",
}
# Rates are quotients of sums, so they are exact at every level of a pivot.
RATES = {
    "delivered_rate": ("delivered_count", "submitted_count"),
    "failed_rate": ("failed_count", "submitted_count"),
}


def _count(string, **kwargs):
    return fields.Integer(string, readonly=True, aggregator="sum", **kwargs)


def _rate(string, **kwargs):
    return fields.Float(string, readonly=True, aggregator="avg", digits=(5, 1), **kwargs)


class HospitalMessageFigure(models.Model):
    """How many messages: one row per day, department, gateway, operator, purpose, channel, state and code.

    The day is that of sending, by the hospital's clock; of what has not left, the planned one. Whole days are counted
    anew, those of late reports too, so that it does not matter how often. Days that are over for a month stay as they
    are: their messages may be deleted.
    """

    _name = "hospital.message.figure"
    _description = "Message Figures"
    _order = "day desc, id"
    _rec_name = "day"
    _log_access = False

    day = fields.Date(required=True, readonly=True)
    department_id = fields.Many2one("hr.department", readonly=True, ondelete="set null", index="btree_not_null")
    gateway_id = fields.Many2one("hospital.gateway", readonly=True, ondelete="set null", index="btree_not_null")
    operator = fields.Selection(OPERATORS, readonly=True)
    purpose = fields.Selection(PURPOSES, readonly=True)
    channel = fields.Selection(CHANNELS, readonly=True)
    state = fields.Selection(MESSAGE_STATES, readonly=True)
    code = fields.Char(string="Operator's Code", readonly=True)
    meaning = fields.Char(compute="_compute_meaning", string="Meaning of the Code")

    message_count = _count("Messages", required=True)
    part_count = _count("Parts", required=True, help="What the operator counts: a long message is several.")
    cost_count = _count("Parts Charged", required=True, help="Parts of messages that left for the operator.")
    submitted_count = _count("Submitted", required=True, help="Messages that left for the operator, or may have left.")
    delivered_count = _count("Delivered", required=True)
    failed_count = _count("Failed", required=True, help="Failed, or delivered in part.")
    open_count = _count("Without Report", required=True, help="Sent, but no report yet or ever; unknown ones too.")
    waiting_count = _count("Waiting", required=True)
    excluded_count = _count("Not Sent", required=True, help="Excluded by the contact gate, or cancelled.")
    delivered_rate = _rate(
        "Delivery Rate (%)",
        help="Delivered (DELIVRD) ÷ submitted. Of all messages that left for an operator, at any time in the period; "
        "those without a report stay in.",
    )
    failed_rate = _rate("Failure Rate (%)", help="Failed, or delivered in part ÷ submitted.")

    _once = models.UniqueIndex(
        "(day, department_id, gateway_id, operator, purpose, channel, state, code) NULLS NOT DISTINCT"
    )

    @api.depends("code", "gateway_id")
    @api.depends_context("lang")
    def _compute_meaning(self):
        pairs = {figure: (figure.sudo().gateway_id.protocol, figure.code) for figure in self if figure.code}
        meanings = self.env["hospital.message.code"]._meanings(set(pairs.values()))
        for figure in self:
            figure.meaning = meanings.get(pairs.get(figure))

    @api.model
    def _read_group_select(self, aggregate_spec, query):
        name = aggregate_spec.partition(":")[0]
        if name not in RATES:
            return super()._read_group_select(aggregate_spec, query)
        part, whole = (
            super(HospitalMessageFigure, self)._read_group_select(f"{count}:sum", query) for count in RATES[name]
        )
        return SQL("100.0 * %s / NULLIF(%s, 0)", part, whole)

    @api.model
    def _refresh(self, first, last):
        """Count the days from ``first`` to ``last`` anew."""
        self.env["hospital.message"].flush_model()
        zone = self.env.company.hospital_tz
        # Whoever comes second at the same time fails to serialize, and is tried again.
        self.env.cr.execute("DELETE FROM hospital_message_figure WHERE day BETWEEN %s AND %s", [first, last])
        self.env.cr.execute(
            SQL(
                """INSERT INTO hospital_message_figure
                       (day, department_id, gateway_id, operator, purpose, channel, state, code, message_count,
                        part_count, cost_count, %(names)s, %(rates)s)
                   SELECT *, %(quotients)s FROM (
                       SELECT (COALESCE(sent_at, plan_at) AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day,
                              department_id, gateway_id, operator, purpose, channel, state, code,
                              count(*) AS message_count, sum(part_count) AS part_count,
                              CASE WHEN %(submitted)s THEN sum(part_count) ELSE 0 END AS cost_count, %(counts)s
                         FROM hospital_message
                        WHERE COALESCE(sent_at, plan_at) >= %(since)s AND COALESCE(sent_at, plan_at) < %(until)s
                        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8) AS counted
                   ON CONFLICT DO NOTHING""",
                names=SQL(", ".join(COUNTS)),
                rates=SQL(", ".join(RATES)),
                quotients=SQL(", ".join(f"100.0 * {part} / NULLIF({whole}, 0)" for part, whole in RATES.values())),
                submitted=SQL(_SUBMITTED),
                counts=SQL(
                    ", ".join(f"CASE WHEN {case} THEN count(*) ELSE 0 END AS {name}" for name, case in COUNTS.items())
                ),
                zone=zone,
                since=self._midnight(first),
                until=self._midnight(last + timedelta(days=1)),
            )
        )
        self.invalidate_model()

    @api.model
    def _refresh_changing(self, days):
        """Count the last ``days`` anew, and what is planned."""
        today = self.env["res.company"]._hospital_today()
        self._refresh(today - timedelta(days=days), today + timedelta(days=366))

    @api.model
    def _midnight(self, day):
        return self.env["res.company"]._from_hospital_clock(datetime.combine(day, time.min))

    @api.model
    def _open(self):
        """Action of the menu: today's figures are those of this moment."""
        self.check_access("read")
        today = self.env["res.company"]._hospital_today()
        self.sudo()._refresh(today, today)
        return self.env["ir.actions.act_window"]._for_xml_id("hospital_sms.action_message_figure")

    @api.model
    def export(self, domain, groups, filters):
        """For the pivot's button: the figures of ``domain`` as a workbook, one line per value of two ``groups``.

        groups: as in ``_read_group``; filters: the domain in words. Returns the action that downloads it.
        """
        return self.env["hospital.message.figure.sheet"]._download(Domain(domain), groups, filters)

    def action_open_messages(self):
        """Button: the messages of these rows."""
        self.ensure_one()
        names = ("department_id", "gateway_id", "operator", "purpose", "channel", "state", "code")
        domain = [(name, "=", self[name].id if name.endswith("_id") else self[name]) for name in names]
        since, until = self._midnight(self.day), self._midnight(self.day + timedelta(days=1))
        action = self.env["ir.actions.act_window"]._for_xml_id("hospital_sms.action_message")
        domain += [
            ("moment", ">=", fields.Datetime.to_string(since)),
            ("moment", "<", fields.Datetime.to_string(until)),
        ]
        return action | {"domain": domain, "context": {}}
