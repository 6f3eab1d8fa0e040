"""Rows that the HIS no longer has: taken out here, softly, and taken in again when they come back.

A record goes with the last row that speaks of it: several feeds may write the same one. Only feeds whose query shows
all rows have a say in it.
"""

# pylint: disable=sql-injection
# Statements are put together from names of tables, never from what a HIS sent.


def take_out(loader, link_ids: list[int]) -> int:
    """Note that these rows have vanished and take out the records nobody else speaks of; return how many."""
    cr = loader.cr
    loader.env.flush_all()
    cr.execute(
        """UPDATE hospital_his_link
              SET vanished_at = now() AT TIME ZONE 'UTC', missed_at = NULL, row_hash = NULL, missing = NULL
            WHERE id = ANY(%s) AND vanished_at IS NULL""",
        [link_ids],
    )
    cr.execute(
        f"""UPDATE hospital_his_link link SET taken_out = TRUE
             WHERE id = ANY(%s) AND EXISTS (SELECT 1 FROM {loader.table} WHERE id = link.res_id)
               AND NOT EXISTS (SELECT 1 FROM hospital_his_link other
                                WHERE other.feed_id = ANY(%s) AND other.external_id = link.external_id
                                  AND other.vanished_at IS NULL)
         RETURNING res_id""",
        [link_ids, _sisters(loader).filtered("complete").ids],
    )
    ids = sorted({res_id for (res_id,) in cr.fetchall()})
    if ids:
        loader._vanish(ids)
    return len(ids)


def come_back(loader) -> None:
    """Rows of the staging table whose record was taken out: it is there again, before it is written."""
    loader.cr.execute(
        """UPDATE hospital_his_link link SET taken_out = NULL FROM his_stage stage
            WHERE link.taken_out AND link.feed_id = ANY(%s) AND link.external_id = stage.external_id
              AND NOT stage.is_new
        RETURNING stage.res_id""",
        [_sisters(loader).ids],
    )
    if ids := sorted({res_id for (res_id,) in loader.cr.fetchall()}):
        loader._revive(ids)


def _sisters(loader):
    """The feeds of this HIS that write the same records."""
    return loader.feed.source_id.feed_ids.filtered(lambda feed: feed.active and feed.model == loader.model)
