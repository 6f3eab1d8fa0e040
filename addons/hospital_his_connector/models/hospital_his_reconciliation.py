import time

from odoo import api, fields, models

from ..exchange import parent


class HospitalHisReconciliation(models.Model):
    """One comparison of a feed with the HIS: do both have the same rows, and what was done about it."""

    _name = "hospital.his.reconciliation"
    _inherit = ["hospital.his.message"]
    _description = "Reconciliation"
    _order = "id desc"
    _rec_name = "feed_id"

    feed_id = fields.Many2one("hospital.his.feed", required=True, ondelete="cascade", index=True)
    source_id = fields.Many2one(related="feed_id.source_id", store=True, index=True)
    state = fields.Selection(
        [
            ("queued", "Queued"),
            ("running", "Running"),
            ("done", "Done"),
            ("braked", "Waits for a decision"),
            ("failed", "Failed"),
        ],
        required=True,
        default="queued",
        index=True,
    )
    started_at = fields.Datetime()
    finished_at = fields.Datetime()
    there_count = fields.Integer(string="In the HIS")
    here_count = fields.Integer(string="Here")
    missing_count = fields.Integer(string="Missing Here")
    vanished_count = fields.Integer(string="Vanished There")
    set_aside_count = fields.Integer(string="Dead Letters", help="Rows of the HIS that are known but were not taken.")
    taken_out_count = fields.Integer(string="Taken Out", help="Records archived or cancelled by this comparison.")
    accepted_count = fields.Integer(
        string="Allowed to Vanish", readonly=True, help="So many rows may vanish, because a person has said so."
    )
    run_id = fields.Many2one("hospital.his.run", ondelete="set null", string="Read Again", index="btree_not_null")
    attempts = fields.Integer(default=0, export_string_translation=False)
    code = fields.Char(export_string_translation=False)
    arguments = fields.Json(export_string_translation=False)
    message = fields.Char(compute="_compute_message", string="What Happened")

    _one_queued = models.UniqueIndex("(feed_id) WHERE state = 'queued'", "A comparison of this feed is already queued.")

    @api.depends("code", "arguments")
    @api.depends_context("lang")
    def _compute_message(self):
        for check in self:
            check.message = self._sentence(check.code, check.arguments)

    @api.model
    def _queue(self, feeds, accepted=0):
        """One queued comparison per feed."""
        queued = self.search([("feed_id", "in", feeds.ids), ("state", "=", "queued")])
        if accepted:
            queued.accepted_count = accepted
        rest = feeds.filtered(lambda feed: feed.active and feed.way == "query") - queued.feed_id
        return queued | self.create([{"feed_id": feed.id, "accepted_count": accepted} for feed in rest])

    @api.model
    def _work(self, until=None, end=None):
        """Do what is queued until ``until``; at ``end`` nobody waits for a HIS any longer (both monotonic)."""
        self._take_up()
        done = self.browse()
        with parent.Session() as session:
            for check in self.search([("state", "=", "queued")]).sorted(lambda check: check.feed_id.sequence):
                if until and time.monotonic() > until:
                    break
                check.feed_id._reconcile(check, session, end)
                done |= check
        # What was missing may be what a row of another feed waits for.
        done.exists().run_id.feed_id.sorted("sequence")._retry_waiting()
        return done

    @api.model
    def _take_up(self):
        """Running, but nobody holds the feed's lock: the process is gone. It is done again, once."""
        for check in self.search([("state", "=", "running")]):
            with check.feed_id._locked() as locked:
                if not locked:
                    continue
                if check.attempts < 2 and not self.search_count(
                    [("feed_id", "=", check.feed_id.id), ("state", "=", "queued")], limit=1
                ):
                    check.state = "queued"
                else:
                    check._fail("killed", {})

    def _start(self):
        self.write({"state": "running", "started_at": fields.Datetime.now(), "attempts": self.attempts + 1})

    def _fail(self, code, arguments):
        self.exists().write(
            {"state": "failed", "finished_at": fields.Datetime.now(), "code": code, "arguments": arguments}
        )

    def _finish(self, counts, state, code, arguments):
        self.write(
            dict(counts) | {"state": state, "finished_at": fields.Datetime.now(), "code": code, "arguments": arguments}
        )

    def action_accept(self):
        """A person says that these rows are really gone; should more be gone by then, it is asked again."""
        self.check_access("write")
        for check in self.filtered(lambda check: check.state == "braked"):
            self.sudo()._queue(check.feed_id, check.vanished_count)
            check.sudo().state = "done"
        return self._started()

    def action_compare(self):
        """Compare the same feeds once more."""
        self.check_access("write")
        return self.feed_id.action_compare()

    @api.model
    def _call(self, at=None):
        """Have the queued comparisons done, now or at a time to come."""
        self.env.ref("hospital_his_connector.schedule_his_comparisons").sudo()._ask(at)

    def _started(self):
        self._call()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._("The comparison has been queued and starts in a moment."),
                "type": "success",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_open_vanished(self):
        """The rows that are in question, or were taken out."""
        action = self.env["ir.actions.act_window"]._for_xml_id("hospital_his_connector.action_his_link_vanished")
        return action | {"domain": [("feed_id", "in", self.feed_id.ids)]}


class HospitalHisReconciliationDay(models.Model):
    """How many rows of a feed belong to a day, in the HIS and here, as the last comparison saw it."""

    _name = "hospital.his.reconciliation.day"
    _description = "Reconciliation by Day"
    _order = "day desc nulls last, feed_id"
    _rec_name = "day"
    _log_access = False

    reconciliation_id = fields.Many2one("hospital.his.reconciliation", required=True, ondelete="cascade", index=True)
    feed_id = fields.Many2one("hospital.his.feed", required=True, ondelete="cascade")
    day = fields.Date(help="Of admission, discharge, visit or operation; empty for rows without such a day.")
    there_count = fields.Integer(string="In the HIS")
    here_count = fields.Integer(string="Here")
    missing_count = fields.Integer(string="Missing Here")
    vanished_count = fields.Integer(string="Vanished There")
    set_aside_count = fields.Integer(string="Dead Letters")
    agrees = fields.Boolean(help="Both have the same rows of this day, but for dead letters.")

    _day_unique = models.UniqueIndex("(feed_id, day)")
    _differs_index = models.Index("(feed_id, day) WHERE agrees IS NOT TRUE")

    @api.model
    def _replace(self, check, days):
        """The picture of the last comparison takes the place of the one before."""
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM hospital_his_reconciliation_day WHERE feed_id = %s", [check.feed_id.id])
        names = ("day", "there_count", "here_count", "missing_count", "vanished_count", "set_aside_count")
        rows = [dict(zip(names, day, strict=True)) for day in days]
        self.create(
            [
                row
                | {
                    "reconciliation_id": check.id,
                    "feed_id": check.feed_id.id,
                    "agrees": not row["missing_count"] and not (check.feed_id.complete and row["vanished_count"]),
                }
                for row in rows
            ]
        )
