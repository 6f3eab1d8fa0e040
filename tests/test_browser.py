"""The main road in a real browser, as its people walk it: worker, doctor, leader."""

import json
import re
from collections import Counter
from datetime import date

import openpyxl
import pytest
from conftest import odoo_shell

from demo.his import SEED
from demo.logins import PASSWORD, personas
from demo.people import PERSONAS, World

LOGIN = {persona.role: persona.number for persona in PERSONAS}
NAME = dict(zip(LOGIN, (person[1] for person in personas(World.of(SEED, "small", date.min))), strict=True))
LIST_ROW = ".o_data_row"


@pytest.fixture
def open_as(chromium, demo_server, request):
    """``open_as(role)`` logs in and returns the page; a console error fails the test."""
    contexts = []
    errors = []

    def log_in(role):
        context = chromium.new_context(
            base_url=demo_server, locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 1440, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto("/web/login")
        page.fill("#login", LOGIN[role])
        page.fill("#password", PASSWORD)
        page.click(".oe_login_form button[type=submit]")
        page.wait_for_selector(".o_main_navbar, .o_home_menu")
        return page

    yield log_in
    for context in contexts:
        context.close()
    assert not errors


def rpc(page, model, method, *args, **kwargs):
    """Call the server as the page's user; returns ``(result, name of the exception)``."""
    params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
    response = page.request.post(
        f"/web/dataset/call_kw/{model}/{method}",
        data=json.dumps({"jsonrpc": "2.0", "params": params}),
        headers={"Content-Type": "application/json"},
    ).json()
    return response.get("result"), response.get("error", {}).get("data", {}).get("name")


def task_of(page):
    """Id of the task on the screen, once its form is there and the address names it."""
    page.wait_for_selector("div[name=outcomes]")
    page.wait_for_function("() => /\\/[0-9]+$/.test(location.pathname)")
    return int(page.evaluate("location.pathname").rsplit("/", 1)[-1])


def read(database, model, record_id, *names):
    code = f"import json\nprint(json.dumps(env[{model!r}].browse({record_id}).read({list(names)!r})[0], default=str))\n"
    return json.loads(odoo_shell(database, code).strip().splitlines()[-1])


def tap(page, text):
    page.locator("button:visible", has_text=re.compile(rf"^\s*{text}\s*$")).first.click()


def wait_for_another_task(page, task_id):
    page.wait_for_function("id => location.pathname.match(/[0-9]+$/)?.[0] !== String(id)", arg=task_id)


def test_worker_finishes_puts_off_and_takes_a_complaint(open_as, demo_database):
    # Whatever the hour of the test, the gate lets calls through.
    odoo_shell(
        demo_database,
        "env.ref('hospital_base.policy_followup_call').hours = '00:00-23:59'\nenv.cr.commit()\n",
    )
    page = open_as("agent")
    page.goto("/odoo/followups")
    page.wait_for_selector(LIST_ROW)
    # Days are days: eight days before the end of a month Odoo would say "next month".
    last_days = page.locator("td[name=latest_date]").all_inner_texts()
    assert last_days and not [text for text in last_days if text.endswith(("个月", "周"))]
    page.locator(LIST_ROW, has_text="待随访").locator("td[name=patient_id]").first.click()

    # The first task to its end in three taps.
    first = task_of(page)
    tap(page, "接通-本人")
    page.locator("[name=condition] input[data-value=good]").check()
    tap(page, "完成并下一个")
    wait_for_another_task(page, first)
    done = read(demo_database, "hospital.followup.task", first, "state", "condition", "done_by")
    assert (done["state"], done["condition"], done["done_by"][1]) == ("done", "good", NAME["agent"])

    # No answer on the second: one tap, the next attempt appears and the next task comes by itself.
    second = task_of(page)
    tap(page, "无人接听")
    wait_for_another_task(page, second)
    third = task_of(page)
    put_off = read(demo_database, "hospital.followup.task", second, "state", "last_outcome", "next_attempt_at")
    assert (put_off["state"], put_off["last_outcome"]) == ("retry", "no_answer")
    page.goto(f"/odoo/followups/{second}")
    assert page.locator("div[name=next_attempt_at]").first.inner_text().strip()

    # A complaint on the third.
    page.goto(f"/odoo/followups/{third}")
    tap(page, "接通-本人")
    tap(page, "投诉")
    page.fill(".modal [name=description] textarea", "护士换药时态度生硬")
    tap(page.locator(".modal"), "登记")
    page.wait_for_selector(".modal", state="detached")
    code = (
        f"task = env['hospital.followup.task'].browse({third})\n"
        "case = env['hospital.case'].search([('res_model', '=', task._name), ('res_id', '=', task.id)])\n"
        "print(len(case), case.kind, case.state, case.patient_id == task.patient_id, bool(case.department_id))\n"
    )
    assert odoo_shell(demo_database, code).strip().splitlines()[-1] == "1 complaint new True True"

    # Taking back the last result leads back to its task; the list's own button leads to the next one.
    page.goto("/odoo/followups")
    page.wait_for_selector(LIST_ROW)
    tap(page, "撤销上一结果")
    assert task_of(page) == third
    page.goto("/odoo/followups")
    page.wait_for_selector(LIST_ROW)
    tap(page, "下一个随访")
    assert task_of(page)


def test_doctor_sees_own_patients_and_no_other(open_as, demo_database):
    code = (
        f"user = env['res.users'].search([('login', '=', {LOGIN['doctor']!r})])\n"
        "other = env['hospital.encounter'].search([('attending_user_id', '!=', user.id),\n"
        "    ('resident_user_id', '!=', user.id), ('nurse_user_id', '!=', user.id),\n"
        "    ('patient_id.encounter_ids', 'not any', ['|', ('attending_user_id', '=', user.id),\n"
        "                                             ('resident_user_id', '=', user.id)])], limit=1)\n"
        "task = env['hospital.followup.task'].search([('patient_id', '=', other.patient_id.id)], limit=1)\n"
        "print(user.id, other.patient_id.id, task.id or 0, other.patient_id.name, sep='|')\n"
    )
    user_id, hidden_id, task_id, hidden_name = odoo_shell(demo_database, code).strip().splitlines()[-1].split("|")
    page = open_as("doctor")
    page.goto("/odoo/patients")
    page.wait_for_selector(LIST_ROW)
    assert page.locator(LIST_ROW).count() > 0

    # By search.
    page.fill(".o_searchview_input", hidden_name)
    page.keyboard.press("Enter")
    page.wait_for_selector(".o_searchview_facet")
    page.wait_for_selector(".o_view_nocontent")
    assert page.locator(LIST_ROW).count() == 0
    # By URL.
    page.goto(f"/odoo/patients/{hidden_id}")
    page.wait_for_selector(".o_error_dialog, .o_notification, .modal, .o_view_controller")
    assert hidden_name not in page.inner_text("body")
    # By RPC and export.
    assert rpc(page, "res.partner", "read", [int(hidden_id)], ["name"])[1] == "odoo.exceptions.AccessError"
    assert rpc(page, "res.partner", "export_data", [int(hidden_id)], ["name"])[1] == "odoo.exceptions.AccessError"
    if int(task_id):
        assert rpc(page, "hospital.followup.task", "read", [int(task_id)], ["note"])[1]
    own, _error = rpc(
        page,
        "hospital.encounter",
        "search_count",
        [
            ("attending_user_id", "!=", int(user_id)),
            ("resident_user_id", "!=", int(user_id)),
            ("nurse_user_id", "!=", int(user_id)),
        ],
    )
    assert own == 0


def test_leader_opens_figures_drills_and_exports_the_same_numbers(open_as):
    page = open_as("leader")
    page.goto("/odoo/followup-figures")
    page.wait_for_selector(".o_pivot_cell_value")
    names = page.locator(".o_pivot th").all_inner_texts()
    assert "随访率（%）" in names or any("随访率" in name for name in names)

    # Drill: a cell opens the cases behind it, names masked.
    page.locator(".o_pivot_cell_value").first.click()
    page.wait_for_selector(LIST_ROW)
    patients = page.locator("td[name=patient_id]").all_inner_texts()
    assert patients and all("*" in name for name in patients)

    # Excel: the same numbers as the server's own group-by under the same filters.
    page.goto("/odoo/followup-figures")
    page.wait_for_selector(".o_pivot_cell_value")
    page.click(".o_figures_export")
    with page.expect_download() as download:
        page.click(".modal button[name=action_export]")
    sheet = openpyxl.load_workbook(download.value.path().open("rb"), data_only=True).worksheets[0]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    header = next(row for row in cells if "应随访" in str(row[1:3]))
    start, label = cells.index(header) + 1, header[0]
    due = next(i for i, title in enumerate(header) if title and title.startswith("应随访"))
    exported = Counter()
    for row in cells[start:]:
        if row[0] and isinstance(row[due], int):
            exported[row[0]] += row[due]
    assert label == "科室"
    months = [("discharge_date", ">=", "today =1d -1m")]
    groups, error = rpc(
        page, "hospital.followup.report", "formatted_read_group", months, ["department_id"], ["due_count:sum"]
    )
    assert not error
    shown = {group["department_id"][1]: group["due_count:sum"] for group in groups if group["department_id"]}
    assert shown.items() <= exported.items()
    assert exported["合计"] == sum(group["due_count:sum"] for group in groups)


def test_a_rate_of_nobody_is_a_gap_in_the_graph(open_as):
    """This month's discharges have no 30-day rate yet: a gap, not 0 %."""
    page = open_as("leader")
    page.goto("/odoo/followup-figures")
    page.wait_for_selector(".o_pivot_cell_value")
    page.click(".o_switch_view.o_graph")
    page.wait_for_selector(".o_graph_canvas_container canvas")
    page.locator("button", has_text="计量值").click()
    page.locator(".o-dropdown--menu .o_menu_item", has_text="30日随访率").click()
    page.click(".o_searchview_dropdown_toggler")
    page.locator(".o_group_by_menu .o_menu_item", has_text="出院月份").click()
    page.locator(".o_group_by_menu .o_item_option", has_text="月").click()
    months = [("discharge_date", ">=", "today =1d -1m")]
    groups, error = rpc(
        page, "hospital.followup.report", "formatted_read_group", months, ["discharge_date:month"], ["day30_rate:avg"]
    )
    assert not error
    # Odoo's answer for "no figure" is false.
    expected = [None if group["day30_rate:avg"] is False else group["day30_rate:avg"] for group in groups]
    chart = "Chart.getChart(document.querySelector('.o_graph_canvas_container canvas'))?.data.datasets[0]?.data"
    page.wait_for_function(f"expected => JSON.stringify({chart}) === JSON.stringify(expected)", arg=expected)
