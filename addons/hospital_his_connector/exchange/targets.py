"""What a feed of each kind may fill: the right-hand side of the mapping."""

from typing import NamedTuple


class Target(NamedTuple):
    """One value of ours.

    type: text, integer, boolean, date, datetime, phones, id_number
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
}

# The value whose day a row is counted under when it is compared with the HIS.
DAYS = {
    "inpatient": "admitted_at",
    "discharge": "discharged_at",
    "outpatient": "admitted_at",
    "operation": "performed_at",
}

# Parents before children.
ORDER = tuple(KINDS)

SQL_TYPES = {
    "text": "text",
    "integer": "int",
    "boolean": "boolean",
    "date": "date",
    "datetime": "timestamp",
    "json": "jsonb",
}
