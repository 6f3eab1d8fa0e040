"""The main road in a real browser, as its people walk it: worker, doctor, leader."""

import io
import json
from datetime import date

import openpyxl
import pytest
from conftest import odoo_shell
from demo.logins import PASSWORD
from demo.people import PERSONAS

LOGIN = {persona.role: persona.number for persona in PERSONAS}
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
    response = page.request.post(
        f"/web/dataset/call_kw/{model}/{method}",
        data=json.dumps({"jsonrpc": "2.0", "params": {"model": model, "method": method, "args": args, "kwargs": kwargs}}),
        headers={"Content-Type": "application/json"},
    ).json()
    return response.get("result"), response.get("error", {}).get("data", {}).get("name")


def task_of(page):
    return int(page.url.rstrip("/").rsplit("/", 1)[-1].split("?")[0])


def read(database, model, record_id, *names):
    code = f"import json\nprint(json.dumps(env[{model!r}].browse({record_id}).read({list(names)!r})[0], default=str))\n"
    return json.loads(odoo_shell(database, code).strip().splitlines()[-1])


def test_worker_finishes_puts_off_and_takes_a_complaint(open_as, demo_database):
    page = open_as("agent")
    page.goto("/odoo/followups")
    page.wait_for_selector(LIST_ROW)

    # The first task to its end: reached, good, finish and next.
    page.locator(LIST_ROW).first.locator("td[name=patient_id]").click()
    page.wait_for_selector("[data-hotkey='1']")
    first = task_of(page)
    page.click("[data-hotkey='1']")
    page.get_by_role("radio", name="好", exact=True).check()
    page.click("button[name=action_finish_next]")
    page.wait_for_function("id => !location.pathname.endsWith('/' + id)", arg=first)
    page.wait_for_selector("[data-hotkey='3']")
    done = read(demo_database, "hospital.followup.task", first, "state", "condition", "done_by", "in_time")
    assert (done["state"], done["condition"]) == ("done", "good")

    # No answer on the second: one tap, the next attempt appears and the next task comes by itself.
    second = task_of(page)
    page.click("[data-hotkey='3']")
    page.wait_for_function("id => !location.pathname.endsWith('/' + id)", arg=second)
    put_off = read(demo_database, "hospital.followup.task", second, "state", "last_outcome", "next_attempt_at")
    assert (put_off["state"], put_off["last_outcome"]) == ("retry", "no_answer")
    assert put_off["next_attempt_at"]
    third = task_of(page)
    page.goto(f"/odoo/followups/{second}")
    page.wait_for_selector("[name=next_attempt_at]")

    # A complaint on the third.
    page.goto(f"/odoo/followups/{third}")
    page.click("[data-hotkey='1']")
    page.get_by_role("button", name="投诉").first.click()
    page.fill(".modal [name=description] textarea", "护士换药时态度生硬")
    page.click(".modal footer .btn-primary")
    page.wait_for_selector(".modal", state="detached")
    code = (
        f"case = env['hospital.case'].search([('res_model', '=', 'hospital.followup.task'), ('res_id', '=', {third})])\n"
        "task = env['hospital.followup.task'].browse(case.res_id)\n"
        "print(len(case), case.kind, case.state, case.patient_id == task.patient_id, bool(case.department_id))\n"
    )
    assert odoo_shell(demo_database, code).strip().splitlines()[-1] == "1 complaint new True True"


def test_doctor_sees_own_patients_and_no_other(open_as, demo_database):
    code = (
        f"user = env['res.users'].search([('login', '=', {LOGIN['doctor']!r})])\n"
        "other = env['hospital.encounter'].search([('attending_user_id', '!=', user.id),\n"
        "    ('resident_user_id', '!=', user.id), ('nurse_user_id', '!=', user.id),\n"
        "    ('patient_id.encounter_ids', 'not any', ['|', ('attending_user_id', '=', user.id),\n"
        "                                             ('resident_user_id', '=', user.id)])], limit=1)\n"
        "task = env['hospital.followup.task'].search([('patient_id', '=', other.patient_id.id)], limit=1)\n"
        "print(user.id, other.patient_id.id, other.patient_id.name, task.id)\n"
    )
    user_id, hidden_id, hidden_name, task_id = odoo_shell(demo_database, code).strip().splitlines()[-1].split()
    page = open_as("doctor")
    page.goto("/odoo/patients")
    page.wait_for_selector(LIST_ROW)
    assert page.locator(LIST_ROW).count() > 0

    # By search.
    page.fill(".o_searchview_input", hidden_name)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{LIST_ROW}, .o_view_nocontent")
    assert page.locator(LIST_ROW, has_text=hidden_name).count() == 0
    # By URL.
    page.goto(f"/odoo/patients/{hidden_id}")
    page.wait_for_load_state("networkidle")
    assert hidden_name not in page.inner_text("body")
    # By RPC and export.
    assert rpc(page, "res.partner", "read", [int(hidden_id)], ["name"])[1] == "odoo.exceptions.AccessError"
    assert rpc(page, "res.partner", "export_data", [int(hidden_id)], ["name"])[1] == "odoo.exceptions.AccessError"
    if int(task_id or 0):
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
    page.wait_for_selector(".o_pivot table tbody tr")
    # Drill: a cell opens the cases behind it, names masked.
    page.locator(".o_pivot td.o_pivot_cell_value").nth(1).click()
    page.wait_for_selector(LIST_ROW)
    names = page.locator("td[name=patient_id]").all_inner_texts()
    assert names and all("*" in name for name in names)

    # Excel: the same numbers as the server's own group-by for the same period.
    page.goto("/odoo/followup-figures")
    page.wait_for_selector(".o_pivot table tbody tr")
    action, _error = rpc(page, "hospital.followup.export", "create", [{"group_by": "department"}])
    result, error = rpc(page, "hospital.followup.export", "action_export", action)
    assert not error
    workbook = openpyxl.load_workbook(io.BytesIO(page.request.get(result["url"]).body()), data_only=True)
    assert workbook.worksheets[0].max_row > 5
    assert date.today().isoformat()[:4] in str([cell.value for row in workbook.worksheets[0]["A1:A6"] for cell in row])
