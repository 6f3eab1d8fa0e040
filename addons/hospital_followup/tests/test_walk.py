from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, new_test_user, tagged

# Three tasks, as a worker does them: a normal one to its end, one without answer, one with a complaint.
WALK = """
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    async function until(what, find) {
        for (let i = 0; i < 300; i++) {
            const found = find();
            if (found) { return found; }
            await pause(50);
        }
        throw new Error(`not found: ${what}`);
    }
    const visible = (element) => element.offsetParent !== null;
    const button = (text) => until(text, () => [...document.querySelectorAll("button")].find(
        (element) => visible(element) && element.textContent.trim() === text && !element.disabled));
    const patient = (name) => until(name, () => [...document.querySelectorAll(".o_form_view h1")].find(
        (element) => element.textContent.includes(name)));
    async function tap(text) { (await button(text)).click(); }

    (async () => {
        (await until("list", () => document.querySelector("tr.o_data_row td[name=patient_id]"))).click();
        await patient("First Patient");
        await until("discharge summary", () => document.body.textContent.includes("Rest for two weeks"));
        await tap("接通-本人");
        (await until("Good", () => [...document.querySelectorAll("[name=condition] input")].find(visible))).click();
        await tap("完成并下一个");
        await patient("Second Patient");
        await tap("无人接听");
        await patient("Third Patient");
        await tap("投诉");
        const words = await until("words", () => document.querySelector(".modal [name=description] textarea"));
        words.value = "Waited an hour for the drugs";
        words.dispatchEvent(new Event("input", {bubbles: true}));
        words.dispatchEvent(new Event("change", {bubbles: true}));
        await tap("登记");
        await until("closed dialog", () => !document.querySelector(".modal"));
        console.log("test successful");
    })().catch((error) => console.error(error.message));
"""


@tagged("post_install", "-at_install")
class TestWalk(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.env["hospital.followup.rule"].search([]).active = False
        policies = cls.env["hospital.contact.policy"].search([("purpose", "=", "followup")])
        policies.hours = "00:00-23:59"
        cls.agent = new_test_user(cls.env, "fu_walker", groups="hospital_base.group_agent", lang="zh_CN")
        plan = cls.env["hospital.followup.plan"].create(
            {"name": "General", "point_ids": [fields.Command.create({"name": "Day 3", "due_day": 3})]}
        )
        cls.env["hospital.followup.rule"].create({"name": "General", "plan_id": plan.id})
        now = fields.Datetime.now()
        # The longer ago the discharge, the sooner the window closes.
        for days, name in ((4, "First Patient"), (3, "Second Patient"), (2, "Third Patient")):
            patient = cls.env["res.partner"].create({"name": name, "is_patient": True, "patient_no": name})
            cls.env["hospital.patient.phone"].create({"patient_id": patient.id, "number": f"1390000000{days}"})
            encounter = cls.env["hospital.encounter"].create(
                {
                    "encounter_class": "inpatient",
                    "state": "finished",
                    "patient_id": patient.id,
                    "admitted_at": now - timedelta(days=10),
                    "discharged_at": now - timedelta(days=days),
                    "discharge_date": cls.env["res.company"]._hospital_today() - timedelta(days=days),
                    "discharge_orders": "Rest for two weeks",
                }
            )
            encounter._after_exchange(encounter, encounter.browse())
            encounter.followup_task_ids.user_id = cls.agent

    def _task(self, name):
        return self.env["hospital.followup.task"].search([("patient_id.name", "=", name)])

    def test_worker_walks_through_three_tasks(self):
        self.browser_js("/odoo/followups", WALK, login="fu_walker", timeout=120)
        first, second, third = (self._task(f"{place} Patient") for place in ("First", "Second", "Third"))
        self.assertEqual((first.state, first.condition, first.done_by), ("done", "good", self.agent))
        self.assertEqual((second.state, second.last_outcome), ("retry", "no_answer"))
        self.assertTrue(second.next_attempt_at)
        self.assertEqual(third.claimed_by, self.agent)
        case = self.env["hospital.case"].search([("res_model", "=", third._name), ("res_id", "=", third.id)])
        self.assertEqual((case.kind, case.patient_id), ("complaint", third.patient_id))
        self.assertEqual(case.description, "Waited an hour for the drugs")
