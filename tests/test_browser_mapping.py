"""An integration engineer connects an unknown HIS in a real browser, from the connection to the patients."""

import json
import re

import pytest
import sqlalchemy as sa
from conftest import database, odoo_shell, server
from his_small import SmallHis

LOGIN = "engineer"
PASSWORD = "Hospital-2026"
ENGINEER = f"""
env["res.users"].create({{
    "name": "Engineer", "login": {LOGIN!r}, "password": {PASSWORD!r},
    "group_ids": [(6, 0, [env.ref("hospital_base.group_integration").id])],
}})
env.cr.commit()
"""

RUN = """
import json
run = env["hospital.his.run"].search([("state", "=", "queued")])
env["hospital.his.feed"]._run_queued(run)
patient = env["res.partner"].search([("external_id", "=", "P9")])
print(json.dumps({"new": run.new_count, "rejected": run.rejected_count, "gender": patient.gender}))
"""


@pytest.fixture
def page(chromium, tmp_path):
    """The engineer's page, with ``his`` and ``database_name`` beside it; an error in the console fails the test."""
    his = SmallHis(sa.create_engine(f"sqlite:///{tmp_path / 'his.sqlite'}", poolclass=sa.NullPool))
    his.fill(6)
    his.put("br", "P9", xm="无名氏", xb="8", csrq="不详", dh="无")
    his.put("br", "P8", xm="", xb="1")
    with database("mapping") as name:
        odoo_shell(name, ENGINEER)
        with server(name) as url:
            context = chromium.new_context(base_url=url, locale="zh-CN", viewport={"width": 1440, "height": 900})
            page = context.new_page()
            page.set_default_timeout(90_000)
            errors = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto("/web/login")
            page.fill("#login", LOGIN)
            page.fill("#password", PASSWORD)
            page.click(".oe_login_form button[type=submit]")
            page.wait_for_selector(".o_main_navbar, .o_home_menu")
            page.his, page.database_name = his, name
            yield page
            context.close()
            assert not errors


def button(page, name):
    page.locator(f"button[name={name}]:visible").first.click()


def tab(page, name):
    page.locator(f"a[name={name}]:visible").click()


def choose(page, field, text):
    """Type into a many2one and take the first that is offered."""
    page.fill(f".modal div[name={field}] input", text)
    page.locator(".o-autocomplete--dropdown-item", has_text=text).first.click()


def test_from_the_connection_to_the_patients(page):
    page.goto("/odoo/action-hospital_his_connector.action_his_source/new")
    page.fill("div[name=name] input", "HIS")
    page.fill("div[name=code] input", "his")
    page.locator("div[name=driver]").locator("select, input").first.click()
    pick(page, "SQLite")
    page.fill("div[name=database] input", page.his.engine.url.database)
    button(page, "action_test_connection")
    page.wait_for_selector(
        ".o_notification .bg-success, .o_notification.border-success, .o_notification_bar.bg-success"
    )

    # A table of the HIS, its columns with rows, and what they could fill.
    button(page, "action_new_feed")
    choose(page, "table_id", "br")
    page.wait_for_function("() => document.querySelector('.modal div[name=query] textarea').value.includes('FROM br')")
    button(page, "action_look")
    page.wait_for_selector(".modal td[name=sample]")
    proposed = dict(
        zip(
            page.locator(".modal td[name=column]").all_inner_texts(),
            page.locator(".modal td[name=target]").all_inner_texts(),
            strict=True,
        )
    )
    assert proposed["xm"].strip() and proposed["csrq"].strip() and not proposed["gxsj"].strip()
    assert "不详" in row(page, ".modal", "csrq")
    button(page, "action_take")

    # The feed shows the same beside its mapping, and is not in use yet.
    tab(page, "mapping")
    feed = page.url
    page.wait_for_selector("td[name=sample]")
    assert "张" in row(page, ".o_form_view", "xm")
    button(page, "action_dry_run")
    button(page, "action_start")
    page.wait_for_selector(".modal a[name=new]")
    counted = {name: page.locator(f".modal div[name={name}_count]").inner_text() for name in ("new", "rejected")}
    assert counted == {"new": "7", "rejected": "1"}
    assert "P8" in page.locator(".modal .o_data_row").first.inner_text()
    tab(page, "new")
    assert "13900000005" in page.locator(".modal .o_list_renderer:visible").inner_text()
    # The value without a meaning waits in its code table.
    button(page, "action_collect")
    page.wait_for_selector(".o_data_row td[name=unmapped_count]")
    page.click(".o_data_row td[name=name]")
    page.locator("td[name=choice]").first.click()
    page.locator("td[name=choice] input").click()
    pick(page, re.compile("Unknown|不详"))
    page.locator("button.o_form_button_save").click()
    page.wait_for_selector(".o_form_button_save", state="hidden")

    # Put into use, run, and there they are; the way there is kept in versions.
    page.goto(feed)
    button(page, "action_unarchive")
    page.locator(".modal footer .btn-primary").click()
    button(page, "action_run")
    page.wait_for_selector(".o_notification")
    told = json.loads(odoo_shell(page.database_name, RUN).strip().splitlines()[-1])
    assert told == {"new": 7, "rejected": 1, "gender": "unknown"}
    button(page, "action_open_versions")
    page.wait_for_selector("td[name=summary]")
    assert page.locator(".o_data_row").count() >= 2


def pick(page, label):
    """Take an option of a selection, once it is open."""
    page.locator(".o_select_menu_item, .o-dropdown-item", has_text=label).first.click()


def row(page, within, column):
    """The text of the mapping line of ``column``."""
    name = page.locator("td[name=column]", has_text=re.compile(f"^{column}$"))
    line = page.locator(f"{within} .o_data_row").filter(has=name)
    return line.locator("td[name=sample]").inner_text()
