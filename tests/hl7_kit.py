"""What the tests of the HL7 listener share: messages, a hospital that listens, its real service process."""

import contextlib
import socket
import subprocess
import time
from datetime import datetime, timedelta

import psycopg2
from conftest import ODOO, ROOT, database, free_port, odoo_shell

PATIENCE = 300
NOW = datetime.now()
ADMITTED, DISCHARGED = (f"{NOW - timedelta(days=days, hours=1):%Y%m%d%H%M%S}" for days in (8, 0))

PREPARE = """
source = env["hospital.his.source"].create({"name": "HIS", "code": "his"})
env["hospital.his.feed"]._add_hl7_feeds(source)
departments = env["hr.department"].create([
    {"name": name, "kind": "clinical", "source_id": source.id, "external_id": key}
    for name, key in (("心内科", "0101"), ("心外科", "0102"))])
env["hr.employee"].create({"name": "张医生", "source_id": source.id, "external_id": "10001",
    "user_id": env["res.users"].create({"name": "d", "login": "hl7_doctor"}).id})
env["hospital.clinic.session"].create({"source_id": source.id, "external_id": "S1",
    "department_id": departments[0].id, "date": "2030-01-01", "day_part": "am"})
env["hospital.his.listener"].create([
    {"name": "ADT", "source_id": source.id, "port": PORT},
    {"name": "elsewhere", "source_id": source.id, "port": PORT + 1, "peers": "10.9.9.9"},
    {"name": "taken", "source_id": source.id, "port": TAKEN, "charset": "gb18030"}])
env.cr.commit()
"""


def message(kind, number, patient="P1", visit="V1", name="王小明", **more):
    """The text of a message; ``more`` are fields by path, such as PV1_3."""
    fields = {
        "MSH": {1: "^~\\&", 2: "HIS", 3: "XIEHE", 4: "FU", 5: "XIEHE", 6: f"{NOW:%Y%m%d%H%M%S}", 8: kind, 9: number,
                10: "P", 11: "2.4", 17: "UNICODE UTF-8"},
        "PID": {1: "1", 3: f"{patient}^^^HIS^PI", 5: name, 7: "19600101", 8: "M", 13: "13900001234^PRN^CP"},
        "PV1": {1: "1", 2: "I", 7: "10001^张医生", 10: "0101", 19: visit, 44: ADMITTED},
    }  # fmt: skip
    for path, value in more.items():
        segment, place = path.split("_")
        fields.setdefault(segment, {})[int(place)] = value
    rows = {segment: [own.get(place, "") for place in range(1, max(own) + 1)] for segment, own in fields.items()}
    return "\r".join("|".join([segment, *row]) for segment, row in rows.items())


def story(n):
    """All kinds of message about one patient, in the order of a stay."""
    patient, visit = f"P{n}", f"V{n}"
    report = {"OBR_3": f"L{n}", "OBR_4": "WBC^血常规", "OBR_7": ADMITTED, "OBR_22": DISCHARGED, "OBR_25": "F"}
    slot = {"SCH_2": f"A{n}", "SCH_5": "S1"}
    return [
        message("ADT^A01", f"a{n}", patient, visit, PV1_3="^^05"),
        message("ADT^A02", f"b{n}", patient, visit, PV1_3="^^07", PV1_10="0102"),
        message("ADT^A08", f"c{n}", patient, visit, name="王明", PV1_10=""),
        message("ORU^R01", f"d{n}", patient, visit, **report),
        message("ADT^A03", f"e{n}", patient, visit, name="王明", PV1_10="", PV1_45=DISCHARGED),
        message("ADT^A13", f"f{n}", patient, visit, name="王明", PV1_10=""),
        message("ADT^A11", f"g{n}", patient, visit, name="王明", PV1_10=""),
        message("ADT^A40", f"h{n}", patient, "", name="王明", MRG_1=f"Q{n}"),
        message("SIU^S12", f"i{n}", patient, SCH_11="^^^203001010800", **slot),
        message("SIU^S13", f"j{n}", patient, SCH_11="^^^203001010830", **slot),
        message("SIU^S14", f"k{n}", patient, SCH_11="^^^203001010845", **slot),
        message("SIU^S15", f"l{n}", patient, **slot),
    ]


class Hospital:
    """A database with a listener, and the service process that serves it."""

    def __init__(self, name, port):
        self.name, self.port = name, port
        self.process = None

    def start(self):
        command = [*ODOO, "hospital_service", "-d", self.name, "--only", "hl7", "--log-level=warn"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
        self.until(lambda: self.listens(self.port), "it listens")

    def kill(self):
        self.process.kill()
        return self.process.communicate()[0]

    def stop(self):
        self.process.terminate()
        return self.process.communicate(timeout=30)[0]

    @staticmethod
    def listens(port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return True

    def read(self, query, *parameters):
        with contextlib.closing(psycopg2.connect(dbname=self.name)) as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return cursor.fetchall()

    def write(self, query):
        with (
            contextlib.closing(psycopg2.connect(dbname=self.name)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query)

    def value(self, query, *parameters):
        ((value,),) = self.read(query, *parameters)
        return value

    def until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, self.process.stdout.read()
            assert time.monotonic() < end, what
            time.sleep(0.05)

    def handled(self):
        self.until(
            lambda: not self.value("SELECT count(*) FROM hospital_his_inbox WHERE state = 'received'"), "all is handled"
        )

    def states(self):
        return dict(self.read("SELECT state, count(*) FROM hospital_his_inbox GROUP BY 1"))


@contextlib.contextmanager
def hospital(name):
    """The service listens on ``port``; ``port + 1`` takes others' messages only; a third port is taken already."""
    port = free_port()
    while Hospital.listens(port + 1):
        port = free_port()
    with database(name) as database_name, socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        taken = occupied.getsockname()[1]
        odoo_shell(database_name, PREPARE.replace("PORT", str(port)).replace("TAKEN", str(taken)))
        place = Hospital(database_name, port)
        place.start()
        try:
            yield place
        finally:
            place.kill()
