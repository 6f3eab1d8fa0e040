"""Writing to a patient and reading what comes back, in a real browser, on a desk and on a phone."""

import pytest
from conftest import odoo_shell
from test_browser import LOGIN, open_as, tap  # noqa: F401

LIST = ".o_conversation_list button"
BUBBLE = ".o_conversation_bubble"

SEED = """
from odoo.addons.hospital_sms.models.hospital_message_queue import Draft, Terms
from odoo.addons.hospital_sms.protocols.contract import Reply
for policy in env['hospital.contact.policy'].search([('channel', '=', 'sms')]):
    policy.hours = '00:00-23:59'
agent = env['res.users'].search([('login', '=', {login!r})])
gateway = env['hospital.gateway'].search([('protocol', '=', 'simulator')], limit=1) or env['hospital.gateway'].create(
    {{'name': 'Simulator for the browser', 'protocol': 'simulator'}})
messages = env['hospital.message']
tasks = env['hospital.followup.task'].search(
    [('user_id', '=', agent.id), ('state', '=', 'open'), ('due_now', '=', True)])
numbers = messages._numbers_of(tasks.contact_id)
tasks = tasks.filtered(lambda task: task.contact_id.id in numbers)
first, second = tasks[0], tasks.filtered(lambda task: task.contact_id != tasks[0].contact_id)[0]
for task, texts in ((first, ['收到，谢谢']), (second, ['伤口有点痒'] * 16 + ['我要投诉'])):
    patient = task.contact_id
    for place, text in enumerate(texts):
        (message_id,) = messages.with_user(agent).sudo()._enqueue(
            [Draft(f'您好，第{{place}}次随访', number=numbers[patient.id], patient_id=patient.id)], Terms('notice'))
        env.cr.execute("UPDATE hospital_message SET state = 'sent', sent_at = clock_timestamp() AT TIME ZONE 'UTC'"
                       " WHERE id = %s", [message_id])
        messages._keep(gateway.id, [Reply(numbers[patient.id], '1069', text, f'browser{{patient.id}}-{{place}}')])
env.cr.commit()
print(second.contact_id.name)
"""


@pytest.fixture(scope="module")
def complainer(demo_database):
    """Two patients have answered; the name of the one who complains."""
    return odoo_shell(demo_database, SEED.format(login=LOGIN["agent"])).strip().splitlines()[-1]


def test_an_agent_reads_and_answers(open_as, complainer):  # noqa: F811
    page = open_as("agent")
    page.goto("/odoo/conversations")
    page.wait_for_selector(LIST)
    # The complaint is on top, with its unread texts counted.
    first = page.locator(LIST).first
    assert complainer in first.inner_text() and first.locator(".badge").inner_text() == "17"
    first.click()
    page.wait_for_selector(f"{BUBBLE}:has-text('我要投诉')")
    shown = page.locator(BUBBLE).count()
    tap(page, "更早的消息")
    page.wait_for_function(f"shown => document.querySelectorAll('{BUBBLE}').length > shown", arg=shown)
    assert [page.locator(BUBBLE, has_text=text).count() for text in ("次随访", "伤口有点痒")] == [17, 16]

    page.fill(".o_conversation_box textarea", "您好，已转护士长，稍后与您联系。")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{BUBBLE}:has-text('已转护士长')")
    page.wait_for_function("() => !document.querySelector('.o_conversation_list .active .badge')")
    # What may not be sent says why and stays to be mended.
    page.fill(".o_conversation_box textarea", "您的梅毒检查结果已出")
    page.keyboard.press("Enter")
    page.wait_for_selector(".modal:has-text('梅毒'), .o_notification:has-text('梅毒')")
    assert page.input_value(".o_conversation_box textarea") == "您的梅毒检查结果已出"


def test_on_a_phone_the_list_or_the_conversation(open_as, complainer):  # noqa: F811
    page = open_as("agent")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/odoo/conversations")
    page.wait_for_selector(LIST)
    page.locator(LIST).first.click()
    page.wait_for_selector(".o_conversation_entries")
    assert not page.locator(".o_conversation_list").is_visible()
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
    # The newest is in sight, the box below it.
    assert page.locator(BUBBLE).last.bounding_box()["y"] < page.locator(".o_conversation_box").bounding_box()["y"]
    page.click("button[aria-label=返回列表]")
    page.wait_for_selector(LIST)


def test_a_message_is_written_at_a_task(open_as, demo_database):  # noqa: F811
    page = open_as("agent")
    page.goto("/odoo/followups")
    page.wait_for_selector(".o_data_row")
    page.locator(".o_data_row", has_text="待随访").locator("td[name=patient_id]").first.click()
    page.wait_for_selector("div[name=outcomes]")
    tap(page, "发送消息")
    page.wait_for_selector(".modal .o_message_word")
    page.click(".modal .o_message_word[data-word=姓名]")
    page.locator(".modal div[name=text] textarea").press_sequentially("您好，稍后致电。")
    page.locator(".modal div[name=text] textarea").blur()
    name = page.locator(".modal div[name=patient_id]").inner_text().strip()
    page.wait_for_selector(f".modal div[name=reads]:has-text('{name}您好，稍后致电。')")
    tap(page.locator(".modal"), "发送")
    page.wait_for_selector(".modal", state="detached")
    page.wait_for_selector(f"div[name=message_ids]:has-text('{name}您好，稍后致电。')")
