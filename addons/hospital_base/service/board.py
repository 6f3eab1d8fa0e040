"""The rows of hospital.service, written by SQL: the board must work when Odoo's models do not.

Times are the database's, so that hosts with different clocks agree on what is stale.
"""

_BEAT = """
    INSERT INTO hospital_service (name, leader, state, message, host, pid, heartbeat_at)
    SELECT post.name, post.leader, post.state, post.message, %s, %s, now() AT TIME ZONE 'UTC'
      FROM unnest(%s::text[], %s::boolean[], %s::text[], %s::text[]) AS post (name, leader, state, message)
        ON CONFLICT (name, host, pid) DO UPDATE
       SET leader = excluded.leader, state = excluded.state, message = excluded.message,
           heartbeat_at = excluded.heartbeat_at
"""

# What a killed process left: its leadership when another leads, its row when the host has a new one.
_TIDY = """
    WITH led AS (
        UPDATE hospital_service SET leader = false
         WHERE leader AND name = ANY(%(led)s) AND (host, pid) != (%(host)s, %(pid)s)
    )
    DELETE FROM hospital_service
     WHERE host = %(host)s AND pid != %(pid)s AND name = ANY(%(names)s)
       AND (state = 'stopped' OR heartbeat_at < now() AT TIME ZONE 'UTC' - interval '10 minutes')
"""


async def beat(link, host: str, pid: int, rows: list[tuple[str, bool, str, str]]):
    """rows: name, leader, state, message"""
    await link.execute(_BEAT, (host, pid, *map(list, zip(*rows, strict=True))))


async def tidy(link, host: str, pid: int, rows: list[tuple[str, bool, str, str]]):
    led = [row[0] for row in rows if row[1]]
    await link.execute(_TIDY, {"led": led, "host": host, "pid": pid, "names": [row[0] for row in rows]})
