"""Who may do what with which record, over every way in: by the ORM, XML-RPC, JSON-2 and the web client.

A cell says what a role may do with a record ``inside / outside`` its scope: ``r`` read (and search, group, export where
the role exports), ``w`` write, ``c`` create one like it, ``u`` unlink. A role that is not named may do nothing.
"""

import io
import itertools
import json
import re
import urllib.error
import urllib.parse
import urllib.request
import xmlrpc.client
import zipfile
from functools import cache
from http.cookiejar import CookieJar

import pytest

from tests.conftest import database, odoo_shell, server

ROLES = (
    "staff agent supervisor quality nurse doctor head functional delegated_leader leader admin auditor integration"
).split()
EXPORTING = {"supervisor", "doctor", "head", "functional", "admin"}
SEES_NUMBERS = {"nurse", "doctor", "head"}

# Inside: the patient of the doctor, in the nurse's ward, of the head's and the delegated leader's department, of the
# agent's open task. Outside: another doctor's, ward's, department's and worker's. The functional department has all.
# The supervisor sees the tasks of the centre and, while they are open, their patients: here both.
TABLE = {
    "res.partner": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.patient.phone": {
        "agent": "rw/", "supervisor": "rw/rw", "nurse": "rwc/", "doctor": "rwc/", "head": "rwc/", "functional": "r/r",
    },
    "hospital.encounter": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.encounter.diagnosis": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.encounter.operation": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.encounter.event": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.contact": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.contact.refusal": {
        "agent": "rwc/", "supervisor": "rwc/rwc", "nurse": "rwc/", "doctor": "rwc/", "head": "rwc/",
        "functional": "r/r",
    },
    "hospital.quality.issue": {
        "agent": "rw/", "supervisor": "rw/rw", "nurse": "rw/", "doctor": "rw/", "head": "rw/", "functional": "rw/rw",
    },
    # Whoever takes a case is its reporter and sees it; leaders read cases, with the patient's name masked.
    "hospital.case": {
        "agent": "rwc/", "supervisor": "rwc/rwc", "nurse": "c/", "doctor": "c/", "head": "rwc/",
        "functional": "rwc/rwc", "delegated_leader": "r/", "leader": "r/r",
    },
    "hospital.followup.task": {
        "agent": "rw/", "supervisor": "rw/rw", "nurse": "/", "doctor": "/", "head": "rw/", "functional": "rw/rw",
    },
    "hospital.followup.enrolment": {
        "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.followup.attempt": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    # Booked in the HIS: only what came of a call is written here.
    "hospital.appointment": {
        "agent": "rw/", "supervisor": "rw/rw", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "rw/rw",
    },
    "hospital.his.client": {"admin": "r/r", "integration": "rwcu/rwcu"},
    "hospital.encounter.transfer": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.report": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.surgery": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.access.log": {"auditor": "r/r"},
    # What a colleague types into a dialog is read by nobody else; the dialog's button checks the patient.
    "hospital.patient.phone.add": {
        role: "c/c" for role in ("agent", "supervisor", "nurse", "doctor", "head", "functional")
    },
    "hospital.patient.correct": {"head": "c/c", "functional": "c/c"},
    # No scope: the same record twice.
    "hospital.scope": {"admin": "rwcu/rwcu"},
    "hospital.contact.policy": {"functional": "rw/rw", "admin": "rwcu/rwcu"},
    "hospital.staff.group": {role: "r/r" for role in ROLES} | {"admin": "rwcu/rwcu"},
    "hospital.drug": {role: "r/r" for role in ROLES} | {"admin": "rwcu/rwcu"},
    "hospital.exam.item": {role: "r/r" for role in ROLES} | {"admin": "rwcu/rwcu"},
    "hospital.department.phone": {role: "r/r" for role in ROLES} | {"admin": "rwcu/rwcu", "functional": "rwcu/rwcu"},
    "hospital.directory.entry": {role: "r/r" for role in ROLES} | {"admin": "rwcu/rwcu", "functional": "rwcu/rwcu"},
    "hospital.his.source": {role: "r/r" for role in ROLES} | {"admin": "rwcu/rwcu", "integration": "rwc/rwc"},
    "hospital.his.feed": {"admin": "r/r", "integration": "rwcu/rwcu"},
    "hospital.his.deadletter": {"integration": "rw/rw"},
    "hospital.followup.plan": {
        "agent": "r/r", "supervisor": "r/r", "nurse": "r/r", "doctor": "r/r", "head": "r/r",
        "functional": "rwcu/rwcu", "delegated_leader": "r/r", "leader": "r/r", "admin": "rwcu/rwcu",
    },
    "hospital.followup.rule": {
        "agent": "r/r", "supervisor": "r/r", "nurse": "r/r", "doctor": "r/r", "head": "r/r",
        "functional": "rwcu/rwcu", "admin": "rwcu/rwcu",
    },
    "hospital.followup.worker": {
        "agent": "r/r", "supervisor": "rwcu/rwcu", "functional": "rwcu/rwcu", "admin": "rwcu/rwcu",
    },
    # Messages are seen with their patient, and written by the queue alone.
    "hospital.message": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.message.part": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.message.inbound": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    "hospital.wechat.follower": {
        "agent": "r/", "supervisor": "r/r", "nurse": "r/", "doctor": "r/", "head": "r/", "functional": "r/r",
    },
    # As above: what is typed is one's own, the dialog looks at the patient with the user's rights.
    "hospital.message.compose": {
        role: "c/c" for role in ("agent", "supervisor", "nurse", "doctor", "head", "functional")
    },
    # Inside: the supervisor's, for the head's department. Only its author changes a batch, and reads its list.
    "hospital.message.batch": {"supervisor": "rwcu/rc", "head": "rc/c", "functional": "rc/rc"},
    "hospital.message.batch.row": {"supervisor": "r/"},
    "hospital.message.export": {"supervisor": "r/"},
    "hospital.message.stop": {"functional": "r/r"},
    "hospital.message.deletion": {"functional": "r/r", "auditor": "r/r"},
    "hospital.message.figure": {
        "supervisor": "r/r", "head": "r/", "functional": "r/r", "delegated_leader": "r/", "leader": "r/r",
    },
    "sms.template": {role: "r/" for role in ROLES if role != "nurse"} | {
        "head": "rwcu/", "functional": "rwcu/rwcu", "admin": "rwcu/rwcu",
    },
    "hospital.message.word": {role: "r/r" for role in ("agent", "supervisor", "nurse", "doctor", "head")} | {
        "functional": "rwcu/rwcu",
    },
    "hospital.gateway": {role: "r/r" for role in ROLES} | {"admin": "rwcu/rwcu", "integration": "rwcu/rwcu"},
    "hospital.message.code": {role: "r/r" for role in ROLES} | {"admin": "rwcu/rwcu", "integration": "rwcu/rwcu"},
    "hospital.operator.prefix": {"admin": "rwcu/rwcu", "integration": "rwcu/rwcu"},
    "hospital.operator.ported": {"admin": "ru/ru", "integration": "ru/ru"},
    "hospital.gateway.allowed": {"admin": "rwcu/rwcu", "integration": "rwcu/rwcu"},
    "hospital.gateway.switch": {"admin": "rc/rc", "integration": "rc/rc"},
    "hospital.message.report": {"admin": "r/r", "integration": "r/r"},
    "hospital.wechat.token": {},
    "hospital.wechat.visit": {},
}  # fmt: skip

