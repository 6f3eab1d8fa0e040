"""Requests a second of the web service, beside bare zeep on the same message, and how fast a bomb is refused.

The limit is zeep's parsing of the message with lxml's check against the schema: nobody who uses them answers faster.
Aims: reading in both forms at half of that or more; a bomb refused in less than 50 ms, HTTP and log included.
"""

import http.client
import os
import subprocess
import sys
import time
from urllib.parse import urlsplit

from .common import create_database, environment, median_ms, print_table, start_odoo

NAME = os.environ.get("TEST_DB_PREFIX", "bench_") + "soap"
COUNT = 500
SHARE, BOMB_MS = 0.5, 50
SPACE = "http://schemas.xmlsoap.org/soap/envelope/"
ENVELOPE = f'<s:Envelope xmlns:s="{SPACE}"><s:Header/><s:Body>%s</s:Body></s:Envelope>'
FIELDS = (
    "<requestId>%s</requestId><slotId>S.%s</slotId><appointmentId>%s</appointmentId><patient>"
    "<patientId>P0</patientId><name>王小明</name><phone>13900001234</phone></patient><channel>微信</channel>"
)
TYPED = ENVELOPE % f'<ConfirmBooking xmlns="urn:hospital:appointments:1">{FIELDS}</ConfirmBooking>'
STRING = ENVELOPE % (
    '<Call xmlns="http://tempuri.org/"><funcCode>预约成功</funcCode><inputXml>'
    f"<![CDATA[<Request>{FIELDS}</Request>]]></inputXml></Call>"
)
BOMB = '<!DOCTYPE a [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
BOMB += "]>" + ENVELOPE % "<a>&i;</a>"
PREPARE = """
from odoo.addons.hospital_his_connector.models.hospital_his_client import PERMISSIONS
source = env["hospital.his.source"].create({"name": "HIS", "code": "soap_bench"})
department = env["hr.department"].create({"name": "心内科"})
env["res.partner"].create({"name": "王小明", "is_patient": True, "source_id": source.id, "external_id": "P0"})
for day in range(slots):
    session = env["hospital.clinic.session"].create(
        {"department_id": department.id, "date": f"{2031 + day // 336}-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}",
         "day_part": "am"})
    env["hospital.clinic.slot"].create(
        {"session_id": session.id, "source_id": source.id, "external_id": f"S.{day}"})
client = env["hospital.his.client"].create({
    **dict.fromkeys(PERMISSIONS.values(), True), "name": "HIS", "code": "bench", "source_id": source.id,
    "allowed_ips": "127.0.0.1", "rate": 1000000})
key = client.action_new_key()["context"]["default_key"]
"""


def rate(call, count=COUNT):
    """Calls a second of ``call(number)``."""
    call(-1)
    started = time.perf_counter()
    for number in range(count):
        call(number)
    return count / (time.perf_counter() - started)


def parsing():
    """Rates of parsing alone: bare zeep, zeep with the schema, ours in both forms."""
    from zoneinfo import ZoneInfo

    from lxml import etree
    from zeep import Transport
    from zeep.wsdl import Document

    from odoo.addons.hospital_his_connector.soap import contract, messages, reading

    document = Document(str(contract.FOLDER / "appointments.wsdl"), Transport())
    operation = document.services["Appointments"].ports["AppointmentsSoap11"].binding.get("ConfirmBooking")
    schema = etree.XMLSchema(etree.parse(str(contract.FOLDER / "appointments.xsd")))
    zone = ZoneInfo("Asia/Shanghai")

    def bare(number):
        return operation.input.deserialize(etree.fromstring(TYPED % (number, number, number)))

    def checked(number):
        envelope = etree.fromstring(TYPED % (number, number, number))
        assert schema.validate(envelope[-1][0])
        return operation.input.deserialize(envelope)

    def ours(form):
        def read(number):
            source, _encoding = reading.text((form % (number, number, number)).encode(), "utf-8")
            return messages.read(reading.element(source), zone)

        return read

    return [rate(call, 2000) for call in (bare, checked, ours(TYPED), ours(STRING))]


class Server:
    """A real server process and one connection to it."""

    def __init__(self, key):
        import socket

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [os.environ.get("ODOO_BIN", "odoo"), "-d", NAME, f"--http-port={port}", "--max-cron-threads=0"]
        self.process = subprocess.Popen(
            [*command, f"--db-filter=^{NAME}$", "--http-interface=127.0.0.1", "--log-level=error"],
            stdout=sys.stderr,
        )
        self.connection = http.client.HTTPConnection(urlsplit(f"http://127.0.0.1:{port}").netloc, timeout=60)
        self.headers = {"Content-Type": "text/xml; charset=utf-8", "X-API-Key": key}
        for _attempt in range(300):
            try:
                self.connection.request("GET", "/web/health")
                self.connection.getresponse().read()
                return
            except OSError:
                self.connection.close()
                time.sleep(0.2)

    def post(self, body):
        for last in (False, True):
            try:
                self.connection.request("POST", "/his/soap/bench", body.encode(), self.headers)
                response = self.connection.getresponse()
                return response.status, response.read().decode()
            except (http.client.RemoteDisconnected, ConnectionError):
                self.connection.close()
                if last:
                    raise


def main():
    start_odoo()
    create_database(NAME)
    with environment(NAME, commit=True) as env:
        scope = {"env": env, "slots": COUNT + 100}
        exec(PREPARE, scope)
    bare, checked, typed, string = parsing()
    server = Server(scope["key"])
    try:
        assert "<ns0:resultCode>1<" in server.post(TYPED % ("w", COUNT + 1, "w"))[1]
        booked = rate(lambda number: server.post(TYPED % (number, number if number >= 0 else COUNT + 2, number)))
        repeated = rate(lambda number: server.post(TYPED % (0, 0, 0)))
        refused, (status, answer) = median_ms(lambda: server.post(BOMB), 50)
    finally:
        server.process.terminate()
        server.process.wait(timeout=30)
    assert status == 500 and "soap_doctype" in answer
    print_table(
        ["what", "requests/s", "of zeep with the schema"],
        [
            ["bare zeep, no check", f"{bare:,.0f}", f"{bare / checked:.2f}"],
            ["zeep and lxml's check: the limit", f"{checked:,.0f}", "1.00"],
            ["our reading, the contract's form", f"{typed:,.0f}", f"{typed / checked:.2f}"],
            ["our reading, text in text out", f"{string:,.0f}", f"{string / checked:.2f}"],
            ["a booking over HTTP, one connection, committed", f"{booked:,.0f}", f"{booked / checked:.3f}"],
            ["the same request again", f"{repeated:,.0f}", f"{repeated / checked:.3f}"],
        ],
    )
    print(f"\nan entity bomb is refused in {refused:.1f} ms, HTTP and log included (aim {BOMB_MS} ms)")
    subprocess.run(["dropdb", "--force", NAME], check=True)
    return 0 if typed >= SHARE * checked and refused < BOMB_MS else 1


if __name__ == "__main__":
    sys.exit(main())
