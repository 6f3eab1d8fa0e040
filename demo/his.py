"""Write the demonstration HIS.

    python -m demo.his --url sqlite:///his.sqlite --size small
    python -m demo.his --url mysql+pymysql://his@localhost/his?charset=utf8mb4 --size 10x
    python -m demo.his --url ... --bench 200000

Run again later it goes on from where it stopped; run again for the same moment it changes nothing.
"""

import argparse
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine, inspect, select, update
from sqlalchemy.engine import Connection, Engine

from . import bulk, directory, schema, services
from .day import HORIZON, stories
from .diagnoses import CATALOGUE
from .drugs import drugs
from .examinations import items
from .hospital import DEPARTMENTS, SIZES
from .people import ADMIN, World
from .sessions import published
from .story import Story, rows

SEED = 20240501


def write(
    engine: Engine,
    size: str = "small",
    until: datetime | None = None,
    seed: int = SEED,
    since: date | None = None,
    charset: str = "utf8mb4",
) -> dict[str, int]:
    """Bring the database to this moment (default: now). Returns how many rows of each table were written."""
    until = until or now()
    with engine.begin() as connection:
        known = _meta(connection)
        first = "until" not in known
        if first:
            since = since or until.date() - timedelta(days=SIZES[size].days)
            schema.create(connection, charset)
            after = datetime.min
        else:
            size, seed, since = known["size"], int(known["seed"]), date.fromisoformat(known["since"])
            after = datetime.fromisoformat(known["until"])
        if until <= after:
            return {}
        written = _apply(connection, World.of(seed, size, since), after, until, first)
        if first:
            schema.create_indexes(connection)
            facts = {"size": size, "seed": seed, "since": since, "until": until}
            connection.execute(
                schema.meta.insert(), [{"name": name, "content": str(fact)} for name, fact in facts.items()]
            )
        else:
            connection.execute(update(schema.meta).where(schema.meta.c.name == "until").values(content=str(until)))
    return written


def planted(engine: Engine) -> dict[str, dict[str, set[str]]]:
    """What was planted so far: kind → table → keys."""
    found: dict[str, dict[str, set[str]]] = {}
    with engine.connect() as connection:
        for kind, table, key in connection.execute(select(schema.planted)):
            found.setdefault(kind, {}).setdefault(table, set()).add(key)
    return found


def _meta(connection: Connection) -> dict[str, str]:
    if not inspect(connection).has_table(schema.meta.name):
        return {}
    return {name: content for name, content in connection.execute(select(schema.meta))}


def _apply(connection: Connection, world: World, after: datetime, until: datetime, first: bool) -> dict[str, int]:
    tables = schema.metadata.tables
    waiting: dict[str, dict[tuple, dict]] = {name: {} for name in tables}
    written: dict[str, int] = {}

    def flush(name: str) -> None:
        if not first:
            bulk.remove(connection, tables[name], list(waiting[name]))
        bulk.load(connection, tables[name], list(waiting[name].values()))
        written[name] = written.get(name, 0) + len(waiting[name])
        waiting[name] = {}

    for story in _all(world, after, until):
        for table, key, row in rows(story.versions, after, until):
            waiting[table][key] = row
            if len(waiting[table]) >= bulk.BATCH:
                flush(table)
    for name in tables:
        if waiting[name]:
            flush(name)
    return written


def _all(world: World, after: datetime, until: datetime) -> Iterator[Story]:
    yield _directory(world)
    yield _catalogues(world)
    day = max(world.since, after.date() - HORIZON) if after > datetime.min else world.since
    while day <= until.date():
        yield from stories(world, day)
        yield from published(world, day)
        day += timedelta(days=1)


def _directory(world: World) -> Story:
    """Departments and staff: as they stood at the start, and who left or moved since."""
    story = Story(world.rng("directory"))
    start = datetime.combine(world.since, time())
    heads = {member.department: member.number for member in reversed(world.staff)}
    deputies = {key: doctors[1].number for key, doctors in world.doctors.items()} | {
        key: nurses[1].number for key, nurses in world.nurses.items()
    }
    for department in DEPARTMENTS.values():
        row = {
            "ksdm": department.code,
            "ksmc": department.name,
            "kslb": department.kind,
            "yqmc": department.campus,
            "dh": f"0620-88{department.code}00",
            "sjksdm": department.parent,
            "fzrgh": heads.get(department.key),
            "dbrgh": deputies.get(department.key),
            "zt": "1",
        }
        story.write(start, "ks_zd", row)
    for member in world.staff:
        story.write(start, "ry_zd", _employee(member))
    for days, member in world.changed_staff():
        at = start + timedelta(days=days, hours=9)
        story.write(at, "ry_zd", _employee(member))
        story.plant(at, "staff_left" if member.state == "2" else "staff_moved", "ry_zd", member.number)
    return story


def _catalogues(world: World) -> Story:
    """What the hospital offers and how it is reached: as it stood at the start."""
    story = Story(world.rng("catalogues"))
    start = datetime.combine(world.since, time())
    for table, (found, planted_) in {
        "yp_zd": drugs(Random(f"{world.seed}/drugs")),
        "jcjy_zd": items(Random(f"{world.seed}/items")),
    }.items():
        for row in found:
            story.write(start, table, row)
        for kind, key in planted_:
            story.plant(start, kind, table, key)
    for row in directory.phones():
        story.write(start, "dh_ks", row)
    for row in directory.leaders(world):
        story.write(start, "txl_ld", row)
    return story


def _employee(member) -> dict:
    return {
        "gh": member.number,
        "xm": member.name,
        "xb": member.sex,
        "ksdm": DEPARTMENTS[member.department].code,
        "zylb": member.profession,
        "zc": member.title if member.profession != ADMIN else None,
        "zw": member.post,
        "sc": services.specialty(member.department, _treated(member.department))
        if "主任医师" in member.title
        else None,
        "zgzt": member.state,
    }


def _treated(department: str) -> list[str]:
    return [diagnosis.name for diagnosis in CATALOGUE if department in diagnosis.departments]


def now() -> datetime:
    """By the hospital's clock."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None, microsecond=0)


def moment(text: str) -> datetime:
    """A date means its noon, today means now.

    >>> moment("2026-05-01"), moment("2026-05-01T08:30")
    (datetime.datetime(2026, 5, 1, 12, 0), datetime.datetime(2026, 5, 1, 8, 30))
    """
    if text == "today":
        return now()
    found = datetime.fromisoformat(text)
    return found if len(text) > 10 else found.replace(hour=12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="SQLAlchemy URL of the HIS database")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--until", type=moment, default="today", help="date, date and time, or today")
    parser.add_argument("--since", type=date.fromisoformat, help="first day (default: as the size says)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--charset", choices=("utf8mb4", "gbk"), default="utf8mb4", help="of the tables, in MariaDB")
    parser.add_argument("--bench", type=int, metavar="N", help="instead: N patients with one finished stay each")
    options = parser.parse_args()
    engine = create_engine(options.url)
    if options.bench:
        from .bench import fill

        written = fill(engine, options.bench, options.charset)
    else:
        written = write(engine, options.size, options.until, options.seed, options.since, options.charset)
    print(", ".join(f"{name} {count}" for name, count in written.items()) or "nothing new")


if __name__ == "__main__":
    main()