# Nothing of a patient and the same for every record: the ORM's look is enough.
BY_ORM_ONLY = {
    "hospital.message.word", "hospital.message.code", "hospital.message.deletion", "hospital.message.report",
    "hospital.operator.prefix", "hospital.gateway.allowed", "hospital.gateway.switch", "hospital.wechat.token",
    "hospital.wechat.visit",
}  # fmt: skip

# Per model: a field to read, a field to group by, and what is written (the value that is there is written again).
FIELDS = {
    "res.partner": ("name", "gender", "gender"),
    "hospital.patient.phone": ("number_masked", "kind", "state"),
    "hospital.encounter": ("diagnosis_name", "encounter_class", "bed"),
    "hospital.encounter.diagnosis": ("name", "kind", "name"),
    "hospital.encounter.operation": ("name", "code", "name"),
    "hospital.encounter.event": ("kind", "kind", "new_value"),
    "hospital.encounter.transfer": ("to_bed", "to_bed", "to_bed"),
    "hospital.report": ("name", "state", "name"),
    "hospital.surgery": ("name", "state", "room"),
    "hospital.drug": ("name", "insurance_class", "spec"),
    "hospital.exam.item": ("name", "kind", "specimen"),
    "hospital.department.phone": ("number", "purpose", "purpose"),
    "hospital.directory.entry": ("name", "level", "office"),
    "hospital.contact": ("channel", "purpose", "outcome"),
    "hospital.contact.refusal": ("purpose", "purpose", "reason"),
    "hospital.quality.issue": ("kind", "kind", "state"),
    "hospital.case": ("description", "patient_id", "severity"),
    "hospital.followup.task": ("state", "patient_id", "note"),
    "hospital.followup.enrolment": ("state", "patient_id", "state"),
    "hospital.followup.attempt": ("outcome", "patient_id", "note"),
    "hospital.access.log": ("action", "patient_id", "reason"),
    "hospital.patient.phone.add": ("number", "relation", "relation"),
    "hospital.patient.correct": ("reason", "consent", "reason"),
    "hospital.scope": ("kind", "user_id", "reason"),
    "hospital.contact.policy": ("purpose", "purpose", "hours"),
    "hospital.appointment": ("state", "state", "rebook_note"),
    "hospital.his.client": ("name", "auth", "name"),
    "hospital.staff.group": ("name", "name", "note"),
    "hospital.his.source": ("name", "code", "name"),
    "hospital.his.feed": ("name", "kind", "name"),
    "hospital.his.deadletter": ("external_id", "code", "payload"),
    "hospital.followup.plan": ("name", "name", "description"),
    "hospital.followup.rule": ("name", "mode", "name"),
    "hospital.followup.worker": ("user_id", "user_id", "capacity"),
    "hospital.message": ("text", "state", "purpose"),
    "hospital.message.part": ("state", "state", "code"),
    "hospital.message.inbound": ("text", "kind", "kind"),
    "hospital.message.compose": ("text", "purpose", "text"),
    "hospital.message.batch": ("name", "state", "name"),
    "hospital.message.batch.row": ("name", "name", "name"),
    "hospital.message.export": ("filters", "state", "filters"),
    "hospital.message.stop": ("number_masked", "purpose", "purpose"),
    "hospital.message.deletion": ("reason", "origin", "reason"),
    "hospital.message.figure": ("day", "state", "code"),
    "hospital.message.word": ("word", "kind", "note"),
    "hospital.message.code": ("meaning", "family", "own_kind"),
    "hospital.message.report": ("provider_id", "state", "code"),
    "hospital.wechat.follower": ("follows", "gateway_id", "follows"),
    "hospital.wechat.token": ("gateway_id", "gateway_id", "gateway_id"),
    "hospital.wechat.visit": ("target", "used", "target"),
    "hospital.gateway": ("name", "protocol", "hours"),
    "hospital.gateway.allowed": ("name", "name", "name"),
    "hospital.gateway.switch": ("reason", "live", "reason"),
    "hospital.operator.prefix": ("prefix", "operator", "operator"),
    "hospital.operator.ported": ("number_masked", "operator", "operator"),
    "sms.template": ("body", "purpose", "body"),
}
FEED = {"code": "x", "query": "SELECT 1", "key_column": "id"}
DEADLETTER = {"external_id": "1", "code": "bad_value", "payload": {"id": "1"}}
# What a second record of a model must have different.
ANOTHER = {
    "hospital.patient.phone": {"number": "13900009999", "is_best": False},
    "hospital.contact.refusal": {"purpose": "survey"},
    "hospital.quality.issue": {"kind": "phone_shared"},
    "hospital.his.source": {"code": "another"},
    "hospital.his.feed": {"code": "another"},
    "hospital.his.client": {"code": "another"},
    "hospital.contact.policy": {"purpose": "complaint", "channel": "visit"},
    "hospital.followup.worker": {"user_id": 2},
    "hospital.staff.group": {"name": "another"},
    "hospital.encounter.transfer": {"transferred_at": "2026-01-02 08:00:00"},
    "hospital.gateway": {"name": "another"},
    "hospital.gateway.allowed": {"number": "13900007777"},
    "hospital.operator.prefix": {"prefix": "1999999"},
    "hospital.message.code": {"code": "another"},
    "hospital.message.inbound": {"key": "another"},
    "hospital.message.stop": {"purpose": "survey"},
    "hospital.message.word": {"word": "another"},
    "hospital.wechat.follower": {"openid": "another"},
}
HOST = "sp.operator.example"
SECRETS = ("11010519491231002X", "13900001234", "990000199001010017", "13911112222")
HIDDEN_FIELDS = {
    "res.partner": "id_number",
    "hospital.patient.phone": "number",
    "hospital.message": "number",
    "hospital.message.inbound": "number",
}

