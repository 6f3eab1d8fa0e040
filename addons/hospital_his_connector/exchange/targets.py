"""What a feed of each kind may fill: the right-hand side of the mapping."""

from typing import NamedTuple

from odoo.addons.hospital_base.clinic.states import SLOT


class Target(NamedTuple):
    """One value of ours.

    type: text, integer, decimal, boolean, date, datetime, phones, id_number
    choices: nothing else is allowed
    refers: the kind of feed whose key the value must be; soft: kept without it when it is unknown
    strict: a value that the code table lacks is refused, not left empty
    doubt: a value that cannot be read counts as empty and opens a data quality issue of this kind
    """

    type: str
    required: bool = False
    choices: tuple[str, ...] = ()
    refers: str = ""
    soft: bool = False
    strict: bool = False
    doubt: str = ""


_KEY = {"external_id": Target("text", required=True)}

_ENCOUNTER = _KEY | {
    "patient": Target("text", refers="patient"),
    "encounter_class": Target("text", choices=("inpatient", "outpatient", "emergency")),
    "state": Target("text", choices=("in_progress", "finished", "cancelled"), strict=True),
    "medical_record_no": Target("text"),
    "admission_no": Target("integer"),
    "admitted_at": Target("datetime"),
    "discharged_at": Target("datetime"),
    "length_of_stay": Target("integer"),
    "department": Target("text", refers="department"),
    "ward": Target("text", refers="department"),
    "bed": Target("text"),
    "attending": Target("text", refers="employee", soft=True),
    "resident": Target("text", refers="employee", soft=True),
    "nurse": Target("text", refers="employee", soft=True),
    "clinic_type": Target("text", choices=("normal", "associate", "chief", "special")),
    "admission_source": Target("text", choices=("1", "2", "3", "9")),
    "disposition": Target("text", choices=("1", "2", "3", "4", "5", "9"), strict=True),
    "diagnosis_code": Target("text"),
    "diagnosis_name": Target("text"),
    "coded_at": Target("datetime"),
    "revisit_date": Target("date"),
    "planned_readmission": Target("boolean"),
    "admission_condition": Target("text"),
    "treatment_course": Target("text"),
    "discharge_condition": Target("text"),
    "discharge_orders": Target("text"),
}

KINDS: dict[str, dict[str, Target]] = {
    "department": _KEY
    | {
        "name": Target("text", required=True),
        "code": Target("text"),
        "kind": Target("text", choices=("clinical", "ward", "medtech", "functional")),
        "parent": Target("text", refers="department", soft=True),
        "campus": Target("text"),
        "phone": Target("text"),
        "manager": Target("text", refers="employee", soft=True),
        "substitute": Target("text", refers="employee", soft=True),
        "active": Target("boolean"),
    },
    "employee": _KEY
    | {
        "name": Target("text", required=True),
        "staff_no": Target("text"),
        "profession": Target("text", choices=("doctor", "nurse", "medtech", "admin", "logistics")),
        "professional_title": Target("text"),
        "specialty": Target("text"),
        "department": Target("text", refers="department"),
        "phone": Target("text"),
        "active": Target("boolean"),
    },
    "patient": _KEY
    | {
        "name": Target("text", required=True),
        "patient_no": Target("text"),
        "gender": Target("text", choices=("male", "female", "other", "unknown")),
        "birth_date": Target("date", doubt="birth_impossible"),
        "id_number": Target("id_number"),
        "phone": Target("phones"),
        "contact_name": Target("text"),
        "contact_relation": Target("text", choices=("self", "spouse", "child", "parent", "other", "unknown")),
        "contact_phone": Target("phones"),
        "deceased": Target("boolean"),
        "deceased_at": Target("datetime"),
        "is_test_patient": Target("boolean"),
        "merged_into": Target("text", refers="patient", soft=True),
        "mother": Target("text", refers="patient", soft=True),
        "disclosure": Target("text", choices=("patient", "family_only", "confidential")),
    },
    "inpatient": _ENCOUNTER,
    "discharge": _ENCOUNTER,
    "outpatient": _ENCOUNTER,
    "diagnosis": _KEY
    | {
        "encounter": Target("text", required=True, refers="encounter"),
        "kind": Target("text", required=True, choices=("principal", "other", "admission", "outpatient")),
        "sequence": Target("integer"),
        "code": Target("text"),
        "name": Target("text", required=True),
        "removed": Target("boolean"),
    },
    "operation": _KEY
    | {
        "encounter": Target("text", required=True, refers="encounter"),
        "sequence": Target("integer"),
        "code": Target("text"),
        "name": Target("text", required=True),
        "performed_at": Target("datetime"),
        "surgeon": Target("text", refers="employee", soft=True),
        "removed": Target("boolean"),
    },
    "transfer": _KEY
    | {
        "encounter": Target("text", required=True, refers="encounter"),
        "transferred_at": Target("datetime", required=True),
        "from_department": Target("text", refers="department", soft=True),
        "to_department": Target("text", refers="department", soft=True),
        "from_ward": Target("text", refers="department", soft=True),
        "to_ward": Target("text", refers="department", soft=True),
        "from_bed": Target("text"),
        "to_bed": Target("text"),
        "removed": Target("boolean"),
    },
    "drug": _KEY
    | {
        "name": Target("text", required=True),
        "code": Target("text"),
        "trade_name": Target("text"),
        "spec": Target("text"),
        "dosage_form": Target("text"),
        "unit": Target("text"),
        "price": Target("decimal"),
        "insurance_class": Target("text", choices=("a", "b", "c")),
        "self_pay_share": Target("decimal"),
        "manufacturer": Target("text"),
        "in_stock": Target("boolean"),
        "active": Target("boolean"),
    },
    "exam_item": _KEY
    | {
        "name": Target("text", required=True),
        "code": Target("text"),
        "alias": Target("text"),
        "kind": Target("text", choices=("lab", "exam")),
        "department": Target("text", refers="department", soft=True),
        "price": Target("decimal"),
        "specimen": Target("text"),
        "preparation": Target("text"),
        "turnaround": Target("text"),
        "place": Target("text"),
        "active": Target("boolean"),
    },
    "department_phone": _KEY
    | {
        "department": Target("text", required=True, refers="department"),
        "number": Target("text", required=True),
        "purpose": Target("text"),
        "place": Target("text"),
        "hours": Target("text"),
        "sequence": Target("integer"),
        "active": Target("boolean"),
    },
    "directory": _KEY
    | {
        "name": Target("text", required=True),
        "post": Target("text", required=True),
        "level": Target("text", choices=("middle", "upper")),
        "department": Target("text", refers="department", soft=True),
        "office_phone": Target("text"),
        "mobile": Target("text"),
        "office": Target("text"),
        "sequence": Target("integer"),
        "active": Target("boolean"),
    },
    "report": _KEY
    | {
        "patient": Target("text", required=True, refers="patient"),
        "name": Target("text", required=True),
        "encounter": Target("text", refers="encounter", soft=True),
        "item": Target("text", refers="exam_item", soft=True),
        "kind": Target("text", choices=("lab", "exam")),
        "department": Target("text", refers="department", soft=True),
        "state": Target(
            "text",
            choices=("requested", "sampled", "in_progress", "reported", "printed", "cancelled"),
            strict=True,
        ),
        "requested_at": Target("datetime", required=True),
        "reported_at": Target("datetime"),
        "conclusion": Target("text"),
    },
    "surgery": _KEY
    | {
        "patient": Target("text", required=True, refers="patient"),
        "name": Target("text", required=True),
        "scheduled_at": Target("datetime", required=True),
        "encounter": Target("text", refers="encounter", soft=True),
        "department": Target("text", refers="department", soft=True),
        "room": Target("text"),
        "sequence": Target("integer"),
        "surgeon": Target("text", refers="employee", soft=True),
        "anaesthesia": Target("text"),
        "state": Target("text", choices=("scheduled", "in_progress", "done", "cancelled"), strict=True),
    },
    "clinic_session": _KEY
    | {
        "department": Target("text", required=True, refers="department"),
        "employee": Target("text", refers="employee", soft=True),
        "clinic_type": Target("text", choices=("normal", "associate", "chief", "special")),
        "date": Target("date", required=True),
        "day_part": Target("text", required=True, choices=("am", "pm", "night")),
        "starts_at": Target("datetime"),
        "ends_at": Target("datetime"),
        "room": Target("text"),
        "fee": Target("decimal"),
        "capacity": Target("integer"),
        "state": Target("text", choices=("open", "stopped"), strict=True),
        "stop_reason": Target("text"),
    },
    "clinic_slot": _KEY
    | {
        "session": Target("text", required=True, refers="clinic_session"),
        "number": Target("integer"),
        "starts_at": Target("datetime"),
        "state": Target("text", choices=tuple(SLOT), strict=True),
        "locked_until": Target("datetime"),
    },
}

