"""Criteria of a rule as SQL: which visits a rule is about.

The fragments speak of two aliases, ``encounter`` (hospital_encounter) and ``patient`` (res_partner).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import md5

# A code, or a range of codes of equal length: I50, I25.1, C00-C97, 36.0.
CODE = re.compile(r"[A-Z]?\d[\w.+*]*", re.ASCII)
SEPARATORS = re.compile(r"[\s,;，；、]+")


@dataclass(frozen=True)
class Criteria:
    encounter_class: str
    department_ids: Sequence[int] = ()
    diagnosis_codes: str = ""
    excluded_diagnosis_codes: str = ""
    operation_codes: str = ""
    dispositions: str = ""
    clinic_types: Sequence[str] = ()
    age_from: int = 0
    age_to: int = 0
    gender: str = ""
    zone: str = "UTC"


def parse_codes(text: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the prefixes and the ranges named in ``text``.

    >>> parse_codes("I50, I25.1；C00-C97")
    (['I50', 'I25.1'], [('C00', 'C97')])
    >>> parse_codes("heart")
    Traceback (most recent call last):
    ValueError: heart
    """
    prefixes, ranges = [], []
    for item in filter(None, SEPARATORS.split((text or "").replace("–", "-"))):
        low, dash, high = item.partition("-")
        if not CODE.fullmatch(low) or (dash and (not CODE.fullmatch(high) or len(low) != len(high) or low > high)):
            raise ValueError(item)
        if dash:
            ranges.append((low, high))
        else:
            prefixes.append(low)
    return prefixes, ranges


def where(criteria: Criteria) -> tuple[str, list]:
    """Return the condition and its parameters.

    >>> where(Criteria("inpatient", diagnosis_codes="I50", age_from=60, zone="Asia/Shanghai"))
    ... # doctest: +NORMALIZE_WHITESPACE
    ("encounter.encounter_class = %s AND encounter.diagnosis_code LIKE ANY(%s)
      AND date_part('year', age(encounter.admitted_at AT TIME ZONE 'UTC' AT TIME ZONE %s, patient.birth_date)) >= %s",
     ['inpatient', ['I50%'], 'Asia/Shanghai', 60])
    """
    parts = ["encounter.encounter_class = %s"]
    params: list = [criteria.encounter_class]

    def add(part: str, *values) -> None:
        parts.append(part)
        params.extend(values)

    if criteria.department_ids:
        add("(encounter.department_id = ANY(%s) OR encounter.ward_id = ANY(%s))", *[list(criteria.department_ids)] * 2)
    if criteria.diagnosis_codes:
        add(*_code_condition("encounter.diagnosis_code", criteria.diagnosis_codes))
    if criteria.excluded_diagnosis_codes:
        condition, *values = _code_condition("encounter.diagnosis_code", criteria.excluded_diagnosis_codes)
        add(f"({condition}) IS NOT TRUE", *values)
    if criteria.operation_codes:
        condition, *values = _code_condition("operation.code", criteria.operation_codes)
        add(
            "EXISTS (SELECT FROM hospital_encounter_operation operation"
            f" WHERE operation.encounter_id = encounter.id AND {condition})",
            *values,
        )
    if criteria.dispositions:
        add("encounter.disposition = ANY(%s)", parse_list(criteria.dispositions))
    if criteria.clinic_types:
        add("encounter.clinic_type = ANY(%s)", list(criteria.clinic_types))
    # On the day of the admission by the hospital's clock.
    age = "date_part('year', age(encounter.admitted_at AT TIME ZONE 'UTC' AT TIME ZONE %s, patient.birth_date))"
    if criteria.age_from:
        add(f"{age} >= %s", criteria.zone, criteria.age_from)
    if criteria.age_to:
        add(f"{age} <= %s", criteria.zone, criteria.age_to)
    if criteria.gender:
        add("patient.gender = %s", criteria.gender)
    return " AND ".join(parts), params


def parse_list(text: str) -> list[str]:
    """
    >>> parse_list("1, 2，9")
    ['1', '2', '9']
    """
    return [item for item in SEPARATORS.split(text or "") if item]


def _code_condition(column: str, text: str) -> tuple:
    """
    >>> _code_condition("code", "I50 C00-C97")
    ('(code LIKE ANY(%s) OR left(code, %s) COLLATE "C" BETWEEN %s AND %s)', ['I50%'], 3, 'C00', 'C97')
    """
    prefixes, ranges = parse_codes(text)
    parts, params = [], []
    if prefixes:
        parts.append(f"{column} LIKE ANY(%s)")
        params.append([f"{prefix.replace('_', '')}%" for prefix in prefixes])
    for low, high in ranges:
        parts.append(f'left({column}, %s) COLLATE "C" BETWEEN %s AND %s')
        params += [len(low), low, high]
    condition = " OR ".join(parts)
    return (f"({condition})" if len(parts) > 1 else condition), *params


# The same draw in SQL: ``key`` is the HIS key of the visit.
DRAWN = "('x' || left(md5(rule.sampling_seed || ':' || {key}), 7))::bit(28)::int %% 10000 < rule.sampling_percent * 100"


def drawn(seed: str, key: str, percent: float) -> bool:
    """Whether the visit ``key`` is in the sample: always the same answer for the same seed.

    >>> sum(drawn("seed", str(key), 3) for key in range(10000))
    304
    >>> drawn("seed", "1", 100)
    True
    """
    return int(md5(f"{seed}:{key}".encode()).hexdigest()[:7], 16) % 10000 < percent * 100
