"""What the benchmarks share: databases, an environment in this process, medians, a table."""

import os
import statistics
import subprocess
import time
from contextlib import contextmanager
from unicodedata import east_asian_width

import odoo.tools
from odoo import api
from odoo.modules.registry import Registry


def start_odoo():
    """Read the configuration that ``script/common.sh`` names; no server is started."""
    if not odoo.tools.config["addons_path"]:
        odoo.tools.config.parse_config(["--log-level=error"])


def create_database(name):
    """A fresh copy of the database with all addons; returns its full name."""
    subprocess.run(["dropdb", "--if-exists", "--force", name], check=True, capture_output=True)
    subprocess.run(["createdb", "-T", os.environ["TEST_TEMPLATE_DB"], name], check=True)


@contextmanager
def environment(name, login=None, commit=False):
    """An environment of the user ``login`` (default: the superuser), with empty record caches."""
    with Registry(name).cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {"lang": "zh_CN", "tz": "Asia/Shanghai"})
        if login:
            env = env(user=env["res.users"].search([("login", "=", login)]).id)
            env.transaction.clear()
        yield env
        if commit:
            env.flush_all()
        else:
            cr.rollback()


def median_ms(call, times=5):
    """Run ``call`` once to warm up, then ``times`` times; returns the median in milliseconds and the last result."""
    call()
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        result = call()
        spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(spent), result


def print_table(head, rows):
    """Columns as wide as their widest cell; a Chinese character is two wide."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    for number, row in enumerate(cells):
        print(
            " | ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip(),
            flush=True,
        )
        if not number:
            print("-+-".join("-" * width for width in widths))


def _width(text):
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
