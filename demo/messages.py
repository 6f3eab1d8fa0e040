"""The messages of the demonstration's last three months, as the simulator would have brought them.

Written in bulk, as the product would have written them one by one. What a day holds follows from its visits, so a
later run only adds the days since.
"""

from datetime import datetime, time, timedelta
from random import Random

from psycopg2.extras import execute_values

from odoo.addons.hospital_base.identity import mask
from odoo.addons.hospital_sms.models.hospital_message_queue import Terms

from .people import PERSONAS

DAYS = 90
_PLAYED = "hospital_demo.messages_until"

# purpose, days after the discharge, share of the discharged, text
_AFTER_DISCHARGE = (
    ("notice", 0, 0.9, "{name}您好，您已办理出院。出院带药请按说明服用，如有不适请及时就诊。"),
    ("notice", 3, 0.5, "{name}您好，您的病案已整理完毕，可到病案室复印，请带好身份证件。"),
    ("survey", 5, 0.6, "{name}您好，感谢您选择我院，邀请您评价住院期间的服务，回复1至5分即可，5分为非常满意。"),
    ("followup", 7, 0.7, "{name}您好，您出院已满一周，请按时服药、注意休息，按约定时间复查。如有不适请与我们联系。"),
    ("appointment", 13, 0.4, "{name}您好，您预约的复诊在明天，请提前30分钟到院取号。如不能就诊请提前取消预约。"),
)
_EVENT = "{name}您好，本周六上午我院门诊三楼举办健康讲座，专家现场答疑，欢迎参加。拒收请回复R"
_FAILURES = ("UNDELIV", "UNDELIV", "EXPIRED", "MK:0001", "MB:0008", "REJECTD")
_REPLIES = {
    "survey": ("5", "5", "4", "5分，护士很耐心", "3，食堂希望改进"),
    "marketing": ("R", "退订", "能带家属吗？"),
    "": ("谢谢", "收到", "好的，谢谢医生", "请问复印病案要带什么？", "这两天还是有点疼，要不要提前来？"),
}
_REFUSALS = {"R", "退订"}


def play(env, now: datetime) -> int:
    """Bring the messages up to ``now``, by the hospital's clock; returns how many were added."""
    parameters = env["ir.config_parameter"]
    known = parameters.get_param(_PLAYED)
    since = datetime.fromisoformat(known) if known else datetime.combine(now, time()) - timedelta(days=DAYS)
    first, today = since.date(), now.date()
    rows = _after_discharge(env, first, today) + _events(env, since, now)
    rows = sorted((row for row in rows if since <= row["at"] < now), key=lambda row: row["at"])
    messages = _write(env, rows)
    _reply(env, messages, now)
    if not known:
        _paused(env, now)
        _gateways(env)
    _count(env, {row["batch"] for row in rows if row["batch"]})
    env["hospital.message.figure"]._refresh(first - timedelta(days=1), today)
    parameters.set_param(_PLAYED, now.isoformat())
    env.invalidate_all()
    return len(messages)


def _after_discharge(env, first, today):
    env.cr.execute(
        """SELECT encounter.id, encounter.discharge_date, encounter.patient_id, encounter.department_id, patient.name
             FROM hospital_encounter encounter JOIN res_partner patient ON patient.id = encounter.patient_id
            WHERE encounter.discharge_date BETWEEN %s AND %s AND patient.deceased IS NOT TRUE
              AND patient.is_test_patient IS NOT TRUE AND encounter.encounter_class = 'inpatient'
            ORDER BY encounter.id""",
        [first - timedelta(days=14), today],
    )
    rows = []
    for visit, discharged, patient, department, name in env.cr.fetchall():
        for purpose, after, share, text in _AFTER_DISCHARGE:
            rng = Random(f"message/{visit}/{after}")
            day = discharged + timedelta(days=after)
            if first <= day <= today and rng.random() < share:
                at = datetime.combine(day, time(9)) + timedelta(
                    minutes=rng.randrange(9 * 60), seconds=rng.randrange(60)
                )
                rows.append(_row(rng, at, patient, department, purpose, text.format(name=name)))
    return rows


def _office(env):
    """Who sends to many."""
    number = next(persona.number for persona in PERSONAS if persona.role == "functional")
    return env["res.users"].search([("login", "=", number)])


def _batch(env, at, **values):
    """A batch that the office wrote, and let go at ``at``."""
    office = _office(env)
    values |= {"department_id": office.employee_id.department_id.id}
    batch = env["hospital.message.batch"].with_user(office).create(values).sudo()
    utc = env["res.company"]._from_hospital_clock(at)
    batch.write({"state": "done", "checked_at": utc, "started_at": utc, "done_at": utc + timedelta(minutes=4)})
    return batch


