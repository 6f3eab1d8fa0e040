import base64
import io
from datetime import datetime, timedelta

from openpyxl import load_workbook

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import NOW, TODAY, FollowupCase


@tagged("post_install", "-at_install")
class ReportCase(FollowupCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Report = cls.env["hospital.followup.report"]
        cls.leader = cls._user("fu_leader", "leader")
        cls.delegated = cls._user("fu_delegated", "delegated_leader")
        cls.head = cls._user("fu_head", "head")
        cls._employee(cls.head, "doctor", cls.department)
        cls.functional = cls._user("fu_functional", "functional")
        cls.env["hospital.scope"].create(
            {"user_id": cls.delegated.id, "department_ids": [Command.set(cls.other_department.ids)], "date_from": TODAY}
        )

    @classmethod
    def _task(cls, state="open", due=-10, discharged=None, enrolment=None, patient=None, mode="central", **values):
        """A contact that was due ``due`` days from today; of a visit of its own unless one is given."""
        due_date = TODAY + timedelta(days=due)
        if not enrolment:
            discharge = TODAY + timedelta(days=due - 3 if discharged is None else discharged)
            encounter = cls._encounter(patient, discharged_days_ago=(TODAY - discharge).days)
            enrolment = cls.env["hospital.followup.enrolment"].create(
                {
                    "encounter_id": encounter.id,
                    "patient_id": encounter.patient_id.id,
                    "mode": mode,
                    "plan_id": cls.plan.id,
                }
            )
        encounter = enrolment.encounter_id
        if state == "done":
            values = {"done_at": NOW + timedelta(days=due), "done_by": cls.agent.id, "attempt_count": 1} | values
        return cls.Task.create(
            {
                "enrolment_id": enrolment.id,
                "plan_id": enrolment.plan_id.id,
                "encounter_id": encounter.id,
                "patient_id": encounter.patient_id.id,
                "contact_id": encounter.patient_id.id,
                "mode": mode,
                "department_id": cls.department.id,
                "ward_id": cls.ward.id,
                "attending_user_id": cls.doctor.id,
                "user_id": cls.agent.id,
                "discharge_date": encounter.discharge_date,
                "earliest_date": due_date - timedelta(days=1),
                "due_date": due_date,
                "latest_date": due_date + timedelta(days=2),
                "state": state,
                **values,
            }
        )

    def _figures(self, *names, domain=(), user=None):
        specs = [f"{name}:{'avg' if name.endswith('rate') else 'sum'}" for name in names]
        [figures] = self.Report.with_user(user or self.functional)._read_group(list(domain), [], specs)
        return list(figures)


class TestFigures(ReportCase):
    def test_population(self):
        """Due by today, minus not needed and withdrawn ones and test patients; no phone number stays in."""
        counted = self._task() | self._task("done") | self._task("expired") | self._task(due=0)
        counted |= self._task("lost", patient=self._patient(numbers=()))
        self._task("not_needed")
        self._task("cancelled")
        self._task(due=1)
        self._task("done", patient=self._patient(is_test_patient=True))
        self.assertEqual(set(self.Report.with_user(self.functional).search([]).ids), set(counted.ids))

    def test_what_a_person_closed_as_not_needed_is_counted_apart(self):
        self._task("done", in_time=True)
        self._task("lost")
        before = self._figures("due_count", "followup_rate", "covered_rate", "with_number_rate", "day7_rate")
        closed = {"done_by": self.agent2.id, "done_at": NOW}
        self._task("not_needed", close_reason="duplicate", attempt_count=1, **closed)
        self._task("not_needed", close_reason="transferred", **closed)
        self._task("not_needed", close_reason="readmitted")  # found by the system
        self._task("not_needed", due=1, close_reason="duplicate", **closed)
        names = ("due_count", "followup_rate", "covered_rate", "with_number_rate", "day7_rate")
        self.assertEqual(self._figures(*names), before)
        rows = self.Report.with_user(self.leader)._read_group(
            [("user_id", "=", self.agent2.id)], ["close_reason"], ["not_needed_count:sum", "due_count:sum"]
        )
        self.assertCountEqual(rows, [("duplicate", 1, 0), ("transferred", 1, 0)])

    def test_due_follows_the_clock_of_the_hospital(self):
        self._task(due=1)
        self.assertEqual(self._figures("due_count"), [False])
        self.clock.move_to(datetime(2026, 3, 2, 16, 30))  # 00:30 of the next day in Shanghai
        self.assertEqual(self._figures("due_count"), [1])

    def test_rates_by_hand(self):
        """Ten due: 4 in time, 2 late, 1 lost without number, 1 refused, 1 open and overdue, 1 not yet tried."""
        for _ in range(4):
            self._task("done", in_time=True)
        self._task("done", in_time=False)
        self._task("done", in_time=False)
        self._task("lost", patient=self._patient(numbers=()), lost_reason="no_valid_number")
        self._task("refused", attempt_count=2)
        self._task("retry", attempt_count=1)
        self._task("open", due=0)
        self.assertEqual(self._figures("due_count", "done_count", "in_time_count", "overdue_count"), [10, 6, 4, 1])
        self.assertEqual(
            self._figures("followup_rate", "in_time_rate", "lost_rate", "refused_rate", "covered_rate"),
            [60, 40, 10, 10, 80],
        )
        self.assertEqual(self._figures("with_number_rate"), [90])
        self.assertAlmostEqual(self._figures("reachable_rate")[0], 100 * 6 / 9)
        self.assertAlmostEqual(self._figures("in_time_of_done_rate")[0], 100 * 4 / 6)

    def test_number_is_valid_until_found_invalid(self):
        patient = self._patient(numbers=("13900000002", "13900000003"))
        self._task(patient=patient)
        patient.phone_line_ids[0]._mark_invalid("empty_number")
        self.assertEqual(self._figures("with_number_rate"), [100])
        patient.phone_line_ids[1]._mark_invalid("stopped")
        self.assertEqual(self._figures("with_number_rate", "followup_rate"), [0, 0])

    def test_contact_rate_counts_people_among_those_tried(self):
        for outcomes in (["no_answer", "reached_family"], ["no_answer"], []):
            task = self._task("retry", attempt_count=len(outcomes))
            for outcome in outcomes:
                self.env["hospital.followup.attempt"].create(
                    {
                        "task_id": task.id,
                        "encounter_id": task.encounter_id.id,
                        "patient_id": task.patient_id.id,
                        "outcome": outcome,
                    }
                )
        self.assertEqual(self._figures("attempted_count", "reached_count", "reached_rate"), [2, 1, 50])

    def test_cohort_counts_each_visit_once_and_waits_until_its_days_are_over(self):
        first = self._task("lost", due=-20, discharged=-23)
        self._task("done", due=-14, enrolment=first.enrolment_id)  # the ninth day after the discharge
        self.assertEqual(self._figures("day7_count", "day7_rate", "day14_rate"), [1, 0, 100])
        self.assertEqual(self._figures("day30_count", "day30_rate"), [0, False], "Thirty days are not over: no figure.")
        done = self._task("done", due=-1, discharged=-4)
        self.assertEqual(self._figures("day7_count", "day7_rate"), [1, 0], "Done already, but its week is not over.")
        self.clock.move_to(NOW + timedelta(days=4))
        self.assertEqual(done.discharge_date + timedelta(days=8), TODAY + timedelta(days=4))
        self.assertEqual(self._figures("day7_count", "day7_rate"), [2, 50])

    def test_cohort_passes_over_a_first_contact_that_was_not_needed(self):
        skipped = self._task("not_needed", due=-20, discharged=-23)
        self._task("done", due=-19, enrolment=skipped.enrolment_id)
        self.assertEqual(self._figures("day7_count", "day7_rate"), [1, 100])

    def test_average_of_every_level_is_the_rate_of_its_rows(self):
        for department, states in ((self.department, ("done",) * 9 + ("lost",)), (self.other_department, ("lost",))):
            for state in states:
                self._task(state, department_id=department.id)
        rows = self.Report.with_user(self.leader)._read_group([], ["department_id"], ["followup_rate:avg"])
        self.assertEqual(
            sorted((department.name, rate) for department, rate in rows), [("Cardiology", 90), ("Surgery", 0)]
        )
        self.assertAlmostEqual(self._figures("followup_rate")[0], 100 * 9 / 11)

    def test_worker_is_who_closed_it_else_who_owns_it(self):
        self._task("done", done_by=self.agent2.id)
        self._task("open")
        rows = self.Report.with_user(self.leader)._read_group([], ["user_id"], ["due_count:sum", "done_count:sum"])
        self.assertCountEqual(
            rows, [(self.agent2.with_user(self.leader), 1, 1), (self.agent.with_user(self.leader), 1, 0)]
        )

    def test_case_tells_what_was_tried(self):
        task = self._owned_task()
        self._at(10, 0)
        task.with_user(self.agent)._record("no_answer")
        self._at(10, 0, days=3)
        self.assertEqual(
            self.Report.with_user(self.leader).browse(task.id).history,
            f"2026-03-02 10:00 · No answer · {self.agent.name}",
        )


class TestReportRights(ReportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls._task(patient=cls._patient(name="王建国"), note="伤口愈合好")
        cls.ward_task = cls._task(mode="ward", user_id=cls.doctor.id)
        cls.elsewhere = cls._task(
            department_id=cls.other_department.id, ward_id=False, attending_user_id=False, user_id=cls.agent2.id
        )
        cls.all = cls.own | cls.ward_task | cls.elsewhere

    def _seen(self, user):
        return self.Task.browse(self.Report.with_user(user).search([]).ids)

    def test_who_sees_which_rows(self):
        expected = {
            self.agent: self.own,
            self.agent2: self.elsewhere,
            self.supervisor: self.own | self.elsewhere,
            self.doctor: self.own | self.ward_task,
            self.nurse: self.Task,
            self.head: self.own | self.ward_task,
            self.functional: self.all,
            self.delegated: self.elsewhere,
            self.leader: self.all,
        }
        for user, tasks in expected.items():
            self.assertEqual(self._seen(user), tasks.sorted(reverse=True) & self._seen(user), user.login)
            self.assertEqual(set(self._seen(user).ids), set(tasks.ids), user.login)
            count = self.Report.with_user(user)._read_group([], [], ["due_count:sum"])[0][0] or 0
            self.assertEqual(count, len(tasks), f"{user.login}: the sum shows no more than the list")

    def test_no_figures_for_those_without_business(self):
        for role in ("staff", "quality", "admin", "auditor", "integration"):
            user = self._user(f"fu_{role}", role)
            with self.assertRaises(AccessError, msg=role):
                self.Report.with_user(user).search([])
            with self.assertRaises(AccessError, msg=role):
                self.env["hospital.followup.export"].with_user(user).create({})

    def test_figures_cannot_be_written(self):
        for user in (self.leader, self.functional):
            for operation in ("write", "create", "unlink"):
                self.assertFalse(self.Report.with_user(user).has_access(operation))

    def test_leader_sees_the_masked_name_and_nothing_clinical(self):
        row = self.Report.with_user(self.leader).browse(self.own.id)
        [values] = row.web_read({"patient_id": {"fields": {"display_name": {}}}, "state": {}, "history": {}})
        self.assertEqual(values["patient_id"]["display_name"], "王*国")
        [(label, _count)] = [
            (group["patient_id"][1], group["__count"])
            for group in self.Report.with_user(self.leader).formatted_read_group(
                [("id", "=", self.own.id)], ["patient_id"], ["__count"]
            )
        ]
        self.assertEqual(label, "王*国")
        self.assertIn("王*国", row.display_name)
        with self.assertRaises(AccessError):
            row.read(["note"])
        with self.assertRaises(AccessError):
            row.patient_id.read(["name"])
        self.assertFalse(self.Report.with_user(self.leader).search([("patient_id.name", "ilike", "建国")]))
        self.assertFalse(self.Report.with_user(self.leader).search([("patient_id", "ilike", "建国")]))
        self.assertEqual(self.Report.with_user(self.functional).browse(self.own.id).note, "伤口愈合好")

    def test_opening_a_case_is_logged(self):
        names = ("patient_id", "state", "history", "user_id", "department_id", "due_date", "discharge_date", "plan_id")
        self.Report.with_user(self.leader).browse(self.own.id).web_read({name: {} for name in names})
        log = self.env["hospital.access.log"].search([("user_id", "=", self.leader.id)])
        self.assertEqual((log.action, log.res_model, log.patient_id), ("open", self.Report._name, self.own.patient_id))


class TestExport(ReportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for state, due in (("done", -10), ("done", -40), ("lost", -10), ("refused", -40), ("open", -1)):
            cls._task(state, due=due, in_time=due == -10)
        cls._task("done", due=-5, department_id=cls.other_department.id, ward_id=False)
        cls.other_department.name = "=cmd|' /C calc'!A0"

    def _export(self, user=None, **values):
        user = user or self.leader
        wizard = self.env["hospital.followup.export"].with_user(user).create({"date_from": False} | values)
        action = wizard.action_export()
        self.assertEqual(action["type"], "ir.actions.act_url")
        return wizard, load_workbook(io.BytesIO(base64.b64decode(wizard.content)), data_only=True)

    def _lines(self, book, sheet="Figures"):
        """Return the lines of a sheet as dictionaries by title."""
        rows = [[cell.value for cell in row] for row in book[sheet].iter_rows()]
        head = next(place for place, row in enumerate(rows) if row[-1] is not None)
        return [dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :]]

    def _compare(self, lines, domain, group, user):
        """Each line shows what the pivot shows, the last line its total."""
        titles = self.Report.fields_get([], ["string"])
        sums = [name for name in self.Report._fields if name.endswith("_count") and titles[name]["string"] in lines[0]]
        rates = [name for name in self.Report._fields if name.endswith("_rate") and titles[name]["string"] in lines[0]]
        specs = [f"{name}:sum" for name in sums] + [f"{name}:avg" for name in rates]
        report = self.Report.with_user(user)
        groups = {row[0].display_name: row[1:] for row in report._read_group(domain, [group], specs)}
        groups["Total"] = report._read_group(domain, [], specs)[0]
        label = next(iter(lines[0]))
        self.assertEqual({line[label] for line in lines}, set(groups))
        for line in lines:
            shown = groups[line[label]]
            self.assertEqual(
                [line[titles[name]["string"]] for name in sums], [value or 0 for value in shown[: len(sums)]]
            )
            for name, value in zip(rates, shown[len(sums) :], strict=True):
                if value is False:
                    self.assertFalse(line[titles[name]["string"]], f"{name}: no figure, not 0 %")
                else:
                    self.assertAlmostEqual(100 * line[titles[name]["string"]], value, msg=name)

    def test_same_numbers_as_the_pivot(self):
        wizard, book = self._export()
        self.assertEqual(book.sheetnames, ["Figures", "Chart", "By Discharge", "Definitions"])
        for sheet in ("Figures", "By Discharge"):
            self._compare(self._lines(book, sheet), [], "department_id", self.leader)
        self.assertEqual(wizard.file_name, "Follow-up figures 2026-01-18 to 2026-02-26.xlsx")
        self.assertIn(f"{self.leader.name} ({self.leader.login})", book["Figures"]["A4"].value)

    def test_filters_of_the_form(self):
        _wizard, book = self._export(date_from="2026-02-01", department_ids=self.department.ids, mode="central")
        domain = [("discharge_date", ">=", "2026-02-01"), ("department_id", "=", self.department.id)]
        self._compare(self._lines(book), domain, "department_id", self.leader)
        self.assertEqual(
            book["Figures"]["A3"].value, "Filters: Date of Discharge 2026-02-01 – 2026-03-02; Central; Cardiology"
        )

    def test_filters_and_grouping_of_the_view(self):
        Export = self.env["hospital.followup.export"].with_user(self.leader)
        values = Export.with_context(view_groups=["user_id", "due_date:month"]).default_get(["group_by", "then_by"])
        self.assertEqual(values, {"group_by": "user_id", "then_by": "due_date:month"})
        _wizard, book = self._export(
            view_domain='[["state", "in", ["lost", "refused"]]]', view_filters="Lost or Refused", group_by="user_id"
        )
        self._compare(self._lines(book), [("state", "in", ("lost", "refused"))], "user_id", self.leader)
        self.assertTrue(book["Figures"]["A3"].value.endswith("Lost or Refused"))

    def test_two_levels(self):
        _wizard, book = self._export(group_by="department_id", then_by="due_date:month")
        lines = self._lines(book)
        self.assertEqual(
            [
                (line["Department"], line["Month Due"], line["Due Contacts"])
                for line in lines
                if line["Department"] == "Cardiology"
            ],
            [("Cardiology", "2026-01", 2), ("Cardiology", "2026-02", 2), ("Cardiology", "2026-03", 1)],
        )

    def test_what_cannot_be_taken_over_from_the_view_is_said(self):
        wizard = self.env["hospital.followup.export"].with_user(self.leader)
        groups = ["state", "department_id", "discharge_date:week", "due_date:month", "mode"]
        view = {"view_groups": groups, "view_measures": ["done_count", "reached_count", "__count"]}
        wizard, book = self._export(view_domain="[]", **wizard.with_context(**view).default_get([]))
        self.assertEqual((wizard.group_by, wizard.then_by), ("department_id", "due_date:month"))
        notice = "Not taken over from the view: State, Date of Discharge, Mode, Reached"
        self.assertEqual(wizard.view_notice, notice)
        self.assertTrue(book["Figures"]["A3"].value.endswith(notice))
        view = {"view_groups": ["user_id", "mode"], "view_measures": ["done_count", "day7_rate"]}
        self.assertNotIn("view_notice", wizard.with_context(**view).default_get([]))

    def test_only_what_the_role_may_see(self):
        _wizard, book = self._export(self.delegated)
        self.assertEqual([line["Due Contacts"] for line in self._lines(book)], [1, 1])

    def test_no_names_of_patients_and_inert_text(self):
        names = set(self.Task.search([]).patient_id.mapped("name"))
        wizard, _book = self._export()
        book = load_workbook(io.BytesIO(base64.b64decode(wizard.content)))
        cells = [
            cell
            for name in ("Figures", "By Discharge", "Definitions")
            for row in book[name].iter_rows()
            for cell in row
        ]
        self.assertFalse(names & {cell.value for cell in cells})
        evil = [cell for cell in cells if isinstance(cell.value, str) and "cmd" in cell.value]
        self.assertTrue(evil)
        self.assertEqual({cell.data_type for cell in evil}, {"s"})

    def test_export_is_logged(self):
        self._export()
        log = self.env["hospital.access.log"].search([("user_id", "=", self.leader.id), ("action", "=", "export")])
        self.assertEqual((log.count, log.res_model), (6, self.Report._name))
        self.assertIn("Date of Discharge", log.reason)

    def test_nothing_to_export(self):
        with self.assertRaisesRegex(UserError, "no figures"):
            self._export(date_from="2030-01-01", date_to="2030-02-01")

    def test_an_export_belongs_to_who_made_it(self):
        wizard, _book = self._export()
        with self.assertRaises(AccessError):
            wizard.with_user(self.delegated).read(["content"])

    def test_every_figure_of_the_sheet_is_defined(self):
        _wizard, book = self._export()
        defined = {row[0].value for row in book["Definitions"].iter_rows(min_row=2)}
        rates = {title for line in self._lines(book)[:1] for title in line if title and "(%)" in title}
        self.assertEqual({title.removesuffix(" (%)") for title in rates} - defined, set())