SETUP = """
import base64, json, logging
from datetime import timedelta
from odoo import Command, fields
from odoo.addons.hospital_base.tests.common import ROLES, Factories

class Make(Factories):
    env = env

ROLES = %(roles)r
NUMBERS = %(secrets)r
HOST = %(host)r
COUNTS = {f"{name}_count": 0 for name in "part cost submitted delivered failed open waiting excluded".split()}
today = fields.Date.today()
people, inside, outside = {}, {}, {}
cardiology, neurology = Make.department("Cardiology"), Make.department("Neurology")
ward, other_ward = Make.department("Ward 1", "ward"), Make.department("Ward 2", "ward")
for role in ROLES:
    people[role] = Make.staff(role, ward if role == "nurse" else cardiology, login=f"rights_{role}")
doctor, agent = Make.staff("doctor", neurology), Make.staff("agent")
scope = env["hospital.scope"].create(
    {"user_id": people["delegated_leader"].id, "department_ids": [Command.set(cardiology.ids)]}
)
point = Command.create({"name": "3", "due_day": 3})
plan = env["hospital.followup.plan"].create({"name": "Plan", "point_ids": [point]})
for records, name, treating, worker, department, at_ward, number in (
    (inside, "张伟国", people["doctor"], people["agent"], cardiology, ward, 0),
    (outside, "李秀兰", doctor, agent, neurology, other_ward, 2),
):
    patient = Make.patient(name, [NUMBERS[number + 1]], id_number=NUMBERS[number], gender="male")
    at = fields.Datetime.now()
    visit = Make.encounter(
        patient, treating, department_id=department.id, ward_id=at_ward.id, state="finished", diagnosis_name="x",
        admitted_at=at - timedelta(days=8), discharged_at=at - timedelta(days=3),
        discharge_date=today - timedelta(days=3),
    )
    env["hospital.followup.task"].search([("encounter_id", "=", visit.id)]).enrolment_id.unlink()
    common = {"encounter_id": visit.id, "patient_id": patient.id}
    enrolment = env["hospital.followup.enrolment"].create(common | {"mode": "central", "plan_id": plan.id})
    task = env["hospital.followup.task"].create(
        common | {
            "enrolment_id": enrolment.id, "plan_id": plan.id, "point_id": plan.point_ids.id, "contact_id": patient.id,
            "mode": "central", "department_id": department.id, "ward_id": at_ward.id, "attending_user_id": treating.id,
            "user_id": worker.id, "earliest_date": today, "due_date": today, "latest_date": today,
        }
    )
    records |= {
        "res.partner": patient,
        "hospital.patient.phone": patient.phone_line_ids,
        "hospital.encounter": visit,
        "hospital.encounter.diagnosis": env["hospital.encounter.diagnosis"].create(
            {"encounter_id": visit.id, "kind": "principal", "name": "x"}
        ),
        "hospital.encounter.operation": env["hospital.encounter.operation"].create(
            {"encounter_id": visit.id, "name": "x"}
        ),
        "hospital.encounter.event": env["hospital.encounter.event"].create(common | {"kind": "coded"}),
        "hospital.encounter.transfer": env["hospital.encounter.transfer"].create(
            {"encounter_id": visit.id, "transferred_at": at, "to_bed": "1"}
        ),
        "hospital.report": env["hospital.report"].create(common | {"name": "x"}),
        "hospital.surgery": env["hospital.surgery"].create(common | {"name": "x", "scheduled_at": at}),
        "hospital.contact": env["hospital.contact"].create(
            {"patient_id": patient.id, "channel": "call", "purpose": "followup"}
        ),
        "hospital.contact.refusal": env["hospital.contact.refusal"].create(
            {"patient_id": patient.id, "purpose": "marketing"}
        ),
        "hospital.quality.issue": env["hospital.quality.issue"].create({"patient_id": patient.id, "kind": "no_phone"}),
        "hospital.case": env["hospital.case"].create(
            common | {"description": "x", "department_id": department.id, "reporter_id": worker.id}
        ),
        "hospital.followup.enrolment": enrolment,
        "hospital.followup.task": task,
        "hospital.followup.attempt": env["hospital.followup.attempt"].create(
            common | {"task_id": task.id, "outcome": "no_answer", "user_id": worker.id}
        ),
        "hospital.access.log": env["hospital.access.log"]._log("reveal", patient, field="id_number"),
        "hospital.patient.phone.add": env["hospital.patient.phone.add"].create(
            {"patient_id": patient.id, "number": NUMBERS[number + 1]}
        ),
        "hospital.patient.correct": env["hospital.patient.correct"].create({"patient_id": patient.id, "reason": "x"}),
    }
    for model, values in {
        "hospital.staff.group": {"name": name},
        "hospital.drug": {"name": name},
        "hospital.exam.item": {"name": name},
        "hospital.department.phone": {"department_id": department.id, "number": "1"},
        "hospital.directory.entry": {"name": name, "post": "x"},
        "hospital.his.source": {"name": name, "code": f"rights{number}"},
        "hospital.followup.plan": {"name": name},
        "hospital.followup.rule": {"name": name, "plan_id": plan.id, "sequence": 999},
        "hospital.followup.worker": {"user_id": worker.id},
    }.items():
        records[model] = env[model].create(values)
    feed = {"name": name, "source_id": records["hospital.his.source"].id, "kind": "patient"}
    records["hospital.his.feed"] = env["hospital.his.feed"].create(feed | %(feed)r)
    session = env["hospital.clinic.session"].create({"department_id": department.id, "date": today, "day_part": "am"})
    slot = env["hospital.clinic.slot"].create({"session_id": session.id})
    records["hospital.appointment"] = env["hospital.appointment"]._book(slot, patient, {})
    client = {"name": name, "code": f"rights{number}", "source_id": records["hospital.his.source"].id}
    records["hospital.his.client"] = env["hospital.his.client"].create(client | {"allowed_ips": "127.0.0.1"})
    records["hospital.his.deadletter"] = env["hospital.his.deadletter"].create(
        {"feed_id": records["hospital.his.feed"].id} | %(deadletter)r
    )
%(messages)s
for records in (inside, outside):
    records["hospital.scope"] = scope
    records["hospital.contact.policy"] = env["hospital.contact.policy"].search([], limit=1)
env.flush_all()
"""

