from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import FollowupCase

ROLES = (
    "agent",
    "supervisor",
    "doctor",
    "nurse",
    "head",
    "functional",
    "leader",
    "delegated_leader",
    "admin",
    "auditor",
)


@tagged("post_install", "-at_install")
class TestRights(FollowupCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._rule()
        cls._rule(cls._plan("Doctor", [3]), mode="ward")
        cls.people = {role: cls._user(f"fu_r_{role}", role) for role in ROLES}
        cls.people |= {"doctor": cls.doctor, "nurse": cls.nurse, "agent": cls.agent}
        cls._employee(cls.people["head"], "doctor", cls.department)
        inside, outside = (
            cls._encounter(),
            cls._encounter(
                department_id=cls.other_department.id,
                ward_id=False,
                attending_id=False,
                nurse_id=False,
            ),
        )
        central = inside.followup_task_ids.filtered(lambda task: task.mode == "central")
        central[0].user_id = cls.agent
        cls.records = {
            "own central": central[0],
            "other central": central[1],
            "own ward": inside.followup_task_ids.filtered(lambda task: task.mode == "ward"),
            "foreign ward": outside.followup_task_ids.filtered(lambda task: task.mode == "ward"),
        }

    def test_who_sees_which_task(self):
        table = {
            "agent": {"own central"},
            "supervisor": {"own central", "other central"},
            "doctor": {"own ward"},
            "nurse": {"own ward"},
            "head": {"own central", "other central", "own ward"},
            "functional": set(self.records),
            "leader": set(),
            "delegated_leader": set(),
            "admin": set(),
            "auditor": set(),
        }
        for role, expected in table.items():
            seen = set()
            for name, task in self.records.items():
                task = task.with_user(self.people[role])
                try:
                    found = bool(task.search([("id", "=", task.id)]))
                    task.read(["patient_id", "note"])
                    self.assertTrue(found, (role, name))
                    seen.add(name)
                except AccessError:
                    self.assertFalse(role in ROLES[:6] and found, (role, name))
            self.assertEqual(seen, expected, role)

    def test_nobody_creates_or_deletes_past_the_rules(self):
        task = self.records["own central"]
        for role in ROLES:
            for operation in ("create", "unlink"):
                self.assertFalse(task.with_user(self.people[role]).has_access(operation), (role, operation))

    def test_worker_sees_the_patient_of_the_task_at_hand(self):
        patient = self.records["own central"].patient_id.with_user(self.agent)
        other = self.records["foreign ward"].patient_id.with_user(self.agent)
        self.assertTrue(patient.has_access("read"))
        self.assertFalse(other.has_access("read"))
        self.assertFalse(self.records["foreign ward"].encounter_id.with_user(self.agent).has_access("read"))
        self.assertTrue(self.records["own central"].encounter_id.with_user(self.agent).has_access("read"))

    def test_foreign_results_are_refused(self):
        task = self.records["foreign ward"]
        for role in ("agent", "doctor", "nurse"):
            with self.assertRaises(AccessError):
                task.with_user(self.people[role]).with_context(outcome="no_answer").action_record()

    def test_hand_over_needs_the_role(self):
        with self.assertRaises(AccessError):
            self.env["hospital.followup.reassign"].with_user(self.agent).create({"user_id": self.agent2.id})

    def test_a_wizard_is_its_user_s_alone(self):
        """What is being recorded, a complaint in the patient's words, is not read by others of the same role."""
        own = self.people["functional"]
        other = self._user("fu_functional2", "functional")
        task, encounter = self.records["own central"], self.records["own central"].encounter_id
        preview = self.env["hospital.followup.preview"].with_user(own)._run(task.enrolment_id.rule_id.with_user(own))
        wizards = {
            "hospital.followup.callback": {"task_id": task.id},
            "hospital.followup.case": {"task_id": task.id, "description": "Waited an hour"},
            "hospital.followup.close": {"task_id": task.id, "reason": "duplicate"},
            "hospital.followup.create": {"encounter_ids": encounter.ids},
            "hospital.followup.export": {},
            "hospital.followup.preview": {"rule_id": task.enrolment_id.rule_id.id},
            "hospital.followup.preview.line": {"preview_id": preview.id, "kind": "matched"},
            "hospital.followup.reassign": {"task_ids": task.ids, "user_id": self.agent2.id},
        }
        known = {name for name, model in self.env.items() if model._transient and name.startswith("hospital.followup.")}
        self.assertEqual(known, set(wizards), "every wizard of the addon is tried here")
        for name, values in wizards.items():
            wizard = self.env[name].with_user(own).create(values)
            self.assertTrue(wizard.read())
            wizard = wizard.with_user(other)
            self.assertFalse(wizard.search([]), name)
            with self.assertRaises(AccessError, msg=name):
                wizard.read(["create_uid"])
            with self.assertRaises(AccessError, msg=name):
                wizard.write(values)

    def test_form_opens_for_each_reader(self):
        specification = {
            name: {} for name in ("patient_id", "gate_notice", "explanation", "phone_masked", "discharge_orders")
        }
        specification |= {
            "phone_line_ids": {"fields": {"number_masked": {}}},
            "attempt_ids": {"fields": {"outcome": {}}},
        }
        for role, name in (
            ("agent", "own central"),
            ("doctor", "own ward"),
            ("nurse", "own ward"),
            ("head", "own ward"),
        ):
            (values,) = self.records[name].with_user(self.people[role]).web_read(specification)
            self.assertEqual(len(values["phone_line_ids"]), 1, role)
            self.assertIn("****", values["phone_masked"], role)