def _events(env, since, now):
    """An invitation to former patients every other Thursday, as a batch."""
    rows = []
    for day in (since.date() + timedelta(days=n) for n in range((now.date() - since.date()).days + 1)):
        at = datetime.combine(day, time(10))
        if day.weekday() != 3 or day.isocalendar().week % 2 or not since <= at < now - timedelta(minutes=5):
            continue
        env.cr.execute(
            """SELECT DISTINCT patient.id, patient.name FROM res_partner patient
                 JOIN hospital_encounter encounter ON encounter.patient_id = patient.id
                WHERE encounter.discharge_date BETWEEN %s AND %s AND patient.deceased IS NOT TRUE
                ORDER BY patient.id LIMIT 150""",
            [day - timedelta(days=60), day - timedelta(days=14)],
        )
        if not (patients := env.cr.fetchall()):
            continue
        text = _EVENT.format(name="{姓名}")
        batch = _batch(env, at, name=f"健康讲座邀请 {day:%m-%d}", purpose="marketing", text=text)
        for place, (patient, name) in enumerate(patients):
            rng = Random(f"event/{day}/{patient}")
            sent = at + timedelta(seconds=place)
            rows.append(_row(rng, sent, patient, batch.department_id.id, "marketing", _EVENT.format(name=name), batch))
    return rows


def _row(rng, at, patient, department, purpose, text, batch=None):
    state = rng.choices(("delivered", "failed", "silent", "excluded"), (940, 32, 14, 14))[0]
    code = {"delivered": "DELIVRD", "failed": rng.choice(_FAILURES)}.get(state)
    taken = timedelta(seconds=rng.randrange(2, 40))
    row = {"at": at, "patient": patient, "department": department, "purpose": purpose, "text": text}
    row |= {"batch": batch and batch.id, "sender": batch and batch.create_uid.id}
    return row | {"state": state, "code": code, "taken": taken, "rng": rng}


def _write(env, rows):
    """Insert the messages, their parts and the contacts that they were; returns the rows with ids and numbers."""
    numbers = env["hospital.message"]._numbers_of(env["res.partner"].browse({row["patient"] for row in rows}))
    rows = [row | {"number": numbers[row["patient"]]} for row in rows if row["patient"] in numbers]
    if not rows:
        return []
    gateway = env["hospital.gateway"].search([("protocol", "=", "simulator")], limit=1)
    routes = env["hospital.gateway"]._route([row["number"] for row in rows], Terms("notice"))
    env.cr.execute("SELECT nextval('hospital_message_id_seq') FROM generate_series(1, %s)", [len(rows)])
    utc = env["res.company"]._from_hospital_clock
    for row, (message_id,) in zip(rows, env.cr.fetchall(), strict=True):
        row["id"], row["at"] = message_id, utc(row["at"])
        row["sent"] = row["at"] + timedelta(seconds=1) if row["state"] != "excluded" else None
        row["done"] = row["at"] + row["taken"] if row["code"] else None
    if recent := [row for row in rows if row["state"] == "delivered"][-3:]:
        recent[0] |= {"state": "unknown", "code": None, "done": None}  # the service was stopped just then
    execute_values(
        env.cr._obj,
        """INSERT INTO hospital_message
               (id, channel, patient_id, number, number_masked, text, purpose, priority, department_id, sender_id,
                batch_id, gateway_id, operator, state, reason, code, part_count, plan_at, sent_at, done_at, key,
                create_uid, write_uid, create_date, write_date) VALUES %s""",
        [
            (
                row["id"],
                "sms",
                row["patient"],
                row["number"],
                mask.phone(row["number"]),
                "【" + env.company.name + "】" + row["text"],
                row["purpose"],
                "3" if row["purpose"] == "marketing" else "2",
                row["department"],
                row["sender"],
                row["batch"],
                gateway.id,
                routes[row["number"]][1],
                row["state"],
                "refused" if row["state"] == "excluded" else None,
                row["code"],
                1 + (len(row["text"]) + len(env.company.name) + 2 > 70),
                row["at"],
                row["sent"],
                row["done"],
                f"demo:{row['id']}",
                row["sender"] or 1,
                row["sender"] or 1,
                row["at"],
                row["done"] or row["at"],
            )
            for row in rows
        ],
        page_size=1000,
    )
    ids = [row["id"] for row in rows]
    env.cr.execute(
        """INSERT INTO hospital_message_part (message_id, number, total, gateway_id, batch_id, priority, due_at, state,
                                              provider_id, attempts, throttled, sending_at, sent_at, done_at, code)
           SELECT message.id, part.number, part_count, gateway_id, batch_id, priority, plan_at, state,
                  CASE WHEN state <> 'unknown' THEN lpad(to_hex(message.id * 4 + part.number), 16, '0') END, 1, 0,
                  sent_at, sent_at, done_at, code
             FROM hospital_message message, generate_series(1, part_count) AS part (number)
            WHERE message.id = ANY(%s) AND state <> 'excluded'""",
        [ids],
    )
    env.cr.execute(
        """INSERT INTO hospital_contact (patient_id, at, channel, direction, purpose, user_id, department_id, res_model,
                                         res_id, create_uid, write_uid, create_date, write_date)
           SELECT patient_id, sent_at, 'sms', 'out', purpose, sender_id, department_id, 'hospital.message', id, 1, 1,
                  sent_at, sent_at FROM hospital_message WHERE id = ANY(%s) AND sent_at IS NOT NULL""",
        [ids],
    )
    return rows


