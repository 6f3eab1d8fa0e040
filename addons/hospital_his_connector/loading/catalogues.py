"""What the hospital offers and how it is reached: lists of some thousand rows, written by the ORM."""

from .organisation import OrmLoader


class DrugLoader(OrmLoader):
    """``hospital.drug``."""

    model = "hospital.drug"
    plain = {
        name: name
        for name in (
            "name",
            "code",
            "trade_name",
            "spec",
            "dosage_form",
            "unit",
            "price",
            "insurance_class",
            "self_pay_share",
            "manufacturer",
            "in_stock",
            "active",
        )
    }


class ExamItemLoader(OrmLoader):
    """``hospital.exam.item``."""

    model = "hospital.exam.item"
    plain = {
        name: name
        for name in (
            "name",
            "code",
            "alias",
            "kind",
            "price",
            "specimen",
            "preparation",
            "turnaround",
            "place",
            "active",
        )
    }
    links = {"department": "department_id"}


class DepartmentPhoneLoader(OrmLoader):
    """``hospital.department.phone``."""

    model = "hospital.department.phone"
    plain = {name: name for name in ("number", "purpose", "place", "hours", "sequence", "active")}
    links = {"department": "department_id"}


class DirectoryLoader(OrmLoader):
    """``hospital.directory.entry``."""

    model = "hospital.directory.entry"
    plain = {name: name for name in ("name", "post", "level", "office_phone", "mobile", "office", "sequence", "active")}
    links = {"department": "department_id"}
