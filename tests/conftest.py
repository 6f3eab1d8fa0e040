"""What the tests across addons share: databases copied from the template, real Odoo processes, a real browser.

``script/test`` sets the environment (see ``script/common.sh``).
"""

import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ODOO = shlex.split(os.environ.get("ODOO_BIN", "odoo"))

# script/test runs two files at a time: each of the two processes has databases of its own.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if not os.environ["TEST_DB_PREFIX"].endswith(WORKER):
    os.environ["TEST_DB_PREFIX"] += WORKER


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def copy_filestore(source, target):
    data_dir = Path(os.environ["TEST_DATA_DIR"], "filestore")
    if (data_dir / source).is_dir():
        subprocess.run(["cp", "-al", data_dir / source, data_dir / target], check=True)


@contextmanager
def database(name, template=None):
    """A database of its own, copied from ``template`` (by default the one with all addons), dropped afterwards."""
    template = template or os.environ["TEST_TEMPLATE_DB"]
    name = os.environ["TEST_DB_PREFIX"] + name
    subprocess.run(["dropdb", "--if-exists", "--force", name], check=True, capture_output=True)
    subprocess.run(["createdb", "-T", template, name], check=True)
    copy_filestore(template, name)
    try:
        yield name
    finally:
        subprocess.run(["dropdb", "--force", name], check=True)


def odoo_shell(database_name, code):
    """Run ``code`` in an Odoo shell (``env`` is there); returns what it prints."""
    done = subprocess.run(
        [*ODOO, "shell", "-d", database_name, "--no-http", "--log-level=warn"],
        input=code,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@contextmanager
def server(database_name):
    """A real Odoo web server on loopback; yields its address."""
    port = free_port()
    log = Path(os.environ["TEST_DATA_DIR"], f"{database_name}.log")
    with log.open("w") as output:
        process = subprocess.Popen(
            [*ODOO, "-d", database_name, f"--http-port={port}", f"--db-filter=^{database_name}$"]
            + ["--max-cron-threads=0", "--http-interface=127.0.0.1"],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(600):
            try:
                urllib.request.urlopen(f"{url}/web/health", timeout=5).read()
                break
            except OSError:
                assert process.poll() is None, log.read_text()[-3000:]
                time.sleep(0.1)  # pylint: disable=sleep-in-test
        else:
            raise AssertionError("the server did not answer in 60 s:\n" + log.read_text()[-3000:])
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def demo_database(tmp_path_factory):
    """The small demonstration hospital, made the way ``script/server`` makes it."""
    his = tmp_path_factory.mktemp("his") / "his.sqlite"
    with database("demo") as name:
        url = f"sqlite:///{his}"
        for command in (
            ["demo.his", "--url", url, "--size", "small", "--until", "today"],
            ["demo.setup", "-d", name, "--his", url],
        ):
            subprocess.run([sys.executable, "-m", *command], check=True, cwd=ROOT)
        yield name


@pytest.fixture(scope="session")
def demo_server(demo_database):
    with server(demo_database) as url:
        yield url


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()
