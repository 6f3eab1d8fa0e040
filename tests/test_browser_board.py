"""The board of the data exchange in a real browser: what the integration engineer sees when something goes wrong."""

import pytest
from conftest import odoo_shell
from test_browser import open_as, rpc  # noqa: F401

DOWN = """
source = env["hospital.his.source"].search([("driver", "!=", False)], limit=1)
feed = source.feed_ids.filtered(lambda feed: feed.kind == "department")
feed.query = "SELECT * FROM there_is_no_such_table"
env["hospital.his.feed"]._run_all(feed)
env["hospital.his.alarm"]._check()
env.cr.commit()
"""
UP = """
feed = env["hospital.his.feed"].search([("kind", "=", "department"), ("query", "like", "there_is_no")])
feed.query = QUERY
env["hospital.his.feed"]._run_all(feed)
env["hospital.his.alarm"]._check()
env.cr.commit()
"""
READ = 'print(repr(env["hospital.his.feed"].search([("kind", "=", "department")], limit=1).query))'


@pytest.fixture
def broken(demo_database):
    """A feed whose table is gone; mended again."""
    query = odoo_shell(demo_database, READ).strip().splitlines()[-1]
    odoo_shell(demo_database, "env['hospital.service'].search([]).unlink()\n" + DOWN)
    yield lambda: odoo_shell(demo_database, UP.replace("QUERY", query))
    odoo_shell(demo_database, UP.replace("QUERY", query))


def test_a_bad_day_and_its_end(open_as, broken):  # noqa: F811
    page = open_as("integration")
    page.goto("/odoo/his-board")
    alarm = page.locator(".o_his_alarm", has_text="科室")
    alarm.wait_for()
    row = page.locator(".o_his_feeds tbody tr", has_text="科室").first
    assert row.locator(".fa-circle.text-danger").count() == 1
    assert "SELECT" not in row.inner_text()

    # A number opens its list.
    tile = page.locator(".o_his_section_feeds .o_his_tile").nth(2)
    count = int(tile.locator(".o_his_value").inner_text())
    tile.click()
    page.wait_for_selector(".o_list_view .o_data_row")
    assert page.locator(".o_data_row").count() == count >= 1

    # The alarm says what to do and leads to the feed.
    page.goto("/odoo/his-board")
    alarm.click()
    page.wait_for_selector(".o_form_view .alert-info")
    page.locator("button[name=action_open_feed]").click()
    page.wait_for_selector(".o_form_view [name=query]")

    # Mended elsewhere, the board turns green without anybody reloading it.
    page.goto("/odoo/his-board")
    alarm.wait_for()
    broken()
    alarm.wait_for(state="detached", timeout=60_000)
    page.wait_for_selector("tr:has-text('科室') .fa-circle.text-success")


def test_a_dead_letter_is_mended_in_its_table(open_as):  # noqa: F811
    page = open_as("integration")
    (letter_id,), _error = rpc(page, "hospital.his.deadletter", "search", [["code", "=", "bad_date"]], limit=1)
    page.goto(f"/odoo/hospital.his.deadletter/{letter_id}")
    row = page.locator(".o_his_row tr.table-danger").first
    row.wait_for()
    field = row.locator("input").first
    field.fill("2026-01-01 08:00:00")
    field.blur()
    page.locator("button.o_form_button_save").click()
    page.wait_for_selector(".o_form_button_save", state="hidden")
    page.reload()
    page.wait_for_selector(".o_his_row")
    values = page.locator(".o_his_row input").evaluate_all("inputs => inputs.map(input => input.value)")
    assert "2026-01-01 08:00:00" in values
