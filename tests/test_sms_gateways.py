"""The board of gateways in a real browser: what its engineer sees, switches and tests."""

import pytest
from conftest import odoo_shell
from test_browser import open_as, rpc  # noqa: F401

MADE = """
gateway = env["hospital.gateway"].create(
    {"name": "Board", "protocol": "cmpp2", "host": "127.0.0.1", "port": 7890, "login": "901234"}
)
gateway.write({"state": "refused", "state_code": "3"})
env["hospital.service"].search([("name", "=", "messages")]).unlink()
env.cr.execute(
    "INSERT INTO hospital_service (name, host, pid, leader, state, heartbeat_at)"
    " VALUES ('messages', 'board', 1, true, 'running', now() AT TIME ZONE 'UTC' + interval '1 hour')"
)
env.cr.commit()
"""
GONE = """
gateway = env["hospital.gateway"].search([("name", "=", "Board")])
# Nobody deletes messages but by the button of the history; these never were.
env.cr.execute("DELETE FROM hospital_message WHERE gateway_id = %s", [gateway.id])
gateway.unlink()
env["hospital.service"].search([("host", "=", "board")]).unlink()
env.cr.commit()
"""


@pytest.fixture
def board(open_as, demo_database):  # noqa: F811
    odoo_shell(demo_database, MADE)
    page = open_as("integration")
    page.goto("/odoo/message-gateways")
    yield page, page.locator(".o_kanban_record", has_text="Board")
    page.close()
    odoo_shell(demo_database, GONE)


def test_a_gateway_is_unlocked_switched_and_tested(board):
    page, card = board
    card.wait_for()
    # One banner: nothing reaches a phone. The service runs, as far as the board knows.
    assert page.locator(".alert[role=status]").count() == 1
    assert card.locator(".alert-danger").count() == 1
    card.locator("button[name=action_try_again]").click()
    card.locator(".alert-danger").wait_for(state="detached")
    assert card.locator("button[name=action_try_again]").count() == 0

    # Off: the card says so at once, and so does the database.
    card.locator("button[name=action_switch]").click()
    card.locator("button[name=action_switch].btn-primary").wait_for()
    (gateway,), _error = rpc(page, "hospital.gateway", "search_read", [["name", "=", "Board"]], ["enabled"])
    assert gateway["enabled"] is False

    # A test of a gateway that is off waits; the dialog says so before and after.
    card.locator("button[name=action_test]").click()
    dialog = page.locator(".modal")
    dialog.locator("[name=number] input").fill("13900001234")
    dialog.locator("[name=text] input").click()
    dialog.locator(".alert-info").wait_for()
    dialog.locator("button[name=action_send]").click()
    dialog.locator("[name=state] .badge.text-bg-info").wait_for()
    dialog.locator("button[name=action_look]").click()
    dialog.locator("[name=state] .badge.text-bg-info").wait_for()
