from odoo import fields, models
from odoo.tools import SQL

from ..monitoring.health import Health
from .hospital_his_run import PASSING

HOURS = 24

_HEALTH = """
    SELECT feed.id, feed.source_id, feed.name,
           CASE WHEN feed.way = 'query' THEN feed.lag_limit ELSE 0 END AS lag_limit,
           last.state, last.code, last.arguments,
           (SELECT count(*) FROM hospital_his_run run
             WHERE run.feed_id = feed.id AND run.state = 'failed' AND run.id > COALESCE(good.id, 0)) AS failures,
           (SELECT count(*) FROM hospital_his_run run
             WHERE run.feed_id = feed.id AND run.state = 'failed'
               AND run.finished_at > now() AT TIME ZONE 'UTC' - interval '1 day') AS failed_today,
           good.finished_at AS last_success, rows.newest_at,
           EXTRACT(epoch FROM now() AT TIME ZONE 'UTC' - COALESCE(good.finished_at, feed.create_date)) / 3600 AS lag,
           timed.read_count / timed.duration AS rate,
           COALESCE(letter.open, 0) AS open_letters, COALESCE(letter.waiting, 0) AS waiting_letters,
           COALESCE(letter.fresh, 0) AS fresh_letters
      FROM hospital_his_feed feed
      LEFT JOIN LATERAL (SELECT id, finished_at FROM hospital_his_run run
                          WHERE run.feed_id = feed.id AND run.state = 'done' ORDER BY id DESC LIMIT 1) good ON TRUE
      LEFT JOIN LATERAL (SELECT state, code, arguments FROM hospital_his_run run
                          WHERE run.feed_id = feed.id AND run.state <> 'queued' ORDER BY id DESC LIMIT 1) last ON TRUE
      LEFT JOIN LATERAL (SELECT newest_at FROM hospital_his_run run
                          WHERE run.feed_id = feed.id AND run.state = 'done' AND run.read_count > 0
                          ORDER BY id DESC LIMIT 1) rows ON TRUE
      LEFT JOIN LATERAL (SELECT read_count, duration FROM hospital_his_run run
                          WHERE run.feed_id = feed.id AND run.state = 'done' AND run.duration > 0
                          ORDER BY id DESC LIMIT 1) timed ON TRUE
      LEFT JOIN (SELECT feed_id, count(*) FILTER (WHERE state = 'open') AS open,
                        count(*) FILTER (WHERE state = 'waiting') AS waiting,
                        count(*) FILTER (WHERE state = 'open'
                                           AND create_date > now() AT TIME ZONE 'UTC' - interval '1 day') AS fresh
                   FROM hospital_his_deadletter WHERE state IN ('open', 'waiting') GROUP BY feed_id) letter
        ON letter.feed_id = feed.id
     WHERE feed.active ORDER BY feed.source_id, feed.sequence, feed.id
"""


class HospitalHisFeed(models.Model):
    """How each feed is doing: a handful of queries for all of them."""

    _inherit = "hospital.his.feed"

    lag_limit = fields.Integer(
        string="Late After (hours)",
        required=True,
        default=26,
        help="An alarm is raised when the feed has not been read for so long: a night and two hours. 0: never.",
    )

    _lag_limit_positive = models.Constraint("CHECK (lag_limit >= 0)", "A limit is not less than nothing.")

    def _health(self):
        """Of every active feed, parents before children; for screens and alarms, which check rights themselves."""
        self.env.flush_all()
        self.env.cr.execute(_HEALTH)
        rows = self.env.cr.dictfetchall()
        hours = self._rows_by_hour()
        health = []
        for row in rows:
            feed_id = row.pop("id")
            row["rate"] = row["rate"] and float(row["rate"])
            row |= {
                "feed_id": feed_id,
                "state": row["state"] or "",
                "code": row["code"] or "",
                "lag": float(row["lag"]),
                "passing": row["code"] in PASSING,
                "hours": tuple(hours.get((feed_id, hour), 0) for hour in range(HOURS - 1, -1, -1)),
            }
            health.append(Health(**row))
        return health

    def _rows_by_hour(self):
        """(feed, hours ago) -> rows read"""
        age = "EXTRACT(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - started_at)"
        ago = SQL(f"GREATEST(0, floor({age} / 3600))::int")
        return {
            (feed_id, hour): count
            for feed_id, hour, count in self.env.execute_query(
                SQL(
                    """SELECT feed_id, %s, sum(read_count) FROM hospital_his_run
                        WHERE started_at > now() AT TIME ZONE 'UTC' - %s * interval '1 hour' GROUP BY 1, 2""",
                    ago,
                    HOURS,
                )
            )
        }
