from datetime import datetime, time, timedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import format_date
from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

# Column -> where the tables here have it, in the order in which it is read aloud.
COLUMNS = {
    "phone": {
        "department": "department_id.name",
        "purpose": "purpose",
        "number": "number",
        "hours": "hours",
        "place": "place",
    },
    "drug": {
        "name": "name",
        "trade_name": "trade_name",
        "spec": "spec",
        "unit": "unit",
        "price": "price",
        "insurance_class": "insurance_class",
        "self_pay_share": "self_pay_share",
        "in_stock": "in_stock",
        "manufacturer": "manufacturer",
    },
    "inpatient": {"patient": "patient_id.name", "ward": "ward_id.name", "bed": "bed"},
    "exam_item": {
        "name": "name",
        "kind": "kind",
        "price": "price",
        "department": "department_id.name",
        "place": "place",
        "specimen": "specimen",
        "preparation": "preparation",
        "turnaround": "turnaround",
    },
    "surgery": {
        "patient": "patient_id.name",
        "scheduled_at": "scheduled_at",
        "state": "state",
        "room": "room",
        "ward": "encounter_id.ward_id.name",
        "bed": "encounter_id.bed",
        "surgeon": "surgeon_id.name",
    },
    "leader": {
        "name": "name",
        "post": "post",
        "department": "department_id.name",
        "office_phone": "office_phone",
        "mobile": "mobile",
        "office": "office",
    },
    "expert": {
        "doctor": "employee_id.name",
        "title": "employee_id.professional_title",
        "department": "department_id.name",
        "date": "date",
        "day_part": "day_part",
        "room": "room",
        "fee": "fee",
        "session_state": "state",
        "free": "free_count",
        "substitute": "substitute_id.name",
        "specialty": "employee_id.specialty",
    },
}
COLUMNS["senior_expert"] = COLUMNS["expert"]

MODELS = {
    "phone": "hospital.department.phone",
    "drug": "hospital.drug",
    "inpatient": "hospital.encounter",
    "exam_item": "hospital.exam.item",
    "surgery": "hospital.surgery",
    "leader": "hospital.directory.entry",
    "expert": "hospital.clinic.session",
    "senior_expert": "hospital.clinic.session",
}
# Told with another column: the unit with the price.
FOLDED = ("unit",)
CLINIC_TYPES = {"expert": ("associate", "chief"), "senior_expert": ("special",)}
# Clinics are told this many days ahead.
DAYS_AHEAD = 14

LABELS = {
    "department": _lt("Department"),
    "purpose": _lt("Purpose"),
    "number": _lt("Telephone"),
    "hours": _lt("Hours"),
    "place": _lt("Place"),
    "name": _lt("Name"),
    "trade_name": _lt("Trade Name"),
    "spec": _lt("Specification"),
    "price": _lt("Price"),
    "insurance_class": _lt("Insurance"),
    "self_pay_share": _lt("Patient's Share"),
    "in_stock": _lt("Stock"),
    "manufacturer": _lt("Manufacturer"),
    "patient": _lt("Patient"),
    "ward": _lt("Ward"),
    "bed": _lt("Bed"),
    "kind": _lt("Kind"),
    "specimen": _lt("Specimen"),
    "preparation": _lt("Preparation"),
    "turnaround": _lt("Report After"),
    "scheduled_at": _lt("Planned for"),
    "state": _lt("State"),
    "room": _lt("Room"),
    "surgeon": _lt("Surgeon"),
    "post": _lt("Post"),
    "office_phone": _lt("Office Phone"),
    "mobile": _lt("Mobile"),
    "office": _lt("Office"),
    "doctor": _lt("Doctor"),
    "title": _lt("Title"),
    "date": _lt("Date"),
    "day_part": _lt("Part of the Day"),
    "fee": _lt("Fee"),
    "session_state": _lt("Clinic"),
    "free": _lt("Free"),
    "substitute": _lt("Stands In"),
    "specialty": _lt("Specialty"),
}
# Where one kind has a better word for a column.
KIND_COLUMN_LABELS = {
    "drug": {"name": _lt("Drug Name")},
    "exam_item": {"name": _lt("Item Name")},
    "leader": {"name": _lt("Leader's Name")},
    "surgery": {"room": _lt("Theatre")},
    "expert": {"room": _lt("Consulting Room")},
    "senior_expert": {"room": _lt("Consulting Room")},
}
KIND_LABELS = {
    "phone": _lt("Department phones"),
    "drug": _lt("Drugs and prices"),
    "inpatient": _lt("In-patients"),
    "exam_item": _lt("Tests and examinations"),
    "surgery": _lt("Operations today"),
    "leader": _lt("Leaders' directory"),
    "expert": _lt("Expert clinics"),
    "senior_expert": _lt("Senior expert clinics"),
}