MESSAGES = """
from odoo.addons.hospital_base.identity import mask
for records, name, number, writer in (
    (inside, "inside", NUMBERS[1], people["supervisor"]), (outside, "outside", NUMBERS[3], Make.staff("functional")),
):
    patient, department = records["res.partner"], records["hospital.encounter"].department_id
    masked = mask.phone(number)
    about = {"patient_id": patient.id, "number": number, "number_masked": masked, "purpose": "notice"}
    gateway = env["hospital.gateway"].create(
        {"name": name, "protocol": "cmpp2", "host": HOST, "port": 7890, "login": "901234", "enabled": False}
    )
    message = env["hospital.message"].create(
        about | {"text": "x", "state": "delivered", "department_id": department.id, "gateway_id": gateway.id}
    )
    text = env["hospital.message.inbound"].create(
        {"patient_id": patient.id, "number": number, "number_masked": masked, "text": "x", "kind": "reply",
         "key": name, "message_id": message.id, "gateway_id": gateway.id}
    )
    batch = env["hospital.message.batch"].with_user(writer).create(
        {"name": name, "text": "x", "department_id": department.id, "file": base64.b64encode(b"list"),
         "file_name": "list.xlsx"}
    )
    export = env["hospital.message.export"].with_user(writer).sudo().create({"filters": name, "domain": []})
    export.attachment_ids = env["ir.attachment"].create(
        {"name": "x", "raw": b"file", "res_model": export._name, "res_id": export.id}
    )
    word = {"origin": "hand", "reason": name, "count": 1, "user_id": env.uid}
    # One that has no message yet, so that it can be deleted.
    spare = gateway.copy({"name": f"spare {name}", "enabled": False})
    records |= {"hospital.message": message, "hospital.message.inbound": text, "hospital.gateway": spare}
    records |= {"hospital.message.batch": batch, "hospital.message.export": export}
    for model, values in {
        "hospital.message.part": {"message_id": message.id, "due_at": fields.Datetime.now(), "state": "delivered"},
        "hospital.message.compose": {
            "res_model": "res.partner", "res_id": patient.id, "text": "x", "purpose": "notice",
        },
        "hospital.message.batch.row": {"batch_id": batch.id, "name": name, "number": number},
        "hospital.message.stop": {"number": number, "number_masked": masked, "purpose": "notice"},
        "hospital.message.deletion": word,
        "hospital.message.figure": {"day": today, "department_id": department.id, "message_count": 1} | COUNTS,
        "hospital.message.word": {"word": f"word {name}"},
        "hospital.message.code": {"family": "cmpp", "code": name, "meaning": "x"},
        "hospital.message.report": {"gateway_id": gateway.id, "provider_id": name, "state": "failed"},
        "hospital.wechat.follower": {"gateway_id": gateway.id, "openid": name, "patient_id": patient.id},
        "hospital.wechat.token": {"gateway_id": gateway.id},
        "hospital.wechat.visit": {"gateway_id": gateway.id, "patient_id": patient.id},
        "hospital.gateway.allowed": {"number": f"1390000555{len(name) % 2}", "name": name},
        "hospital.gateway.switch": {"live": "off", "reason": name},
        "hospital.operator.prefix": {"prefix": f"199999{len(name) % 2}", "operator": "cm"},
        "hospital.operator.ported": {
            "number": number, "number_masked": masked, "refused": "cm", "learned_at": fields.Datetime.now(),
        },
        "sms.template": {
            "name": name, "body": "x", "subject": "res.partner", "purpose": "notice",
            "department_ids": [Command.set(department.ids)],
        },
    }.items():
        records[model] = env[model].create(values)
"""

