"""Make the demonstration hospital of a database: `python -m demo.setup -d DATABASE --his URL`.

The first time it sets the hospital up and plays its past; later it goes on to the present day. Whatever it knows
of patients it has from the HIS, through the feeds.
"""

import argparse
import json
import logging
from datetime import date
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import create_engine, select
from sqlalchemy.engine import make_url

from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry
from odoo.tools import config

from . import accounts, schema
from .hospital import NAME
from .people import World

_logger = logging.getLogger(__name__)
_FEEDS = Path(__file__).with_name("feeds.json")
_PLAYED = "hospital_demo.played_until"  # day up to which the past was played


def setup(env, url: str) -> None:
    """Set the hospital up and play its past, or go on to today."""
    if env["ir.config_parameter"].get_param(_PLAYED):
        advance(env, url)
        return
    world = _world(url)
    env.company.write({"name": NAME, "hospital_tz": "Asia/Shanghai"})
    env["res.users"].search([]).write({"lang": "zh_CN", "tz": "Asia/Shanghai"})
    source = env["hospital.his.source"]._import_definition(_definition(url))
    env.cr.commit()
    feeds = source.feed_ids
    staff = feeds.filtered(lambda feed: feed.kind in ("department", "employee"))
    _run(env, staff)
    _logger.info("accounts and responsibilities")
    accounts.set_up(env, world)
    env.cr.commit()
    _load_past(env, feeds - staff, world.since)
    _play(env, world.since)


def advance(env, url: str) -> None:
    """Read what has happened in the HIS since, and let the colleagues do their calls of the days between."""
    wanted = _definition(url)["source"]
    source = env["hospital.his.source"].search([("code", "=", wanted["code"])])
    source.write(wanted)  # the file may have moved; the feeds stay as they are by now
    _run(env, source.feed_ids)
    _play(env, date.fromisoformat(env["ir.config_parameter"].get_param(_PLAYED)))


def _definition(url: str) -> dict:
    address = make_url(url)
    definition = json.loads(_FEEDS.read_text(encoding="utf-8"))
    definition["source"] |= {
        "driver": address.get_backend_name(),
        "host": address.host,
        "port": address.port or 0,
        "database": address.database,
        "username": address.username,
    }
    return definition


def _run(env, feeds) -> None:
    _logger.info("read %s", ", ".join(feeds.mapped("name")))
    runs = env["hospital.his.feed"]._run_all(feeds)
    if failed := runs.filtered(lambda run: run.state == "failed"):
        raise SystemExit("\n".join(f"{run.feed_id.name}: {run.message}" for run in failed))


def _load_past(env, feeds, since: date) -> None:
    """Read everything, then plan once all of a stay is known, as if each task had been planned on its day."""
    task = env["hospital.followup.task"]
    with patch.object(env.registry[task._name], "_reconcile", lambda self, encounters: None):
        _run(env, feeds)
    with patch.object(env.registry["res.company"], "_hospital_today", lambda self: since):
        ids = env["hospital.encounter"].search([]).ids
        _logger.info("plan the follow-ups of %s visits", len(ids))
        for start in range(0, len(ids), 5000):
            task._reconcile(env["hospital.encounter"].browse(ids[start : start + 5000]))
            env.cr.commit()


def _play(env, since: date) -> None:
    from . import history, messages  # imports from our addons, which are found once Odoo knows their path

    task = env["hospital.followup.task"]
    today = env["res.company"]._hospital_today()
    calls = history.play(env, since, today)
    _logger.info("%s calls from %s to yesterday", calls, since)
    task._expire()
    task._assign()
    now = env["res.company"]._to_hospital_clock(fields.Datetime.now())
    _logger.info("%s messages up to now", messages.play(env, now))
    env["ir.config_parameter"].set_param(_PLAYED, today.isoformat())
    env.cr.commit()


def _world(url: str) -> World:
    with create_engine(url).connect() as connection:
        known = dict(tuple(row) for row in connection.execute(select(schema.meta)))
    return World.of(int(known["seed"]), known["size"], date.fromisoformat(known["since"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-d", "--database", required=True, help="Odoo database with our addons installed")
    parser.add_argument("--his", required=True, help="SQLAlchemy URL of the HIS database")
    options = parser.parse_args()
    config.parse_config(["-d", options.database, "--no-http"], setup_logging=True)
    with Registry(options.database).cursor() as cr:
        setup(api.Environment(cr, SUPERUSER_ID, {"lang": "zh_CN"}), options.his)


if __name__ == "__main__":
    main()