class HospitalEnquiry(models.AbstractModel):
    """The eight kinds of enquiry: what answers each, and how the answer reads."""

    _inherit = "hospital.enquiry"

    @api.model
    def _kind_labels(self):
        return {kind: self.env._(label) for kind, label in KIND_LABELS.items()}

    @api.model
    def _columns(self, kind):
        shown = [name for name in self._known_columns(kind) if name not in FOLDED]
        labels = LABELS | KIND_COLUMN_LABELS.get(kind, {})
        return [{"name": name, "label": self.env._(labels[name])} for name in shown]

    @api.model
    def _known_columns(self, kind):
        hidden = () if self.env.user.has_group("hospital_base.group_leader_mobile") else ("mobile",)
        return [name for name in COLUMNS[kind] if name not in hidden]

    @api.model
    def _rows(self, kind, text, limit):
        """What the tables here answer, one dict of values per row."""
        rows = []
        for record in self._records(kind, text, limit):
            row = {name: record.mapped(path)[:1] for name, path in COLUMNS[kind].items()}
            row = {name: value[0] if value and value[0] is not False else None for name, value in row.items()}
            if "patient" in row:
                row["patient_id"] = record.patient_id.id
            rows.append(row)
        return rows

    @api.model
    def _records(self, kind, text, limit):
        model = self.env[MODELS[kind]]
        today = self.env["res.company"]._hospital_today()
        if kind == "inpatient":
            in_hospital = [("encounter_class", "=", "inpatient"), ("state", "=", "in_progress")]
            return self._patient_records(model._name, text, in_hospital, limit, "ward_id, bed, id")
        if kind == "surgery":
            start = self.env["res.company"]._from_hospital_clock(datetime.combine(today, time()))
            of_today = [("scheduled_at", ">=", start), ("scheduled_at", "<", start + timedelta(days=1))]
            return self._patient_records(model._name, text, of_today, limit, "scheduled_at, id")
        if kind in CLINIC_TYPES:
            domain = Domain("clinic_type", "in", CLINIC_TYPES[kind])
            domain &= Domain("date", ">=", today) & Domain("date", "<=", today + timedelta(days=DAYS_AHEAD))
            if text:
                domain &= Domain("employee_id.search_text", "like", text) | Domain(
                    "department_id.search_text", "like", text
                )
            return model.sudo().search(domain, limit=limit, order="date, day_part, department_id, id")
        return model.sudo()._find(text, limit=limit)

    # -- as text -----------------------------------------------------------------------------------------------

    @api.model
    def _shown(self, kind, row, columns):
        cells = [self._cell(column["name"], row.get(column["name"]), row) for column in columns]
        return {
            "values": {name: self._plain(row.get(name)) for name in self._known_columns(kind)},
            "cells": cells,
            "say": ", ".join(cell for cell in cells if cell),
        }

    @api.model
    def _plain(self, value):
        """A value as JSON has it; times stay UTC as everywhere in Odoo."""
        if value is None or isinstance(value, (str, bool, int, float)):
            return value
        return value.isoformat(" ") if isinstance(value, datetime) else str(value)

    @api.model
    def _cell(self, name, value, row):
        """One value in words that can be read to a caller."""
        env = self.env
        match name:
            case _name if value is None:
                return ""
            case "price" | "fee":
                amount = f"{value:.2f}" if round(value, 2) == value else f"{value:.4f}".rstrip("0")
                if name == "price" and row.get("unit"):
                    return env._("%(amount)s yuan per %(unit)s", amount=amount, unit=row["unit"])
                return env._("%s yuan", amount)
            case "self_pay_share":
                return env._("patient pays %s %%", f"{value:g}")
            case "in_stock":
                return env._("in stock") if value else env._("out of stock")
            case "free":
                return env._("%s places free", value)
            case "date":
                return format_date(self.env, value, date_format="EEEE M/d")
            case "scheduled_at":
                return self.env["res.company"]._to_hospital_clock(value).strftime("%H:%M")
            case "insurance_class":
                return self._label("hospital.drug", name, value)
            case "kind":
                return self._label("hospital.exam.item", name, value)
            case "state":
                return self._label("hospital.surgery", name, value)
            case "session_state":
                return (
                    env._("takes place") if value == "open" else self._label("hospital.clinic.session", "state", value)
                )
            case "day_part":
                return self._label("hospital.clinic.session", name, value)
            case "bed":
                return env._("bed %s", value)
        return str(value)

    @api.model
    def _label(self, model, field, value):
        labels = dict(self.env[model]._fields[field]._description_selection(self.env))
        return labels.get(value, value)
