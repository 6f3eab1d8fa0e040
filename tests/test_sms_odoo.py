"""Odoo's own texts, mass mailing among them, by the hospital's queue: a real service process, the simulator behind it."""

import json
import subprocess
from contextlib import contextmanager

import pytest
from conftest import ODOO, ROOT, database, odoo_shell


@contextmanager
def service(name):
    process = subprocess.Popen([*ODOO, "hospital_service", "-d", name, "--log-level=warn"], cwd=ROOT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def mailing_database():
    """A hospital that also uses Odoo's SMS marketing."""
    with database("sms_odoo") as name:
        command = [*ODOO, "-d", name, "-i", "mass_mailing_sms", "--stop-after-init", "--no-http", "--log-level=error"]
        subprocess.run(command, check=True, cwd=ROOT)
        yield name


PREPARE = """
for policy in env['hospital.contact.policy'].search([]):
    policy.hours = '00:00-23:59'
env['hospital.gateway'].search([]).unlink()
env['hospital.gateway'].create({'name': 'Simulator', 'protocol': 'simulator'})
partners = env['res.partner'].create([
    {'name': 'Delivered', 'phone': '+86 138 1234 5611'},
    {'name': 'Not delivered', 'phone': '+86 138 1234 5601'},
])
patient = env['res.partner'].create({'name': '张伟国', 'is_patient': True, 'consent': 'given',
    'phone_line_ids': [(0, 0, {'number': '13912345612'})]})
dead = env['res.partner'].create({'name': '李秀英', 'is_patient': True, 'deceased': True, 'consent': 'given',
    'phone_line_ids': [(0, 0, {'number': '13912345613'})]})
everybody = partners | patient | dead
mailing = env['mailing.mailing'].create({
    'subject': 'Spring', 'mailing_type': 'sms', 'body_plaintext': '春季健康讲座，欢迎参加。',
    'mailing_model_id': env['ir.model']._get_id('res.partner'),
    'mailing_domain': repr([('id', 'in', everybody.ids)]), 'sms_allow_unsubscribe': False})
mailing._action_send_sms()
partners[0]._message_sms('您好，请查收。')
env.cr.commit()
env['sms.sms']._process_queue()
env.cr.commit()
"""

# Waits until the service has nothing left to do.
LOOK = """
import json
import time
for attempt in range(120):
    env.cr.execute("SELECT count(*) FROM hospital_message WHERE state IN ('queued', 'sent')")
    if not env.cr.fetchone()[0]:
        break
    env.cr.rollback()
    time.sleep(0.25)
traces = env['mailing.trace'].search([])
names = {trace.res_id: env['res.partner'].browse(trace.res_id).name for trace in traces}
notification = env['mail.notification'].search([('notification_type', '=', 'sms')])
messages = env['hospital.message'].search([], order='id')
print(json.dumps({
    'traces': {names[trace.res_id]: [trace.trace_status, trace.failure_type] for trace in traces},
    'notification': notification.mapped('notification_status'),
    'messages': [[message.number, message.state, message.purpose, message.text] for message in messages],
    'stored': env['sms.sms'].search([]).mapped('number') + traces.mapped('sms_number'),
}))
"""


def test_a_mailing_hears_what_became_of_its_texts(mailing_database):
    odoo_shell(mailing_database, PREPARE)
    with service(mailing_database):
        seen = json.loads(odoo_shell(mailing_database, LOOK).strip().splitlines()[-1])
    assert seen["traces"]["Delivered"][0] == seen["traces"]["张伟国"][0] == "sent"
    assert seen["traces"]["Not delivered"] == ["error", "sms_not_delivered"]
    assert seen["traces"]["李秀英"] == ["bounce", "sms_not_allowed"]
    assert seen["notification"] == ["sent"]
    # A mailing is commercial: it says how to refuse. A patient's number is in the queue and nowhere else.
    assert all("拒收" in text for _number, _state, purpose, text in seen["messages"] if purpose == "marketing")
    assert len(seen["messages"]) == 5
    assert {number for number, *_rest in seen["messages"]} >= {"13812345611", "13912345612"}
    assert "139****5612" in seen["stored"] and not any("13912345612" in number for number in seen["stored"])


def test_the_test_of_a_mailing_is_sent_once(mailing_database):
    code = """
mailing = env['mailing.mailing'].search([], limit=1)
env['mailing.sms.test'].create({'mailing_id': mailing.id, 'numbers': '+86 138 7777 7711'}).action_send_sms()
env.cr.commit()
env['sms.sms']._process_queue()
env.cr.commit()
print(env['hospital.message'].search_count([('number', '=', '13877777711')]))
"""
    assert odoo_shell(mailing_database, code).strip().splitlines()[-1] == "1"
