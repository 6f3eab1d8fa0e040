"""The enquiry desk in a real browser, as somebody uses it who has a caller on the line."""

from test_browser import open_as  # noqa: F401

DESK = ".o_hospital_enquiry"
BOX = ".o_hospital_enquiry_box"
ROWS = f"{DESK} tbody tr"
CARD = f"{DESK} aside"


def desk(page):
    page.goto("/odoo/enquiries")
    page.wait_for_selector(ROWS)
    return page


def test_an_agent_answers_without_the_mouse(open_as):  # noqa: F811
    page = desk(open_as("agent"))
    assert page.evaluate("document.activeElement.matches('.o_hospital_enquiry_box')")
    page.keyboard.press("Alt+2")
    page.keyboard.type("amxl")
    page.wait_for_selector(f"{CARD} h2:has-text('阿莫西林')")
    names = [row.split("\t")[0] for row in page.locator(ROWS).all_inner_texts()]
    assert len(names) > 1 and all("阿莫西林" in name for name in names) and len(set(names)) > 1
    assert page.locator("[data-kind=drug] .badge").inner_text() == str(len(names))
    first = page.locator(f"{CARD} h2").inner_text()
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "first => document.querySelector('.o_hospital_enquiry aside h2').innerText !== first", arg=first
    )
    assert "元" in page.locator(CARD).inner_text()
    page.locator(f"{CARD} button").focus()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("Enter")
    page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('阿莫西林')")


def test_patients_are_asked_for_by_enter_only(open_as):  # noqa: F811
    page = open_as("agent")
    asked = []
    page.on(
        "request", lambda request: asked.append(request.post_data or "") if "hospital.enquiry/ask" in request.url else 0
    )
    desk(page)
    page.click("[data-kind=inpatient]")
    page.fill(BOX, "王")
    page.press(BOX, "Enter")
    page.wait_for_selector(f"{DESK} .alert")
    page.fill(BOX, "不存在的名字")
    page.wait_for_selector(f"{DESK} .h4")
    page.wait_for_timeout(500)
    assert len([body for body in asked if "inpatient" in body]) == 1
    page.press(BOX, "Enter")
    page.wait_for_function("document.querySelector('.o_hospital_enquiry .h4')?.innerText.includes('没有查到')")
    # Who types fast and presses Enter at once keeps the answer.
    page.fill(BOX, "")
    page.wait_for_timeout(500)
    page.keyboard.type("李")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{DESK} .alert")
    page.wait_for_timeout(500)
    assert page.locator(f"{DESK} .alert").count() == 1


def test_a_doctor_finds_the_own_patients_at_once(open_as):  # noqa: F811
    page = desk(open_as("doctor"))
    page.click("[data-kind=inpatient]")
    page.press(BOX, "Enter")
    page.wait_for_selector(ROWS)
    assert "床" in page.locator(CARD).inner_text()


def test_who_answers_no_patients_has_no_such_list(open_as):  # noqa: F811
    page = desk(open_as("leader"))
    kinds = page.locator("[data-kind]").evaluate_all("buttons => buttons.map(button => button.dataset.kind)")
    assert kinds == ["phone", "drug", "exam_item", "leader", "expert", "senior_expert"]
