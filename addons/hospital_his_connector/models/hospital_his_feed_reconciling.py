import contextlib
from collections import Counter

from odoo import fields, models, modules

from ..exchange.problems import ReadingFailed
from ..loading import vanishing
from ..loading.comparison import Comparison

# Rows taken out in one transaction.
PART = 5000
# Up to so many missing rows are read by their keys; if there are more, reading everything again is faster.
READ_BY_KEY = 20_000

COUNTS = ("there_count", "here_count", "missing_count", "vanished_count", "set_aside_count")


class HospitalHisFeed(models.Model):
    """Comparing a feed with the HIS key by key: what the watermark missed is read, what vanished is taken out."""

    _inherit = "hospital.his.feed"

    complete = fields.Boolean(
        string="Shows All Rows",
        help="The query shows a row as long as the HIS has it. Then a row that vanishes is taken out here too. Leave "
        "it off for a query that shows only a part, such as those who are in hospital today.",
    )

    def _reconcile(self, check, session, end=None):
        """Compare this feed; a failure ends in the comparison, never in an exception."""
        self.ensure_one()
        with self._locked() as locked:
            self._commit()  # what follows sees whether another process has begun it, or deleted it
            check.invalidate_recordset(["state"])
            if not locked or not check.exists() or check.state != "queued":
                return  # a run is at work: the next call compares
            try:
                self._retrying(lambda: self._begin(check))
                self._compare(check, session, end)
            except ReadingFailed as failure:
                self._fail(check, failure.code, failure.arguments)
            except Exception as error:
                self._fail(check, "internal", self._recover(error))

    def _compare(self, check, session, end):
        with self._comparing() as comparison:
            self._read_keys(comparison, session, end)
            days = comparison.compare()
            self._commit()
            counts = Counter()
            for day in days:
                counts.update(dict(zip(COUNTS, day[1:], strict=True)))
            if self.complete and self._brakes(check, counts):
                self._retrying(lambda: self._brake(check, comparison, counts, days))
                return
            if self.complete and counts["vanished_count"]:
                comparison.look_again()
                self._read_keys(comparison, session, end)
                comparison.spare()
                self._commit()
                counts["taken_out_count"] = self._take_out(comparison)
            if counts["missing_count"]:
                self._read_missing(check, comparison, session, end)
            self._retrying(lambda: self._note(check, counts, days))

    @contextlib.contextmanager
    def _comparing(self):
        comparison = Comparison(self._loader([], []))
        comparison.begin()
        try:
            yield comparison
        except Exception:
            if not modules.module.current_test:
                self.env.cr.rollback()
            raise
        finally:
            comparison.end()
            self._commit()

    def _read_keys(self, comparison, session, end):
        with session.reading(self._job() | {"work": "read_keys"}, self.source_id._limits(), end) as frames:
            for head, blobs in frames:
                if head["type"] == "keys":
                    comparison.add(blobs["copy"])
                    self._commit()

    def _brakes(self, check, counts):
        """Rather a person decides than that half a hospital is archived because a view was empty for a moment."""
        vanished = counts["vanished_count"]
        share = vanished * 100 / max(1, counts["here_count"])
        return vanished > check.accepted_count and share > self.source_id.vanish_limit

    def _brake(self, check, comparison, counts, days):
        comparison.note_missed()
        arguments = {
            "vanished": counts["vanished_count"],
            "here": counts["here_count"],
            "limit": self.source_id.vanish_limit,
        }
        self._note(check, counts, days, "braked", "vanish_brake", arguments)

    def _take_out(self, comparison):
        """In parts: killed in between, the next comparison goes on with what is left."""

        def part():
            if links := comparison.next_vanishing(PART):
                taken.append(vanishing.take_out(comparison.loader, links))
            self._commit()
            return links

        taken = []
        while self._retrying(part):
            pass
        return sum(taken)

    def _read_missing(self, check, comparison, session, end):
        """Read the rows the watermark missed; their run says what became of them."""
        keys = comparison.missing(READ_BY_KEY + 1)
        if not keys:
            return
        if len(keys) > READ_BY_KEY:
            self.sudo().mark = False
            check.run_id = self.env["hospital.his.run"]._queue(self, "reconcile")
            self._commit()
            return
        run = check.run_id = self.env["hospital.his.run"].create(
            {"feed_id": self.id, "origin": "reconcile", "state": "running"}
        )
        self._retrying(lambda: self._begin(run))
        try:
            self._read(run, session, None, end, self._job() | {"only": keys})
        except ReadingFailed as failure:
            self._fail(run, failure.code, failure.arguments)
            raise

    def _note(self, check, counts, days, state="done", code=False, arguments=False):
        check._finish(counts, state, code, arguments)
        self.env["hospital.his.reconciliation.day"]._replace(check, days)
        self._commit()

    def _braked(self):
        """The last comparison of each feed, where it waits for a person's decision."""
        last = self.env["hospital.his.reconciliation"]._read_group(
            [("state", "in", ("done", "braked")), ("feed_id.active", "=", True)], ["feed_id"], ["id:max"]
        )
        checks = self.env["hospital.his.reconciliation"].browse([check_id for _feed, check_id in last])
        return checks.filtered(lambda check: check.state == "braked" and check.feed_id.complete)

    def action_compare(self):
        """Compare with the HIS now; the service wakes up and does it."""
        self.check_access("write")
        return self.env["hospital.his.reconciliation"].sudo()._queue(self)._started()

    def action_open_reconciliations(self):
        return self._open("hospital_his_connector.action_his_reconciliation")
