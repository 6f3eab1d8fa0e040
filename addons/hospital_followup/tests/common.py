from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import TransactionCase, new_test_user

# Monday 2 March 2026, 09:30 by the hospital's clock.
NOW = datetime(2026, 3, 2, 1, 30)
TODAY = NOW.date()


class FollowupCase(TransactionCase):
    """A hospital with one department, a doctor, a nurse and two follow-up workers; Monday morning."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        frozen = freeze_time(NOW, tick=False)
        cls.clock = frozen.start()
        cls.addClassCleanup(frozen.stop)
        cls.env["hospital.followup.rule"].search([]).active = False
        cls.env["hospital.followup.worker"].search([]).active = False
        cls.Task = cls.env["hospital.followup.task"]
        cls.doctor = cls._user("fu_doctor", "doctor")
        cls.nurse = cls._user("fu_nurse", "nurse")
        cls.agent = cls._user("fu_agent", "agent")
        cls.agent2 = cls._user("fu_agent2", "agent")
        cls.supervisor = cls._user("fu_supervisor", "supervisor")
        Department = cls.env["hr.department"]
        cls.department = Department.create({"name": "Cardiology", "kind": "clinical", "code": "FU1"})
        cls.other_department = Department.create({"name": "Surgery", "kind": "clinical", "code": "FU2"})
        cls.ward = Department.create({"name": "Cardiology ward", "kind": "ward", "code": "FU3"})
        cls.doctor_employee = cls._employee(cls.doctor, "doctor", cls.department)
        cls.nurse_employee = cls._employee(cls.nurse, "nurse", cls.ward)
        cls.plan = cls._plan("General", [3, 30])
        cls.heart_plan = cls._plan("Heart", [2, 14])
        cls.source = cls.env["hospital.his.source"].create({"name": "HIS", "code": "fu_his"})
        cls.serial = 0

    @classmethod
    def _user(cls, login, role):
        return new_test_user(cls.env, login, groups=f"hospital_base.group_{role}", tz="Asia/Shanghai")

    @classmethod
    def _employee(cls, user, profession, department):
        return cls.env["hr.employee"].create(
            {"name": user.name, "user_id": user.id, "profession": profession, "department_id": department.id}
        )

    @classmethod
    def _plan(cls, name, days, **values):
        points = [fields.Command.create({"name": f"Day {day}", "due_day": day}) for day in days]
        return cls.env["hospital.followup.plan"].create({"name": name, "point_ids": points, **values})

    @classmethod
    def _rule(cls, plan=None, **values):
        plan = plan or cls.plan
        return cls.env["hospital.followup.rule"].create({"name": plan.name, "plan_id": plan.id, **values})

    @classmethod
    def _patient(cls, numbers=("13900000001",), **values):
        cls.serial += 1
        patient = cls.env["res.partner"].create(
            {"name": f"Patient {cls.serial}", "is_patient": True, "patient_no": f"FU{cls.serial}", **values}
        )
        for number in numbers:
            cls.env["hospital.patient.phone"].create({"patient_id": patient.id, "number": number})
        return patient

    @classmethod
    def _encounter(cls, patient=None, discharged_days_ago=2, **values):
        """A finished stay, as the data exchange leaves it: written, then reported."""
        cls.serial += 1
        discharged = NOW - timedelta(days=discharged_days_ago)
        outpatient = values.get("encounter_class", "inpatient") != "inpatient"
        encounter = cls.env["hospital.encounter"].create(
            {
                "source_id": cls.source.id,
                "external_id": str(cls.serial),
                "encounter_class": "inpatient",
                "state": "finished",
                "patient_id": (patient or cls._patient()).id,
                "admitted_at": discharged if outpatient else discharged - timedelta(days=7),
                "discharged_at": False if outpatient else discharged,
                "discharge_date": False if outpatient else discharged.date(),
                "department_id": cls.department.id,
                "ward_id": cls.ward.id,
                "attending_id": cls.doctor_employee.id,
                "nurse_id": cls.nurse_employee.id,
                "disposition": "1",
                "diagnosis_code": "J18.900",
                "diagnosis_name": "Pneumonia",
                **values,
            }
        )
        encounter._after_exchange(encounter, encounter.browse())
        return encounter

    def _change(self, encounter, **values):
        """The HIS changes a stay: bypass the write hook, as COPY does, then report it."""
        columns = ", ".join(f"{name} = %s" for name in values)
        self.env.flush_all()
        self.env.cr.execute(
            f"UPDATE hospital_encounter SET {columns} WHERE id = %s",  # noqa: S608 - names from the test itself
            [value or None for value in values.values()] + [encounter.id],
        )
        self.env.invalidate_all()
        encounter._after_exchange(encounter.browse(), encounter)

    def _tasks(self, encounter):
        return self.Task.search([("encounter_id", "=", encounter.id)], order="due_date, id")

    def _states(self, encounter):
        return [(task.point_id.due_day, task.state) for task in self._tasks(encounter)]

    def _owned_task(self, user=None, **values):
        """One task, due now, in the hands of a worker."""
        if not self.env["hospital.followup.rule"].search([]):
            self._rule()
        task = self._tasks(self._encounter(**values))[0]
        task.user_id = user or self.agent
        return task

    def _do_schedule(self, name):
        """A slot of the schedule, done as the service does it: it commits, so it has a cursor of its own."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            schedule = self.env.ref(name).with_env(self.env(cr=cr))
            schedule._ask()
            schedule.slot_ids._run()
        self.env.invalidate_all()
        self.assertEqual(self.env.ref(name).state, "done")

    def _at(self, *clock, days=0):
        """Move the clock to a time of the hospital's day, ``days`` after Monday."""
        local = datetime(2026, 3, 2, *clock) + timedelta(days=days)
        self.clock.move_to(self.env["res.company"]._from_hospital_clock(local))

    def setUp(self):
        super().setUp()
        self.clock.move_to(NOW)