PUBLISH = """
keys = {
    role: env["res.users.apikeys"].with_user(user)._generate(None, "rights", fields.Datetime.now() + timedelta(hours=8))
    for role, user in people.items()
}
env.cr.commit()
def simple(record):
    return {name: value for name, value in like(record).items() if record._fields[name].type != "one2many"}

print("RESULT" + json.dumps({
    "keys": keys,
    "files": {
        model: env["ir.attachment"].search(
            [("res_model", "=", model), ("res_id", "=", inside[model].id), ("res_field", "in", [False, "file_data"])]
        ).id
        for model in ("hospital.message.batch", "hospital.message.export")
    },
    "inside": {model: record.id for model, record in inside.items()},
    "outside": {model: record.id for model, record in outside.items()},
    "like": {
        "inside": {model: simple(record) for model, record in inside.items()},
        "outside": {model: simple(record) for model, record in outside.items()},
    },
}, default=str))
"""

LIKE = """
def like(record):
    'What a user sends to create another record like this one.'
    values = record.sudo().copy_data()[0]
    values.pop("reporter_id", None)
    return values | %(another)r.get(record._name, {})
"""

# Every cell by the ORM; each attempt is taken back. Who else would be allowed is not asked: telling it takes longer
# than to refuse.
BY_ORM = """
logging.disable(logging.CRITICAL)
from odoo.exceptions import AccessError
for model in ("ir.model.access", "ir.rule"):
    env.registry[model]._make_access_error = lambda self, *arguments, **options: AccessError("refused")
FIELDS = %(fields)r
done = {}

def attempt(call):
    with env.cr.savepoint() as savepoint:
        try:
            return bool(call())
        except AccessError:
            return False
        finally:
            env.invalidate_all()
            savepoint.rollback()
            env.invalidate_all()

for role, user in people.items():
    for place, records in (("inside", inside), ("outside", outside)):
        for model, sample in records.items():
            record = sample.with_user(user)
            readable, groupable, writable = FIELDS[model]
            domain = [("id", "=", record.id)]
            value = record.sudo()[writable]
            calls = {
                "read": lambda: record.read([readable]),
                "search": lambda: record.search(domain),
                "group": lambda: record.formatted_read_group(domain, [groupable], ["__count"]),
                "export": lambda: user.has_group("base.group_allow_export") and record.export_data([readable])["datas"],
                "write": lambda: record.write({writable: value}) or True,
                "create": lambda: record.create(like(record)),
                "unlink": lambda: record.unlink() or True,
            }
            for name, call in calls.items():
                try:
                    done[f"{role} {model} {place} {name}"] = attempt(call)
                except Exception as error:
                    done[f"{role} {model} {place} {name}"] = f"{type(error).__name__}: {error}"
print("DONE" + json.dumps(done))
"""


