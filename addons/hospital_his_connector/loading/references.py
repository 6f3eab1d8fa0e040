"""How a key of the HIS finds a record of ours, at once or later."""

from odoo.tools import SQL

# Kind: table, the id to take, and the column that many a HIS refers to instead of the key.
REFERENCES = {
    "patient": ("res_partner", "COALESCE(target.merged_into_id, target.id)", ""),
    "department": ("hr_department", "target.id", "code"),
    "employee": ("hr_employee", "target.id", "staff_no"),
    "encounter": ("hospital_encounter", "target.id", ""),
    "clinic_session": ("hospital_clinic_session", "target.id", ""),
    "exam_item": ("hospital_exam_item", "target.id", "code"),
}


def known(kind: str, source_id: int, key: SQL) -> SQL:
    """The id that ``key`` stands for, or NULL: by the HIS's key, else by a code that only one record has."""
    table, found, code = REFERENCES[kind]
    # Subqueries, not joins: a table that this very run fills is empty to the planner, which would read all of it.
    by_key = SQL(
        "(SELECT %s FROM %s target WHERE target.source_id = %s AND target.external_id = %s)",
        SQL(found),
        SQL.identifier(table),
        source_id,
        key,
    )
    if not code:
        return by_key
    return SQL(
        "COALESCE(%s, (SELECT min(target.id) FROM %s target WHERE target.%s = %s HAVING count(*) = 1))",
        by_key,
        SQL.identifier(table),
        SQL.identifier(code),
        key,
    )


def late(feed, name: str, kind: str) -> SQL:
    """Rows (link_id, res_id, id) whose reference ``name`` was unknown when they came, with what it is known as now."""
    return SQL(
        """(SELECT link.id AS link_id, link.res_id, found.id
              FROM (SELECT wanted.key, %s AS id
                      FROM (SELECT DISTINCT missing->>%s AS key FROM hospital_his_link
                             WHERE feed_id = %s AND missing IS NOT NULL) wanted OFFSET 0) found
              JOIN hospital_his_link link ON link.missing->>%s = found.key
             WHERE link.feed_id = %s AND link.missing IS NOT NULL AND found.id IS NOT NULL)""",
        known(kind, feed.source_id.id, SQL("wanted.key")),
        name,
        feed.id,
        name,
        feed.id,
    )
