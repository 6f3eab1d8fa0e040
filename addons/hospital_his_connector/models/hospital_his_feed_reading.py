import contextlib
import json
import logging
import time
from collections import Counter

import psycopg2
import psycopg2.errors
import pytz

from odoo import api, models, modules
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import config

from ..exchange import batch as batching
from ..exchange import marks, parent
from ..exchange.problems import ReadingFailed, where
from ..loading import Counts, letters
from ..loading.letters import Letter
from ..loading.outcome import Outcome

_logger = logging.getLogger(__name__)

# "his" in ASCII: the first half of the advisory lock that a running feed holds.
LOCK = 0x686973
ATTEMPTS = 5
# Below this many rows a share says nothing.
REJECTED_MIN = 100


class Conflict(ConcurrencyError):
    """Somebody else wrote the same record at the same time. In a request, Odoo itself begins it again."""


class HospitalHisFeed(models.Model):
    """Running a feed: read, write batch by batch, each with its mark in one transaction."""

    _inherit = "hospital.his.feed"

    @api.model
    def _run_all(self, feeds=None):
        """Run the feeds (all active ones by default), parents before children; return the runs."""
        feeds = feeds or self.search([("active", "=", True)])
        runs = self.env["hospital.his.run"]._queue(feeds, "schedule")
        return self._run_queued(runs)

    @api.model
    def _run_queued(self, runs, until=None, end=None):
        """Do queued runs until ``until``, what is left stays queued; at ``end`` nobody waits for a HIS any longer.

        Both are monotonic. Return the runs that were begun.
        """
        begun, feeds = runs.browse(), self.browse()
        with parent.Session() as session:
            ordered = runs.exists().sorted(lambda run: (run.feed_id.sequence, run.id))
            for run, feed in [(run, run.feed_id) for run in ordered]:
                if until and time.monotonic() > until:
                    break
                begun |= run
                feeds |= feed
                feed._exchange(run, session, until, end)
        # A row may have waited for something that came after it.
        feeds.exists().sorted("sequence")._retry_waiting()
        return begun

    @api.model
    def _deadlines(self):
        """``until`` and ``end`` of one call, before Odoo would break it off; None: never, as in the service."""
        if "cron_id" not in self.env.context:
            return None, None
        real = config["limit_time_real_cron"]
        if real is None or real < 0:
            real = config["limit_time_real"]
        limits = [limit for limit in (real, config["limit_time_cpu"]) if limit]
        now = time.monotonic()
        return now + min(limits) / 2 if limits else None, now + real * 0.9 if real else None

    def _exchange(self, run, session, until=None, end=None):
        """Read this feed from its mark on; a failure ends in the run, never in an exception."""
        self.ensure_one()
        with self._locked() as locked:
            self._commit()  # what follows sees whether another process has begun this very run, or deleted it
            run.invalidate_recordset(["state"])
            if not run.exists() or run.state != "queued":
                return
            try:
                if not locked:
                    raise ReadingFailed("busy")
                self._retrying(lambda: self._begin(run))
                self._retry_waiting()
                self._read(run, session, until, end)
            except ReadingFailed as failure:
                self._fail(run, failure.code, failure.arguments)
            except Exception as error:
                self._fail(run, "internal", self._recover(error))

    def _begin(self, run):
        run._start()
        self._commit()

    def _fail(self, run, code, arguments):
        def fail():
            run._fail(code, arguments)
            self._commit()

        self._retrying(fail)

    def _recover(self, error):
        """Roll back, put into the log and return what is fit to be shown of an error that nobody foresaw."""
        if modules.module.current_test:
            raise error
        self.env.cr.rollback()
        # The text of a database error holds the row: neither the run nor the log may show a patient.
        place = {"error": type(error).__name__, "where": where(error)}
        _logger.error("Feed %s: %s at %s", self.code, place["error"], place["where"])
        return place

    def _read(self, run, session, until, end, job=None):
        job = job or self._job()
        loader = mark = None
        with session.reading(job, self.source_id._limits(), end) as frames:
            for head, blobs in frames:
                if head["type"] == "columns":
                    loader = self._loader(head["staged"], head["columns"], run)
                elif head["type"] == "batch":
                    self._write_batch(loader, run, head, blobs, job["version"])
                    if until and time.monotonic() > until:
                        run._pause()
                        self._commit()
                        return
                elif head["type"] == "mark":
                    mark = head["mark"]
        self._finish(run, mark, job["version"])

    def _job(self):
        mapping = self._mapping()
        version = self._version()
        return mapping | {
            "work": "read",
            "source": self.source_id._connection(),
            "query": self.query,
            "watermark": self.watermark_column or "",
            "overlap": self.source_id.overlap_minutes * 60,
            # A changed mapping or query concerns the rows already read too.
            "since": (self.mark or {}) if self.mark_version == version else {},
            "batch": batching.ROWS,
            "version": version,
        }

    def _write_batch(self, loader, run, head, blobs, version):
        """One transaction: rows, children, links, letters, counters, mark."""
        self._check_rejected(run, head)

        def write():
            counts = self._apply(loader, blobs["copy"], blobs["raw"])
            counts.read, counts.repeated = head["read"], head["repeated"]
            counts.rejected += len(head["rejected"])
            rejected = [
                Letter(row["external_id"], row["code"], row["arguments"], row["payload"]) for row in head["rejected"]
            ]
            letters.store(self.env.cr, self.id, run.id, rejected)
            self._collect_unmapped(head["unmapped"])
            run._count(counts, self._newest(head["mark"]))
            self.sudo().write({"mark": head["mark"], "mark_version": version})
            self._commit()

        self._retrying(write)

    def _finish(self, run, mark, version):
        def finish():
            remark = self._loader([], []).settle()
            self.sudo().write({"mark": mark or False, "mark_version": version})
            run._finish(*remark)
            self._commit()

        self._retrying(finish)

    def _apply(self, loader, copy, raw):
        """Write rows; what the database refuses is halved until the bad row stands alone."""
        if not copy:
            return Counts()
        try:
            with self.env.cr.savepoint():
                return loader.apply(copy, raw)
        except (psycopg2.IntegrityError, psycopg2.DataError, UserError) as error:
            constraint = getattr(getattr(error, "diag", None), "constraint_name", None) or ""
            if constraint.endswith("_external_unique"):
                raise Conflict from error  # another process made the same record: look again
            self.env.invalidate_all(flush=False)
            return self._halve(loader, copy, raw, constraint or type(error).__name__)

    def _halve(self, loader, copy, raw, message):
        lines, rows = copy.splitlines(keepends=True), json.loads(raw)
        if len(lines) == 1:
            payload = dict(zip(loader.source_columns, rows[0], strict=True))
            key = self._mapper(self._shape(payload)).external_id(list(payload.values()))
            letter = Letter(key, "database_refused", {"message": message}, payload)
            letters.store(self.env.cr, self.id, loader.run_id, [letter])
            if loader.outcomes is not None:
                loader.outcomes[key] = Outcome(key, "rejected", letter.code, letter.arguments)
            return Counts(rejected=1)
        counts = Counts()
        middle = len(lines) // 2
        for part in (slice(None, middle), slice(middle, None)):
            numbered = (b"%d\t%s" % (n, line.split(b"\t", 1)[1]) for n, line in enumerate(lines[part]))
            counts.add(self._apply(loader, b"".join(numbered), json.dumps(rows[part]).encode()))
        return counts

    def _retrying(self, write):
        """Odoo reads a snapshot: who was faster with the same record makes us begin the transaction again."""
        for attempt in range(ATTEMPTS):
            try:
                return write()
            except (psycopg2.errors.SerializationFailure, psycopg2.errors.DeadlockDetected, Conflict):
                if modules.module.current_test:
                    raise
                self.env.cr.rollback()
                time.sleep(0.1 * 2**attempt)
        raise ReadingFailed("conflict")

    def _check_rejected(self, run, head):
        read = run.read_count + head["read"]
        rejected = run.rejected_count + len(head["rejected"])
        limit = self.source_id.rejected_limit
        if read < REJECTED_MIN or rejected * 100 <= limit * read:
            return
        self._collect_unmapped(head["unmapped"])  # what the code tables lack may be the very reason
        reasons = Counter((row["code"], row["arguments"].get("column", "")) for row in head["rejected"])
        (code, column), _count = reasons.most_common(1)[0]
        raise ReadingFailed(
            "too_many_rejected", rejected=rejected, read=read, limit=limit, reason=[code, {"column": column}]
        )

    def _collect_unmapped(self, unmapped):
        tables = {}
        for table, value, count in unmapped:
            tables.setdefault(table, []).append((value, count))
        for codemap in self.field_ids.codemap_id.sudo():
            if codemap.code in tables:
                codemap._collect(tables[codemap.code])

    def _newest(self, mark):
        """The time of the newest row of the HIS, as Odoo keeps times; False if the watermark is no time."""
        moment = marks.moment(mark["w"]) if mark.get("phase") == marks.ROWS else None
        if moment is None:
            return False
        zone = pytz.timezone(self.source_id.tz)
        return zone.localize(moment).astimezone(pytz.utc).replace(tzinfo=None)

    def _lock(self):
        self.env.cr.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, self.id])
        return self.env.cr.fetchone()[0]

    @contextlib.contextmanager
    def _locked(self):
        """Keep other runs of this feed out, if none is at work: yields whether that is so."""
        locked = self._lock()
        try:
            yield locked
        except Exception:
            # The lock is the connection's, which others use after us: let go of it even in a broken transaction.
            if not modules.module.current_test:
                self.env.cr.rollback()
            raise
        finally:
            if locked:
                self._unlock()

    def _unlock(self):
        self.env.cr.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, self.id])

    def _commit(self):
        if modules.module.current_test:
            self.env.flush_all()
        else:
            self.env.cr.commit()  # pylint: disable=invalid-commit; a batch and its mark are one transaction