def may(role, model, place, operation):
    """What the table says."""
    inside, outside = TABLE[model].get(role, "/").split("/")
    letters = inside if place == "inside" else outside
    letter = {"write": "w", "create": "c", "unlink": "u"}.get(operation, "r")
    return letter in letters and (operation != "export" or role in EXPORTING)


def result(output, name="RESULT"):
    return json.loads(re.search(rf"^{name}(.*)$", output, re.MULTILINE)[1])


def cells():
    return itertools.product(ROLES, TABLE, ("inside", "outside"))


@pytest.fixture(scope="module")
def hospital():
    with database("rights") as name:
        values = {
            "roles": ROLES,
            "secrets": SECRETS,
            "host": HOST,
            "messages": MESSAGES,
            "fields": FIELDS,
            "another": ANOTHER,
            "feed": FEED,
            "deadletter": DEADLETTER,
        }
        output = odoo_shell(name, (SETUP + LIKE + PUBLISH + BY_ORM) % values)
        yield result(output) | {"name": name, "by_orm": result(output, "DONE")}


@pytest.fixture(scope="module")
def address(hospital):
    with server(hospital["name"]) as url:
        yield url


@pytest.fixture(scope="module")
def client(hospital, address):
    """``client(way, role)``: each user comes in once by each way."""
    return cache(lambda way, role: way(address, hospital["name"], role, hospital["keys"][role]))


def compare(found):
    """``found``: {(role, model, place, operation): what happened}; the whole table is compared at once."""
    wrong = []
    for (role, model, place, operation), outcome in found.items():
        expected = may(role, model, place, operation)
        if outcome is not expected:
            wrong.append(f"{role:18}{model:32}{place:8}{operation:8} expected {expected}, was {outcome}")
    assert not wrong, f"{len(wrong)} of {len(found)} cells:\n" + "\n".join(wrong)


def test_by_orm(hospital):
    compare({tuple(cell.split()): outcome for cell, outcome in hospital["by_orm"].items()})