def _reply(env, rows, now):
    """Some answer, a few want no more events; what came in the last days is not read yet."""
    now = env["res.company"]._from_hospital_clock(now)
    values = []
    for row in rows:
        share = 0.15 if row["purpose"] == "survey" else 0.02
        if row["state"] != "delivered" or row["rng"].random() > share:
            continue
        text = row["rng"].choice(_REPLIES.get(row["purpose"], _REPLIES[""]))
        at = row["done"] + timedelta(minutes=row["rng"].randrange(1, 90))
        if at > now:
            continue
        masked = mask.phone(row["number"])
        kind = "new" if at > now - timedelta(days=2) else "reply"
        if text in _REFUSALS:
            kind = "refusal"
        values.append(
            {
                "gateway_id": env["hospital.message"].browse(row["id"]).gateway_id.id,
                "key": f"demo:{row['id']}",
                "number": row["number"],
                "number_masked": masked,
                "text": text,
                "at": at,
                "patient_id": row["patient"],
                "message_id": row["id"],
                "kind": kind,
                "department_id": row["department"],
            }
        )
    texts = env["hospital.message.inbound"].create(sorted(values, key=lambda text: text["at"]))
    stops, refusals = env["hospital.message.stop"], env["hospital.contact.refusal"]
    for text in texts.filtered(lambda text: text.kind == "refusal"):
        made = {"purpose": text.message_id.purpose, "at": text.at, "inbound_id": text.id}
        number = {"number": text.number, "purpose": made["purpose"]}
        if not stops.search_count([(name, "=", value) for name, value in number.items()]):
            stops.create(made | number | {"number_masked": text.number_masked})
        if made["purpose"] not in text.patient_id.refusal_ids.mapped("purpose"):
            reason = f"短信：{text.text}"
            refusals.create(made | {"patient_id": text.patient_id.id, "reason": reason, "user_id": False})


def _paused(env, now):
    """A batch that somebody has stopped in the middle."""
    at = now - timedelta(hours=1)
    batch = _batch(env, at, name="体检报告领取通知", text="{姓名}您好，您的体检报告已出，请到体检中心领取。")
    batch.write({"state": "paused", "done_at": False})
    env.cr.execute(
        "SELECT id, name FROM res_partner WHERE is_patient AND deceased IS NOT TRUE ORDER BY id DESC LIMIT 40"
    )
    patients = env.cr.fetchall()
    rows = []
    for place, (patient, name) in enumerate(patients):
        rng = Random(f"paused/{patient}")
        text = batch.text.replace("{姓名}", name)
        rows.append(_row(rng, at + timedelta(seconds=place), patient, batch.department_id.id, "notice", text, batch))
    half = len(rows) // 2
    _write(env, rows[:half])
    waiting = [row["id"] for row in _write(env, [row | {"state": "excluded"} for row in rows[half:]])]
    env.cr.execute(
        """UPDATE hospital_message SET state = 'queued', reason = NULL, code = NULL, done_at = NULL
            WHERE id = ANY(%s)""",
        [waiting],
    )
    env["hospital.message"]._make_parts(waiting)
    _count(env, batch.ids)


def _count(env, batches):
    """What the check and the service would have counted of these batches."""
    env.cr.execute(
        """UPDATE hospital_message_batch batch
              SET read_count = found.rows, total = found.rows, message_count = found.rows - found.excluded,
                  excluded_count = found.excluded, part_count = found.parts
             FROM (SELECT batch_id, count(*) AS rows, count(*) FILTER (WHERE state = 'excluded') AS excluded,
                          sum(part_count) FILTER (WHERE state <> 'excluded') AS parts
                     FROM hospital_message WHERE batch_id = ANY(%s) GROUP BY batch_id) found
            WHERE batch.id = found.batch_id""",
        [list(batches)],
    )
    env.invalidate_all()
    env["hospital.message.batch"].browse(list(batches))._refresh_counts()


def _gateways(env):
    """Accounts as a hospital has them, all off and without address: what there is to set up, not where to send."""
    env["hospital.gateway"].search([]).signature = env.company.name
    for sequence, (name, protocol, rate) in enumerate(
        (
            ("移动通知通道", "cmpp3", 100),
            ("联通通知通道", "sgip", 50),
            ("电信通知通道", "smgp", 50),
            ("阿里云短信", "aliyun", 30),
        )
    ):
        values = {"name": name, "protocol": protocol, "rate": rate, "sequence": sequence, "enabled": False}
        values["signature"] = env.company.name
        env["hospital.gateway"].create(values)