# Parents before children.
ORDER = tuple(KINDS)

# What the answer to a live enquiry may hold. Departments and people are named or given by their HIS key.
_OF_PATIENT = {
    "external_id": Target("text"),
    "patient_key": Target("text", required=True),
    "patient": Target("text"),
    "ward": Target("text"),
    "bed": Target("text"),
    "disclosure": Target("text", choices=("patient", "family_only", "confidential"), strict=True),
}
_OF_CLINIC = {
    "external_id": Target("text"),
    "doctor": Target("text", required=True),
    "title": Target("text"),
    "department": Target("text"),
    "date": Target("date", required=True),
    "day_part": Target("text", choices=("am", "pm", "night")),
    "room": Target("text"),
    "fee": Target("decimal"),
    "session_state": Target("text", choices=("open", "stopped", "replaced"), strict=True),
    "free": Target("integer"),
    "substitute": Target("text"),
    "specialty": Target("text"),
}
ENQUIRIES: dict[str, dict[str, Target]] = {
    "phone": {
        "external_id": Target("text"),
        "number": Target("text", required=True),
        **{name: Target("text") for name in ("department", "purpose", "hours", "place")},
    },
    "drug": {
        name: target
        for name, target in KINDS["drug"].items()
        if name not in ("external_id", "active", "code", "dosage_form")
    }
    | {"external_id": Target("text")},
    "inpatient": _OF_PATIENT,
    "exam_item": {
        "external_id": Target("text"),
        "name": Target("text", required=True),
        "kind": Target("text", choices=("lab", "exam")),
        "price": Target("decimal"),
        **{name: Target("text") for name in ("department", "place", "specimen", "preparation", "turnaround")},
    },
    "surgery": _OF_PATIENT
    | {
        "scheduled_at": Target("datetime", required=True),
        "state": KINDS["surgery"]["state"],
        "room": Target("text"),
        "surgeon": Target("text"),
    },
    "leader": {
        "external_id": Target("text"),
        "name": Target("text", required=True),
        **{name: Target("text") for name in ("post", "department", "office_phone", "mobile", "office")},
    },
    "expert": _OF_CLINIC,
    "senior_expert": _OF_CLINIC,
}

# All that a mapping may be for.
TARGETS = KINDS | {f"enquiry_{kind}": targets for kind, targets in ENQUIRIES.items()}

SQL_TYPES = {
    "text": "text",
    "integer": "int",
    "decimal": "numeric",
    "boolean": "boolean",
    "date": "date",
    "datetime": "timestamp",
    "json": "jsonb",
}
