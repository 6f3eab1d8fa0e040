from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

DAYS = 14
REFUSAL_DAYS = 30


class HospitalMessageBoard(models.AbstractModel):
    """One screen that says how sending goes today; each number opens what it counts."""

    _name = "hospital.message.board"
    _description = "Messages Today"

    @api.model
    def load(self):
        """All that the page shows: ``{"tiles": [{label, value, light, note, open}], "days": [{day, …counts}]}``."""
        if not self.env.user.has_group("hospital_sms.group_send_many"):
            raise AccessError(self.env._("The board is for those who send messages to many."))
        figures = self.env["hospital.message.figure"]
        today = self.env["res.company"]._hospital_today()
        figures.sudo()._refresh(today, today)
        names = ["submitted_count", "delivered_count", "failed_count", "open_count", "delivered_rate"]
        days = {
            day: row
            for day, *row in figures._read_group(
                [("day", ">", today - timedelta(days=DAYS)), ("day", "<=", today)],
                ["day:day"],
                [f"{name}:sum" if name.endswith("count") else f"{name}:avg" for name in names],
            )
        }
        nothing = [0, 0, 0, 0, None]
        return {
            "tiles": self._today_tiles(figures._midnight(today), days.get(today, nothing)) + self._open_tiles(),
            "days": [
                {"day": day.isoformat()} | dict(zip(names, days.get(day, nothing), strict=True))
                for day in (today - timedelta(days=ago) for ago in reversed(range(DAYS)))
            ],
        }

    def _today_tiles(self, midnight, row):
        submitted, delivered, failed, _open, rate = row
        today = [("moment", ">=", fields.Datetime.to_string(midnight))]
        share = self.env._("%s %% of those sent", f"{rate:.1f}") if submitted else ""
        return [
            self._tile(
                self.env._("Sent today"),
                submitted,
                "body",
                domain=[*today, ("state", "in", ("sent", "delivered", "partial", "failed", "unknown", "silent"))],
            ),
            self._tile(
                self.env._("Delivered today"), delivered, "success", share, domain=[*today, ("state", "=", "delivered")]
            ),
            self._tile(
                self.env._("Failed today"),
                failed,
                "danger" if failed else "muted",
                domain=[*today, ("state", "in", ("failed", "partial"))],
            ),
        ]

    def _open_tiles(self):
        """What waits for somebody, whenever it was sent."""
        month = fields.Datetime.to_string(fields.Datetime.now() - timedelta(days=REFUSAL_DAYS))
        refusals, share = self._refusals(month)
        return [
            self._counted(self.env._("Waiting"), "hospital.message", [("state", "=", "queued")], "info"),
            self._counted(
                self.env._("Unknown"),
                "hospital.message",
                [("state", "=", "unknown")],
                "warning",
                self.env._("May have arrived: never sent again by itself"),
            ),
            self._counted(
                self.env._("Replies not read"), "hospital.message.inbound", [("kind", "=", "new")], "warning"
            ),
            self._counted(
                self.env._("Batches that stand still"),
                "hospital.message.batch",
                [("state", "in", ("approval", "paused"))],
                "warning",
                self.env._("Paused, or waiting for approval"),
            ),
            self._tile(
                self.env._("Refusals in %s days", REFUSAL_DAYS),
                refusals,
                "info" if refusals else "muted",
                share,
                model="hospital.message.inbound",
                domain=[("kind", "=", "refusal"), ("at", ">=", month)],
            ),
        ]

    def _refusals(self, since):
        """How many, and refusals ÷ people reached in words: each who got a message counts once, by patient or number.

        Of the whole hospital, as the figures of the day are; the list shows those whose patients one sees.
        """
        self.env.cr.execute(
            SQL(
                """SELECT (SELECT count(*) FROM hospital_message_inbound WHERE kind = 'refusal' AND at >= %(since)s),
                          (SELECT count(DISTINCT COALESCE(patient_id::text, number, openid)) FROM hospital_message
                            WHERE state = 'delivered' AND COALESCE(sent_at, plan_at) >= %(since)s)""",
                since=since,
            )
        )
        refusals, reached = self.env.cr.fetchone()
        share = self.env._("%s %% of people reached", f"{100 * refusals / reached:.2f}") if reached else ""
        return refusals, share

    def _counted(self, label, model, domain, light, note=""):
        count = self.env[model].search_count(domain)
        return self._tile(label, count, light if count else "muted", note, model=model, domain=domain)

    def _tile(self, label, value, light, note="", *, model="hospital.message", domain=()):
        opens = {"model": model, "name": label, "domain": list(domain)}
        return {"label": label, "value": value or 0, "light": light, "note": note, "open": opens}
