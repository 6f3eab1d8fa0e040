"""What the tests of the service ``messages`` share: a hospital with one gateway, and its real service process."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg2
from conftest import ODOO, ROOT, database, odoo_shell

PATIENCE = 60

# Everybody may be written to at any hour; the hospital really sends.
PREPARE = """
env["hospital.contact.policy"].search([]).write({"hours": "00:00-23:59", "cap": 0})
env["ir.config_parameter"].set_param("hospital_sms.live", "True")
env["hospital.gateway"].search([]).action_archive()
env["hospital.gateway"].create(GATEWAYS)
env.cr.commit()
"""

# One message to each number, past everything but the tables: what is tested is the service.
FILL = """
    WITH message AS (
        INSERT INTO hospital_message (channel, number, number_masked, text, purpose, priority, gateway_id, state,
               part_count, plan_at, sender_id, create_uid, create_date, write_date)
        SELECT 'sms', number, '139****' || right(number, 4), %(text)s, 'notice', %(priority)s, gateway.id, 'queued',
               %(parts)s, now() AT TIME ZONE 'UTC', 2, 2, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
          FROM unnest(%(numbers)s::text[]) AS number, hospital_gateway gateway
         WHERE gateway.active AND gateway.name->>'en_US' = %(gateway)s RETURNING *)
    INSERT INTO hospital_message_part
           (message_id, number, total, gateway_id, priority, due_at, state, attempts, throttled)
    SELECT id, place, part_count, gateway_id, priority, plan_at, 'queued', 0, 0
      FROM message, generate_series(1, part_count) AS place ORDER BY id, place;
    SELECT pg_notify('hospital_messages', '')
"""


class Hospital:
    """A database and the service process that sends for it."""

    def __init__(self, name):
        self.name = name
        self.process = None
        self.log = Path(os.environ["TEST_DATA_DIR"], f"{name}.log")

    def start(self):
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*ODOO, "hospital_service", "-d", self.name, "--only", "messages", "--log-level=warn"],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
            )

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0, self.log.read_text()

    def read(self, query, *parameters):
        with contextlib.closing(psycopg2.connect(dbname=self.name)) as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return cursor.fetchall()

    def value(self, query, *parameters):
        ((value,),) = self.read(query, *parameters)
        return value

    def write(self, query, parameters=None):
        with (
            contextlib.closing(psycopg2.connect(dbname=self.name)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query, parameters)

    def fill(self, numbers, text="您好", priority="2", parts=1, gateway="G"):
        self.write(FILL, {"numbers": numbers, "text": text, "priority": priority, "parts": parts, "gateway": gateway})

    def edit(self, assignments, gateway="G"):
        """Change a gateway as its form would, and tell the service."""
        self.write(
            f"UPDATE hospital_gateway SET {assignments}, write_date = clock_timestamp() WHERE name->>'en_US' = %s;"
            " SELECT pg_notify('hospital_messages', 'gateways')",
            [gateway],
        )

    def until(self, condition, what, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while not (found := condition()):
            alive = self.process is None or self.process.poll() is None
            assert alive and time.monotonic() < end, f"{what}: {self.states()}\n{self.log.read_text()[-3000:]}"
            time.sleep(0.05)
        return found

    def states(self):
        return dict(self.read("SELECT state, count(*) FROM hospital_message GROUP BY 1"))

    def settled(self, count, state="delivered"):
        self.until(lambda: self.states().get(state) == count, f"{count} {state}")

    def clear(self):
        """Empty the tables. The service looks at them meanwhile: whoever loses a deadlock against it comes again."""

        def emptied():
            with contextlib.suppress(psycopg2.errors.DeadlockDetected):
                self.write("TRUNCATE hospital_message, hospital_message_report, hospital_message_inbound CASCADE")
                return True

        self.until(emptied, "the tables are empty")


@contextlib.contextmanager
def hospital(name, *gateways):
    """``gateways``: their values; the first is called "G"."""
    values = [
        {"name": "G", "protocol": "simulator", "access_number": "10690001", "rate": 0, "window": 16} | gateway
        for gateway in gateways
    ]
    with database(name) as database_name:
        odoo_shell(database_name, PREPARE.replace("GATEWAYS", repr(values)))
        place = Hospital(database_name)
        place.log.write_text("")
        try:
            yield place
        finally:
            if place.process and place.process.poll() is None:
                place.kill()
