from odoo import api, fields, models
from odoo.exceptions import AccessError

# Whom the board is for.
GROUPS = ("hospital_base.group_integration", "hospital_base.group_admin")


class HospitalHisBoard(models.AbstractModel):
    """One screen that says whether the data exchange is well.

    Each section is one method named in ``_sections``; other parts add theirs by overriding it. A section is::

        {"key", "title", "tiles": [{"label", "value", "light", "note", "open"}]}

    where ``light`` is success, warning, danger or muted, and ``open`` what the number opens: ``_list(…)``.
    """

    _name = "hospital.his.board"
    _description = "Board of the Data Exchange"

    @api.model
    def load(self):
        """All that the page shows."""
        if not any(self.env.user.has_group(group) for group in GROUPS):
            raise AccessError(self.env._("The board is for the integration engineer and the administrator."))
        board = self.sudo()
        health = self.env["hospital.his.feed"].sudo()._health()
        return {
            "now": fields.Datetime.to_string(fields.Datetime.now()),
            "day_ago": self._day_ago(),
            "alarms": board._alarms(),
            "sections": [section for method in self._sections() if (section := method(board, health))],
            "feeds": board._feeds(health),
            "may_open_letters": self.env.user.has_group(GROUPS[0]),
        }

    @api.model
    def _sections(self):
        """Methods ``(board, health of the feeds) -> section`` in the order of the page."""
        cls = type(self)
        return [cls._section_feeds, cls._section_rows, cls._section_messages, cls._section_services]

    @api.model
    def _changed(self):
        """Pages that show the board load it again, once this transaction is committed."""
        channel = self.env["bus.bus"]
        for group in GROUPS:
            channel._sendone(self.env.ref(group), "hospital.his.board", {})

    @api.model
    def _list(self, model, name, domain):
        """What a number of the board opens, for who may see it."""
        return self.env[model].sudo(False).has_access("read") and {"model": model, "name": name, "domain": domain}

    @api.model
    def _day_ago(self):
        return fields.Datetime.to_string(fields.Datetime.subtract(fields.Datetime.now(), days=1))

    @api.model
    def _tile(self, label, value, light, note="", **opens):
        return {"label": label, "value": value, "light": light, "note": note, **opens}

    # -- sections ----------------------------------------------------------------------------------------------

    def _alarms(self):
        return [
            {
                "id": alarm.id,
                "message": alarm.message,
                "advice": alarm.advice,
                "since": fields.Datetime.to_string(alarm.opened_at),
            }
            for alarm in self.env["hospital.his.alarm"].search([("closed_at", "=", False)])
        ]

    def _section_feeds(self, health):
        counts = {
            "danger": [feed.feed_id for feed in health if feed.light == "danger"],
            "warning": [feed.feed_id for feed in health if feed.light == "warning"],
            "success": [feed.feed_id for feed in health if feed.light == "success"],
            "muted": [feed.feed_id for feed in health if feed.light == "muted"],
        }
        labels = {
            "success": self.env._("Well"),
            "warning": self.env._("Worth a look"),
            "danger": self.env._("Failing or late"),
            "muted": self.env._("Not read yet"),
        }
        return {
            "key": "feeds",
            "title": self.env._("Feeds"),
            "tiles": [
                self._tile(
                    label,
                    len(counts[light]),
                    light if counts[light] else "muted",
                    open=self._list("hospital.his.feed", label, [("id", "in", counts[light])]),
                )
                for light, label in labels.items()
                if light != "muted" or counts[light]
            ],
        }

    def _section_rows(self, health):
        open_label, wait_label = self.env._("Dead letters"), self.env._("Rows that wait")
        failed_label, decide_label = self.env._("Errors in 24 hours"), self.env._("Comparisons to decide")
        still_open, waiting, failed = (
            sum(getattr(feed, name) for feed in health) for name in ("open_letters", "waiting_letters", "failed_today")
        )
        braked = self.env["hospital.his.feed"]._braked()
        # As the numbers: of feeds in use.
        in_use = ("feed_id.active", "=", True)
        return {
            "key": "rows",
            "title": self.env._("Rows"),
            "tiles": [
                self._tile(
                    open_label,
                    still_open,
                    "warning" if still_open else "success",
                    open=self._list("hospital.his.deadletter", open_label, [("state", "=", "open"), in_use]),
                ),
                self._tile(
                    wait_label,
                    waiting,
                    "muted",
                    open=self._list("hospital.his.deadletter", wait_label, [("state", "=", "waiting"), in_use]),
                ),
                self._tile(
                    failed_label,
                    failed,
                    "warning" if failed else "success",
                    open=self._list(
                        "hospital.his.run",
                        failed_label,
                        [("state", "=", "failed"), ("finished_at", ">", self._day_ago()), in_use],
                    ),
                ),
                self._tile(
                    decide_label,
                    len(braked),
                    "danger" if braked else "success",
                    open=self._list("hospital.his.reconciliation", decide_label, [("id", "in", braked.ids)]),
                ),
            ],
        }

    def _section_messages(self, health):
        """What others have sent, and what they are owed."""
        handle, failed = self.env._("To be handled"), self.env._("Received, but failed")
        owed, dead, doubt = self.env._("To be written"), self.env._("Given up"), self.env._("In doubt")
        tiles = []
        for model, domain, label, light in (
            ("hospital.his.inbox", [("state", "=", "received")], handle, "muted"),
            ("hospital.his.inbox", [("state", "=", "failed")], failed, "warning"),
            ("hospital.his.outbox", [("state", "in", ("waiting", "sending"))], owed, "muted"),
            ("hospital.his.outbox", [("state", "=", "dead")], dead, "danger"),
            ("hospital.his.transaction", [("in_doubt", "=", True)], doubt, "danger"),
        ):
            count = self.env[model].search_count(domain)
            tiles.append(self._tile(label, count, light if count else "success", open=self._list(model, label, domain)))
        return {"key": "messages", "title": self.env._("Messages and Writes"), "tiles": tiles}

    def _section_services(self, health):
        """Leaders, and whoever failed or gives no sign of life; those that stand by are well by definition."""
        services = self.env["hospital.service"].search([("name", "!=", "kernel"), ("state", "!=", "stopped")])
        tiles = []
        for name, group in services.grouped("name").items():
            alive = group.filtered(lambda service: service.leader and not service.stale and service.state == "running")
            service = alive[:1] or group[:1]
            tiles.append(
                self._tile(
                    name,
                    self.env._("Running") if alive else self.env._("No Heartbeat"),
                    "success" if alive else "danger",
                    service.host or "",
                    open=self._list("hospital.service", name, [("name", "=", name)]),
                )
            )
        if not tiles:
            tiles.append(
                self._tile(
                    self.env._("Service process"),
                    self.env._("Not started"),
                    "muted",
                    open=self._list("hospital.service", self.env._("Services"), []),
                )
            )
        return {"key": "services", "title": self.env._("Services"), "tiles": tiles}

    def _feeds(self, health):
        """One row a feed."""
        letters = self.env["hospital.his.deadletter"]
        states = dict(self.env["hospital.his.feed"]._fields["last_run_state"]._description_selection(self.env))
        sources = self.env["hospital.his.source"].browse({feed.source_id for feed in health})
        names = {source.id: source.name for source in sources}
        times = self._next_runs()
        return [
            {
                "id": feed.feed_id,
                "name": feed.name,
                "source": names[feed.source_id],
                "light": feed.light,
                "state": states.get(feed.state, self.env._("Not read yet")),
                "problem": letters._sentence(feed.code, feed.arguments) if feed.state == "failed" else "",
                "last_success": _text(feed.last_success),
                "late": feed.late,
                "newest": _text(feed.newest_at),
                "rate": feed.rate,
                "failures": feed.failures,
                "failed_today": feed.failed_today,
                "open_letters": feed.open_letters,
                "waiting_letters": feed.waiting_letters,
                "hours": feed.hours,
                "next": _text(min(filter(None, (times.get(feed.feed_id), times.get(False))), default=None)),
            }
            for feed in health
        ]

    def _next_runs(self):
        """Feed -> when it is read next, by the schedules; the key False stands for all feeds."""
        times = {}
        for schedule in self.env["hospital.schedule"].search([("job", "=", "read_feeds")]):
            for feed_id in schedule.feed_ids.ids or [False]:
                if schedule.next_at:
                    times[feed_id] = min(times.get(feed_id, schedule.next_at), schedule.next_at)
        return times


def _text(moment):
    return fields.Datetime.to_string(moment) if moment else ""
