from datetime import datetime
from itertools import count

from odoo import Command
from odoo.tests import TransactionCase, new_test_user, tagged

ROLES = (
    "staff",
    "agent",
    "supervisor",
    "quality",
    "nurse",
    "doctor",
    "head",
    "functional",
    "delegated_leader",
    "leader",
    "admin",
    "auditor",
    "integration",
)
ID_NUMBER = "11010519491231002X"
PHONE = "13900001234"
PASSWORD = "Hospital-2026"


class Factories:
    """Small makers of what a test needs; everything not named gets a harmless value."""

    _numbers = count(1)

    @classmethod
    def department(cls, name, kind="clinical", **values):
        return cls.env["hr.department"].create({"name": name, "kind": kind, **values})

    @classmethod
    def staff(cls, role, department=None, **values):
        """A user with one role, and the employee behind it."""
        login = values.pop("login", f"{role}{next(cls._numbers)}")
        user = new_test_user(
            cls.env,
            login=login,
            password=PASSWORD,
            groups=f"hospital_base.group_{role}",
            name=values.pop("name", login),
            context={"no_reset_password": True},
        )
        cls.env["hr.employee"].create(
            {"name": user.name, "user_id": user.id, "department_id": department and department.id, "staff_no": login}
            | values
        )
        return user

    @classmethod
    def patient(cls, name="张伟国", phones=(), **values):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "is_patient": True,
                "phone_line_ids": [
                    Command.create({"number": number, "is_best": not place}) for place, number in enumerate(phones)
                ],
            }
            | values
        )

    @classmethod
    def encounter(cls, patient, doctor=None, **values):
        """An in-patient stay that goes on, treated by the user ``doctor``."""
        return cls.env["hospital.encounter"].create(
            {
                "encounter_class": "inpatient",
                "patient_id": patient.id,
                "admitted_at": datetime(2026, 3, 1),
                "attending_id": doctor.employee_id.id if doctor else False,
            }
            | values
        )

    @classmethod
    def seen_by(cls, user, model="res.partner"):
        """The patients (or the records of ``model``) that ``user`` finds."""
        domain = [("is_patient", "=", True)] if model == "res.partner" else []
        return cls.env[model].with_user(user).search(domain).with_env(cls.env)


@tagged("post_install", "-at_install")
class HospitalCase(Factories, TransactionCase):
    """Tests of the ground: two departments with a ward each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cardiology = cls.department("Cardiology")
        cls.cardiology_ward = cls.department("Cardiology ward", "ward")
        cls.neurology = cls.department("Neurology")
        cls.neurology_ward = cls.department("Neurology ward", "ward")