class Client:
    """One user over HTTP; keeps everything that came back, to look for numbers in it."""

    def __init__(self, url, database, role, key):
        self.url, self.database, self.role, self.key = url, database, role, key
        self.login = f"rights_{role}"
        self.heard = []
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def post(self, path, body, headers):
        """The status and the text of the answer."""
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with self.opener.open(request, timeout=60) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as workbook:
                content = b"".join(workbook.read(name) for name in workbook.namelist())
        text = content.decode(errors="replace")
        self.heard.append(text)
        return status, text

    def refused(self, text):
        assert "AccessError" in text or "UserError" in text, text[-2000:]
        return False

    def tells_no_number(self):
        if self.role not in SEES_NUMBERS:
            for secret in SECRETS:
                assert secret not in "".join(self.heard), self.role


class XmlRpc(Client):
    def __call__(self, model, method, *args, **kwargs):
        self.uid = getattr(self, "uid", None) or xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/common").authenticate(
            self.database, self.login, self.key, {}
        )
        proxy = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/object", allow_none=True)
        try:
            answer = proxy.execute_kw(self.database, self.uid, self.key, model, method, list(args), kwargs)
        except xmlrpc.client.Fault as fault:
            self.heard.append(fault.faultString)
            # Access is refused with the code 4, what a role may not do at all with 2.
            assert fault.faultCode in (2, 4), fault.faultString[-2000:]
            return False
        self.heard.append(repr(answer))
        return answer


class Json2(Client):
    # JSON-2 has arguments by name only.
    NAMES = {
        "read": ("fields",),
        "search": ("domain",),
        "formatted_read_group": ("domain", "groupby", "aggregates"),
        "export_data": ("fields_to_export",),
        "write": ("vals",),
        "create": ("vals_list",),
        "unlink": (),
    }

    def __call__(self, model, method, *args, **kwargs):
        args = list(args)
        if method in ("read", "export_data", "write", "unlink"):
            kwargs["ids"] = args.pop(0)
        kwargs |= dict(zip(self.NAMES[method], args, strict=True))
        headers = {"Content-Type": "application/json", "Authorization": f"bearer {self.key}"}
        status, text = self.post(f"/json/2/{model}/{method}", json.dumps(kwargs).encode(), headers)
        return json.loads(text) if status == 200 else self.refused(text)


class WebClient(Client):
    def rpc(self, path, params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "call", "params": params}).encode()
        _status, text = self.post(path, body, {"Content-Type": "application/json"})
        answer = json.loads(text)
        return answer["result"] if "error" not in answer else self.refused(text)

    def __call__(self, model, method, *args, **kwargs):
        if not hasattr(self, "csrf"):
            session = {"db": self.database, "login": self.login, "password": "Hospital-2026"}
            self.rpc("/web/session/authenticate", session)
            with self.opener.open(f"{self.url}/odoo", timeout=120) as page:
                self.csrf = re.search(r'csrf_token: "(\w+)"', page.read().decode())[1]
        params = {"model": model, "method": method, "args": list(args), "kwargs": kwargs}
        return self.rpc(f"/web/dataset/call_kw/{model}/{method}", params)

    def export(self, model, record_id, field, file, **options):
        """The export dialog's own address; the rows that came."""
        data = {
            "model": model,
            "fields": [{"name": field, "label": "Label", "type": "char"}],
            "ids": False,
            "domain": [("id", "=", record_id)],
            "import_compat": False,
            "groupby": [],
        } | options
        form = urllib.parse.urlencode({"data": json.dumps(data), "csrf_token": self.csrf}).encode()
        status, text = self.post(f"/web/export/{file}", form, {"Content-Type": "application/x-www-form-urlencoded"})
        return text.splitlines()[1:] if status == 200 else self.refused(text)


def has_scope(model):
    """Whether anybody may do less with a record outside the own scope; if nobody, the ORM's look at both is enough."""
    return any(len(set(cell.split("/"))) > 1 for cell in TABLE[model].values())


def through(client, hospital, operations):
    """Try every cell of the client's role; what the table allows to change is not changed here."""
    found = {}
    for model, place in itertools.product(TABLE, ("inside", "outside")):
        if model in BY_ORM_ONLY or place == "outside" and not has_scope(model):
            continue
        for name, operation in operations.items():
            # Of what a role has nothing of, one look is enough here: the ORM has tried every operation.
            if client.role not in TABLE[model] and (place == "outside" or name not in ("search", "export")):
                continue
            cell = (client.role, model, place, name)
            if name in ("read", "search", "group", "export") or not may(*cell):
                found[cell] = bool(operation(client, model, hospital[place][model], hospital["like"][place][model]))
    compare(found)
    client.tells_no_number()


