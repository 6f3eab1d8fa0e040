"""A hospital with many patients, its web server and its service process, and a user who presses buttons over RPC."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg2
import requests
from conftest import ODOO, ROOT, odoo_shell

PATIENCE = 90
PASSWORD = "Hospital-2026"

# Every 20th has died, every 30th has no number, every 40th shares the number of the one before.
PREPARE = """
from odoo import Command
env["hospital.contact.policy"].search([]).write({{"hours": "00:00-23:59", "cap": 0}})
env["ir.config_parameter"].set_param("hospital_sms.approve_above", 10**6)
gateways = env["hospital.gateway"].search([])
gateways.write({{"enabled": False}})
env["hospital.gateway"].create({{
    "name": "Test", "protocol": "simulator", "rate": 0, "window": 500, "signature": "测试医院", "sequence": 0}})
user = env["res.users"].with_context(no_reset_password=True).create({{
    "name": "Writer", "login": "writer", "password": "{password}", "lang": "zh_CN",
    "group_ids": [Command.link(env.ref("hospital_base.group_functional").id)]}})
env.cr.execute('''
    WITH patient AS (
        INSERT INTO res_partner (name, complete_name, is_patient, active, deceased, gender, type, create_date,
                                 care_keys)
        SELECT '病人' || n, '病人' || n, true, true, n %% 20 = 0, CASE n %% 2 WHEN 0 THEN 'male' ELSE 'female' END,
               'contact', now(), '{{}}' FROM generate_series(1, %s) AS n RETURNING id, substr(name, 3)::int AS n)
    INSERT INTO hospital_patient_phone (patient_id, number, number_masked, kind, relation, state, is_best, sequence)
    SELECT id, (13900000000 + (n - (n %% 40 = 1)::int) * 100 + 11)::text, 'x', 'mobile', 'self', 'unverified', true, 10
      FROM patient WHERE n %% 30 <> 0''', [{patients}])
env.cr.commit()
"""


def prepare(name, patients):
    odoo_shell(name, PREPARE.format(password=PASSWORD, patients=patients))


def query(name, statement, *parameters):
    with contextlib.closing(psycopg2.connect(dbname=name)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []


class Services:
    """``odoo hospital_service`` of one database; may be killed and started again."""

    def __init__(self, name):
        self.name = name
        self.log = Path(os.environ["TEST_DATA_DIR"], f"{name}.service.log")
        self.process = None

    def start(self):
        with self.log.open("a") as output:
            self.process = subprocess.Popen(
                [*ODOO, "hospital_service", "-d", self.name, "--only", "batches,messages"],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
            )
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def memory(self):
        """The most it has held at a time, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def wait_until_leading(self):
        wait_for(
            lambda: (
                len(query(self.name, "SELECT 1 FROM hospital_service WHERE leader AND pid = %s", self.process.pid)) >= 2
            )
        )


def wait_for(condition, seconds=PATIENCE, pause=0.05):
    until = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < until, "in vain"
        time.sleep(pause)  # pylint: disable=sleep-in-test
    return result


class Page:
    """The user's browser, as far as the server can tell."""

    def __init__(self, url, name, login="writer"):
        self.url, self.session = url, requests.Session()
        self._post("/web/session/authenticate", {"db": name, "login": login, "password": PASSWORD})

    def _post(self, path, params):
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params})
        answer = self.session.post(
            self.url + path, data=body, headers={"Content-Type": "application/json"}, timeout=60
        ).json()
        assert "error" not in answer, answer["error"]["data"]["message"]
        return answer.get("result")

    def call(self, model, method, *args, **kwargs):
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", params)

    def batch(self, method, *args):
        return self.call("hospital.message.batch", method, *args)
