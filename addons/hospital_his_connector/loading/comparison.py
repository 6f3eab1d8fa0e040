"""The keys that a feed has in the HIS beside the links it has here: temporary tables, so that memory does not grow."""

# pylint: disable=sql-injection
# Statements are put together from names of tables and columns of ours, never from what a HIS sent.

from io import BytesIO

from ..exchange import keys
from ..exchange.targets import DAYS

_TABLES = ("his_key", "his_missing", "his_vanishing")


class Comparison:
    """One comparison of one feed; the caller commits, and calls ``end`` whatever happens."""

    def __init__(self, loader) -> None:
        self.loader = loader
        self.cr = loader.cr
        self.feed = loader.feed
        self.zone = loader.zone
        day = DAYS.get(loader.kind)
        # Counted by day only if the feed itself says the day: another feed's would be compared with nothing.
        self.day = day if day in self.feed.field_ids.mapped("target") else None

    def begin(self) -> None:
        """Rows that another way brings in from now on (a message, a push) are not looked for in the HIS."""
        self.end()
        columns = ", ".join(f"{name} {kind}" for name, kind in keys.COLUMNS)
        self.cr.execute(
            f"""CREATE TEMP TABLE his_key ({columns});
                CREATE TEMP TABLE his_missing (key_type text, key text);
                CREATE TEMP TABLE his_vanishing (link_id int PRIMARY KEY);
                SELECT COALESCE(max(id), 0) FROM hospital_his_link"""
        )
        (self.last_link,) = self.cr.fetchone()

    def end(self) -> None:
        """The tables live as long as the connection, which others use after us."""
        self.cr.execute("".join(f"DROP TABLE IF EXISTS pg_temp.{table};" for table in _TABLES))

    def add(self, copy: bytes) -> None:
        """Keys as the child process sends them."""
        names = ", ".join(name for name, _kind in keys.COLUMNS)
        self.cr.copy_expert(f"COPY his_key ({names}) FROM STDIN", BytesIO(copy))

    def compare(self) -> list[tuple]:
        """Day, keys there, keys here, missing here, vanished there, set aside; one row a day.

        A row whose record was deleted here counts as missing; one that is a dead letter is known.
        """
        self.cr.execute("ANALYZE his_key")
        at = f"target.{self.day}" if self.day else "NULL::timestamp"
        local = "({} AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date"
        self.cr.execute(
            f"""
            WITH there AS (
                SELECT DISTINCT ON (external_id) external_id, {local.format("at")} AS day, key_type, key
                  FROM his_key ORDER BY external_id
            ), here AS (
                SELECT link.id, link.external_id, {local.format(at)} AS day
                  FROM hospital_his_link link LEFT JOIN {self.loader.table} target ON target.id = link.res_id
                 WHERE link.feed_id = %(feed)s AND link.id <= %(last)s AND link.vanished_at IS NULL
                   AND (link.res_id IS NULL OR target.id IS NOT NULL)
            ), compared AS MATERIALIZED (
                SELECT there.external_id IS NOT NULL AS is_there, here.id AS link_id, letter.id AS letter_id,
                       there.day AS day_there, here.day AS day_here, there.key_type, there.key
                  FROM there FULL JOIN here USING (external_id)
                  LEFT JOIN hospital_his_deadletter letter
                    ON letter.feed_id = %(feed)s AND letter.external_id = there.external_id
                   AND letter.state IN ('open', 'waiting', 'ignored')
            ), missing AS (
                INSERT INTO his_missing
                SELECT key_type, key FROM compared
                 WHERE is_there AND link_id IS NULL AND letter_id IS NULL AND key IS NOT NULL
            ), vanishing AS (
                INSERT INTO his_vanishing SELECT link_id FROM compared WHERE NOT is_there
            )
            SELECT day, sum(is_there), sum(is_here), sum(is_missing), sum(is_vanished), sum(is_set_aside)
              FROM (SELECT day_there, 1, 0, (link_id IS NULL AND letter_id IS NULL)::int, 0,
                           (link_id IS NULL AND letter_id IS NOT NULL)::int
                      FROM compared WHERE is_there
                     UNION ALL
                    SELECT day_here, 0, 1, 0, (NOT is_there)::int, 0
                      FROM compared WHERE link_id IS NOT NULL
                   ) AS one (day, is_there, is_here, is_missing, is_vanished, is_set_aside)
             GROUP BY day ORDER BY day
            """,
            {"zone": self.zone, "feed": self.feed.id, "last": self.last_link},
        )
        return self.cr.fetchall()

    def look_again(self) -> None:
        """Before the keys are read a second time: a row that is being changed can slip through a reading."""
        self.cr.execute("TRUNCATE his_key")

    def spare(self) -> None:
        """What the second reading saw has not vanished."""
        self.cr.execute(
            """DELETE FROM his_vanishing USING hospital_his_link link, his_key
                WHERE link.id = his_vanishing.link_id AND his_key.external_id = link.external_id"""
        )

    def note_missed(self) -> None:
        """Show which rows the HIS does not have, without touching anything."""
        self.cr.execute(
            """UPDATE hospital_his_link SET missed_at = now() AT TIME ZONE 'UTC'
                WHERE missed_at IS NULL AND id IN (SELECT link_id FROM his_vanishing);
               UPDATE hospital_his_link link SET missed_at = NULL
                WHERE feed_id = %s AND missed_at IS NOT NULL
                  AND NOT EXISTS (SELECT 1 FROM his_vanishing WHERE link_id = link.id)""",
            [self.feed.id],
        )

    def missing(self, limit: int) -> list[list[str]]:
        """Keys of the HIS, as ``marks.pack`` writes them."""
        self.cr.execute("SELECT key_type, key FROM his_missing ORDER BY key LIMIT %s", [limit])
        return [list(key) for key in self.cr.fetchall()]

    def next_vanishing(self, limit: int) -> list[int]:
        """Links of rows to be taken out; taken from the list."""
        self.cr.execute(
            """DELETE FROM his_vanishing
                WHERE link_id IN (SELECT link_id FROM his_vanishing ORDER BY link_id LIMIT %s) RETURNING link_id""",
            [limit],
        )
        return [link_id for (link_id,) in self.cr.fetchall()]