READ = {
    "read": lambda call, model, record_id, like: call(model, "read", [record_id], [FIELDS[model][0]]),
    "group": lambda call, model, record_id, like: call(
        model, "formatted_read_group", [("id", "=", record_id)], [FIELDS[model][1]], ["__count"]
    ),
}
# What one way in shows of the server's methods, the others would only repeat.
BY_API = {
    XmlRpc: READ
    | {
        "search": lambda call, model, record_id, like: call(model, "search", [("id", "=", record_id)]),
        "write": lambda call, model, record_id, like: call(
            model, "write", [record_id], {FIELDS[model][2]: like.get(FIELDS[model][2])}
        ),
    },
    Json2: READ
    | {
        "export": lambda call, model, record_id, like: call(model, "export_data", [record_id], [FIELDS[model][0]]),
        "create": lambda call, model, record_id, like: call(model, "create", [like]),
        "unlink": lambda call, model, record_id, like: call(model, "unlink", [record_id]),
    },
}
BY_WEB_CLIENT = {
    "read": lambda call, model, record_id, like: call(
        model, "web_read", [record_id], {FIELDS[model][0]: {}, "display_name": {}}
    ),
    "search": lambda call, model, record_id, like: (
        call(model, "web_search_read", [("id", "=", record_id)], {FIELDS[model][0]: {}}) or {"length": 0}
    )["length"],
    "group": lambda call, model, record_id, like: (
        call(model, "web_read_group", [("id", "=", record_id)], [FIELDS[model][1]], ["__count"]) or {"length": 0}
    )["length"],
    "export": lambda call, model, record_id, like: call.export(model, record_id, FIELDS[model][0], "csv"),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("way", [XmlRpc, Json2])
def test_by_api(hospital, client, way, role):
    through(client(way, role), hospital, BY_API[way])


@pytest.mark.parametrize("role", ROLES)
def test_by_web_client(hospital, client, role):
    through(client(WebClient, role), hospital, BY_WEB_CLIENT)


@pytest.mark.parametrize("role", [role for role in ROLES if role not in SEES_NUMBERS])
def test_full_numbers_over_http(hospital, client, role):
    """The hidden fields by their name: read, searched, ordered, grouped, exported, through the fields of others."""
    patient = hospital["inside"]["res.partner"]
    for way in (Json2, XmlRpc, WebClient):
        user = client(way, role)
        for model, field in HIDDEN_FIELDS.items():
            record_id = hospital["inside"][model]
            assert not user(model, "read", [record_id], [field])
            assert not user(model, "search", [(field, "=like", "1%")])
            assert not user(model, "search", [("id", "=", record_id)], order=field)
            assert not user(model, "formatted_read_group", [("id", "=", record_id)], [field], ["__count"])
        assert not user("hospital.encounter", "search", [("patient_id.id_number", "=like", "110%")])
        user.tells_no_number()
    for file, field, options in (
        ("csv", "id_number", {}),
        ("xlsx", "id_number", {}),
        ("csv", "phone_line_ids/number", {}),
        ("xlsx", "phone_line_ids/number", {"ids": [patient]}),
        ("xlsx", "name", {"groupby": ["id_number"]}),
        ("xlsx", "id_number", {"groupby": ["gender"]}),
    ):
        user.export("res.partner", patient, field, file, **options)
    user("res.partner", "web_search_read", [], {"phone_line_ids": {"fields": {"number": {}}}})
    user(
        "hospital.case",
        "onchange",
        [],
        {"patient_id": patient},
        ["patient_id"],
        {"patient_id": {"fields": {"id_number": {}}}},
    )
    user.post(f"/web/image/res.partner/{patient}/avatar_128", None, {})
    user.tells_no_number()


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("admin", "integration")])
def test_where_an_account_is_and_what_it_logs_in_with(hospital, client, role):
    """The gateway's name is everybody's, its account is not."""
    user = client(Json2, role)
    gateway = hospital["inside"]["hospital.gateway"]
    for field in ("host", "port", "login", "secret_ref", "access_number"):
        assert not user("hospital.gateway", "read", [gateway], [field])
        assert not user("hospital.gateway", "search", [(field, "!=", False)])
        assert not user("hospital.message", "search", [(f"gateway_id.{field}", "!=", False)])
    assert not any(HOST in text for text in user.heard)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "supervisor"])
def test_files_of_a_colleague(hospital, client, role):
    """The list of a batch and the file of an export are their author's, whoever else sees the batch."""
    user = client(WebClient, role)
    for model, text in (("hospital.message.batch", "list"), ("hospital.message.export", "file")):
        record = hospital["inside"][model]
        found = user("ir.attachment", "search", [("res_model", "=", model), ("res_field", "in", [False, "file_data"])])
        assert not found, f"{role} finds the files of {model}"
        for address in (f"/web/content/{model}/{record}/file", f"/web/content/{hospital['files'][model]}"):
            _status, answer = user.post(address, None, {})
            assert answer != text, f"{role} reads {address}"
