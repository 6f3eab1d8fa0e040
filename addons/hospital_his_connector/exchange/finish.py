"""What follows from several values of one row together: the last step of the mapping, one class per kind."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from odoo.addons.hospital_base.identity import mask
from odoo.addons.hospital_base.identity.phone import Phone

from .problems import Rejected
from .targets import TARGETS

Columns = list[tuple[str, str]]

# What SQL Server, and many a form, writes for "no date".
NO_DATE = date(1900, 1, 1)

# Clocks may differ; what lies further ahead is a mistyped year.
AHEAD = timedelta(days=1)


def for_kind(kind: str, mapped: Sequence[str], zone: ZoneInfo) -> "Plain":
    """The last step for one kind of feed."""
    if kind == "patient":
        return Patient(kind, mapped, zone)
    if kind in ("inpatient", "discharge", "outpatient"):
        return Encounter(kind, mapped, zone)
    return Plain(kind, mapped, zone)


class Plain:
    """Values are staged as they were mapped; ``doubts``, issues found on the way, concern patients only."""

    def __init__(self, kind: str, mapped: Sequence[str], zone: ZoneInfo) -> None:
        self.kind = kind
        self.mapped = frozenset(mapped)
        self.zone = zone
        self.now = datetime.now(UTC).replace(tzinfo=None)
        self.columns: Columns = self._columns([(name, TARGETS[kind][name].type) for name in mapped])

    def _columns(self, columns: Columns) -> Columns:
        return columns

    def __call__(self, values: dict[str, Any], doubts: dict[str, str]) -> dict[str, Any]:
        return values


class Patient(Plain):
    """Phones become one list, the id number is compared with what else is known, doubts are named."""

    def _columns(self, columns: Columns) -> Columns:
        own = [
            (name, kind)
            for name, kind in columns
            if kind not in ("phones", "id_number") and not name.startswith("contact_")
        ]
        names = {name for name, _kind in own}
        if "id_number" in self.mapped:
            own += [("id_type", "text"), ("id_number", "text"), ("id_number_masked", "text")]
            own += [(name, kind) for name, kind in (("gender", "text"), ("birth_date", "date")) if name not in names]
        self._has_phones = bool(self.mapped & {"phone", "contact_phone"})
        if self._has_phones:
            own += [("phones", "json"), ("phone_masked", "text")]
        return [*own, ("issues", "json")]

    def __call__(self, values: dict[str, Any], doubts: dict[str, str]) -> dict[str, Any]:
        issues = dict(doubts)
        if values.get("birth_date") and values["birth_date"] > self.now.date() + AHEAD:
            issues["birth_impossible"] = values["birth_date"].isoformat()
            values["birth_date"] = None
        if "id_number" in self.mapped:
            self._identity(values, issues)
            if values["birth_date"]:  # the id number knows
                issues.pop("birth_impossible", None)
        if self._has_phones:
            lines = values["phones"] = self._phones(values, issues)
            values["phone_masked"] = next((line["masked"] for line in lines if not line["reason"]), None)
        values["issues"] = issues
        return values

    @staticmethod
    def _identity(values: dict[str, Any], issues: dict[str, str]) -> None:
        document = values["id_number"]
        if document is None:
            document_kind, number = "none", None
        else:
            document_kind, number = document.kind, document.number or None
        values["id_type"] = document_kind
        values["id_number"] = number
        values["id_number_masked"] = mask.id_number(number) if number else None
        gender, birth_date = values.get("gender"), values.get("birth_date")
        if birth_date == NO_DATE and not (document and document.birth_date == NO_DATE):
            birth_date = None
        if number:
            if not document.valid:
                issues["id_checksum"] = values["id_number_masked"]
            elif gender in ("male", "female") and document.gender not in ("unknown", gender):
                issues["gender_mismatch"] = values["id_number_masked"]
            if document.valid and birth_date and document.birth_date not in (None, birth_date):
                issues["birth_mismatch"] = values["id_number_masked"]
            if document.valid:
                birth_date = birth_date or document.birth_date
                if gender in (None, "unknown") and document.gender != "unknown":
                    gender = document.gender
        values["gender"], values["birth_date"] = gender, birth_date

    @staticmethod
    def _phones(values: dict[str, Any], issues: dict[str, str]) -> list[dict[str, Any]]:
        lines: dict[str, dict[str, Any]] = {}
        relation, person = values.get("contact_relation") or "unknown", values.get("contact_name")
        own: list[Phone] = values.get("phone") or []
        others: list[Phone] = values.get("contact_phone") or []
        for phones, phone_relation, contact in ((own, "self", None), (others, relation, person)):
            for phone in phones:
                if not phone.number or len(phone.number) > 32 or phone.number in lines:
                    continue
                reason = "" if phone.valid else "placeholder" if phone.problem == "placeholder" else "format"
                lines[phone.number] = {
                    "number": phone.number,
                    "masked": mask.phone(phone.number),
                    "kind": phone.kind,
                    "relation": (phone.note and _noted(phone.note)) or phone_relation,
                    "contact": contact or phone.note or None,
                    "reason": reason or None,
                    "sequence": 10 * (len(lines) + 1),
                }
        kinds = {line["kind"] for line in lines.values() if not line["reason"]}
        for line in lines.values():
            if line["reason"]:
                issues["phone_placeholder" if line["reason"] == "placeholder" else "phone_invalid"] = line["masked"]
        if not lines:
            issues["no_phone"] = ""
        elif kinds == {"landline"}:
            issues["landline_only"] = next(iter(lines.values()))["masked"]
        return list(lines.values())


_RELATIONS = (
    ("self", ("本人", "自己")),
    ("spouse", ("丈夫", "妻子", "配偶", "爱人", "老公", "老婆", "夫", "妻")),
    ("child", ("女儿", "儿子", "子女", "女", "子", "儿")),
    ("parent", ("父亲", "母亲", "爸", "妈", "父", "母")),
)


def _noted(note: str) -> str:
    """Whose number the words beside it say it is.

    >>> _noted("女儿"), _noted("本人"), _noted("转8012")
    ('child', 'self', '')
    """
    words = note.split()
    for relation, names in _RELATIONS:
        if any(word in names for word in words):
            return relation
    return ""


class Encounter(Plain):
    """State and dates agree, and the day of the discharge is the hospital's.

    >>> finish = Encounter("discharge", ["external_id", "discharged_at"], ZoneInfo("Asia/Shanghai"))
    >>> finish({"external_id": "1", "discharged_at": datetime(2026, 11, 1, 17)}, {})["discharge_date"].isoformat()
    '2026-11-02'
    >>> Encounter("inpatient", ["admitted_at"], ZoneInfo("Asia/Shanghai"))({"admitted_at": datetime(2199, 1, 1)}, {})
    Traceback (most recent call last):
    odoo.addons.hospital_his_connector.exchange.problems.Rejected: admission_in_future
    """

    CLASSES = {"inpatient": "inpatient", "discharge": "inpatient", "outpatient": "outpatient"}

    def _columns(self, columns: Columns) -> Columns:
        names = {name for name, _kind in columns}
        extra = [("encounter_class", "text")]
        if "state" in names or "discharged_at" in names or self.kind == "outpatient":
            extra.append(("state", "text"))
        if "discharged_at" in names:
            extra.append(("discharge_date", "date"))
        self._counts_days = {"discharged_at", "admitted_at"} <= names and self.kind != "outpatient"
        if self._counts_days:
            extra.append(("length_of_stay", "integer"))
        return columns + [(name, kind) for name, kind in extra if name not in names]

    def __call__(self, values: dict[str, Any], doubts: dict[str, str]) -> dict[str, Any]:
        values["encounter_class"] = values.get("encounter_class") or self.CLASSES[self.kind]
        discharged_at = values.get("discharged_at")
        state = values.get("state")
        if state is None:
            is_over = discharged_at or self.kind == "outpatient" and "discharged_at" not in self.mapped
            state = "finished" if is_over else "in_progress"
        elif state == "in_progress":
            discharged_at = None  # a cancelled discharge often leaves its date behind
        admitted_at = values.get("admitted_at")
        if admitted_at and admitted_at > self.now + AHEAD:
            raise Rejected("admission_in_future", value=self._local(admitted_at).isoformat(" "))
        if discharged_at and discharged_at > self.now + AHEAD:
            raise Rejected("discharge_in_future", value=self._local(discharged_at).isoformat(" "))
        if discharged_at and admitted_at and discharged_at < admitted_at:
            raise Rejected("discharge_before_admission", value=self._local(discharged_at).isoformat(" "))
        values["state"] = state
        values["discharged_at"] = discharged_at
        values["discharge_date"] = discharged_at and self._local(discharged_at).date()
        if self._counts_days and values.get("length_of_stay") is None:
            days = discharged_at and admitted_at and (values["discharge_date"] - self._local(admitted_at).date()).days
            values["length_of_stay"] = max(1, days) if days is not None else None
        return values

    def _local(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=UTC).astimezone(self.zone).replace(tzinfo=None)
