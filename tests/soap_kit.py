"""What the tests of the web service share: a hospital with a clinic, client systems, a bare HTTP caller."""

import base64
import hashlib
import http.client
import os
import secrets
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg2

NAMESPACE = "urn:hospital:appointments:1"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
SECRET = "geheim-2026"
DAY = "2031-03-03"

PREPARE = """
from odoo.addons.hospital_his_connector.loading import direct
from odoo.addons.hospital_his_connector.models.hospital_his_client import PERMISSIONS, SCOPE
source = env["hospital.his.source"].create({"name": "HIS", "code": "soap_his"})
env = env(context={"lang": "zh_CN"})
department = env["hr.department"].create({"name": "心内科", "code": "0101"})
for number in ("D1", "D2"):
    env["hr.employee"].create({"name": "医生" + number, "staff_no": number, "department_id": department.id})
fields = [{"target": "external_id", "column": "id"}, {"target": "name", "column": "name"}]
patients = [{"id": f"P{number}", "name": "李四"} for number in range(1001)]
assert not direct.take(env, source, "patient", fields, patients)
may = dict.fromkeys(PERMISSIONS.values(), True)
client = {"source_id": source.id, "allowed_ips": "127.0.0.1", "rate": 1000000}
clients = env["hospital.his.client"].create([
    {**client, **may, "name": "HIS", "code": "his"},
    {**client, **may, "name": "自助机", "code": "kiosk", "auth": "token", "username": "kiosk",
     "secret_ref": "test_kiosk"},
    {**client, **may, "name": "远处", "code": "far", "allowed_ips": "10.9.0.0/16"},
    {**client, "name": "只读", "code": "nothing"},
    {**client, **may, "name": "急", "code": "slow", "rate": 3},
])
result = {}
for client in clients.filtered(lambda client: client.auth == "key"):
    result[client.code] = client.action_new_key()["context"]["default_key"]
env.cr.commit()
print("KEYS", __import__("json").dumps(result))
"""


def envelope(body, header="", space=ENVELOPE):
    return (f'<s:Envelope xmlns:s="{space}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>').encode()


def operation(name, **values):
    parts = "".join(f"<{key}>{value}</{key}>" for key, value in values.items())
    return f'<{name} xmlns="{NAMESPACE}">{parts}</{name}>'


def table(request, session, slots, **values):
    """A number table of one session."""
    rows = "".join(f"<slot><slotId>{slot}</slotId><number>{n}</number></slot>" for n, slot in enumerate(slots, 1))
    own = {"departmentCode": "0101", "doctorCode": "D1", "date": DAY, "dayPart": "am"} | values
    parts = "".join(f"<{key}>{value}</{key}>" for key, value in own.items())
    session = f"<session><sessionId>{session}</sessionId>{parts}<slots>{rows}</slots></session>"
    return operation("BuildNumberTable", requestId=request, sessions=session)


def booking(request, slot, appointment, patient="<patientId>P0</patientId>", **values):
    own = {"requestId": request, "slotId": slot, "appointmentId": appointment, "patient": patient}
    return operation("ConfirmBooking", **own, **values)


def token(username="kiosk", password=SECRET, nonce=None, created=None):
    """The header of a UsernameToken with a digest."""
    nonce = nonce or secrets.token_bytes(16)
    created = created or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = base64.b64encode(hashlib.sha1(nonce + created.encode() + password.encode()).digest()).decode()
    wss = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
    return (
        f'<w:Security xmlns:w="{wss}-wssecurity-secext-1.0.xsd" xmlns:u="{wss}-wssecurity-utility-1.0.xsd">'
        f'<w:UsernameToken><w:Username>{username}</w:Username><w:Password Type="{wss}-username-token-profile-1.0'
        f'#PasswordDigest">{digest}</w:Password><w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce>'
        f"<u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
    )


class Service:
    """The service of one client; ``post`` returns status and text."""

    def __init__(self, url, code, key=""):
        self.host, self.path, self.key = urlsplit(url).netloc, f"/his/soap/{code}", key
        self.connection = http.client.HTTPConnection(self.host, timeout=60)

    def post(self, body, content_type="text/xml; charset=utf-8", **headers):
        own = {"Content-Type": content_type, "SOAPAction": '""'} | ({"X-API-Key": self.key} if self.key else {})
        for attempt in (1, 2):
            try:
                self.connection.request("POST", self.path, body, own | headers)
                response = self.connection.getresponse()
                return response.status, response.read().decode(
                    "gbk" if "GBK" in response.headers["Content-Type"] else "utf-8"
                )
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # The server closes a connection when it likes; one new try, as every client does.
                self.connection.close()
                if attempt == 2:
                    raise


class Database:
    """Looks at the database beside the server."""

    def __init__(self, name):
        self.name = name
        self.connection = psycopg2.connect(dbname=name)
        self.connection.autocommit = True

    def rows(self, query, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, query, *parameters):
        ((value,),) = self.rows(query, *parameters)
        return value

    def everything(self):
        """What a request may change, as one value."""
        return [
            self.rows(query)
            for query in (
                "SELECT external_id, state, free_count, booked_count FROM hospital_clinic_session ORDER BY 1",
                "SELECT external_id, state, locked_until FROM hospital_clinic_slot ORDER BY 1",
                "SELECT external_id, state, rebook_state FROM hospital_appointment ORDER BY 1",
                "SELECT external_id, name FROM res_partner WHERE is_patient ORDER BY 1",
                "SELECT message_id, state, code FROM hospital_his_inbox ORDER BY 1",
            )
        ]


def give_secret():
    """The server that is started next finds the kiosk's password."""
    os.environ["HOSPITAL_SECRET_TEST_KIOSK"] = SECRET
