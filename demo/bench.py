"""Many plain patients with one finished stay each, for measuring the exchange. No dirt, no events."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.engine import Engine

from . import bulk, dirt, names, schema
from .hospital import DEPARTMENTS

_LAST = datetime(2026, 1, 1, 12)


def fill(engine: Engine, count: int, charset: str = "utf8mb4") -> dict[str, int]:
    with engine.begin() as connection:
        schema.create(connection, charset)
        for start in range(0, count, bulk.BATCH):
            pairs = list(_pairs(start, min(count, start + bulk.BATCH)))
            bulk.load(connection, schema.patients, [person for person, _stay in pairs])
            bulk.load(connection, schema.inpatients, [stay for _person, stay in pairs])
        schema.create_indexes(connection)
    return {schema.patients.name: count, schema.inpatients.name: count}


def _pairs(start: int, stop: int) -> Iterator[tuple[dict, dict]]:
    rng = Random(start)
    wards = [department for department in DEPARTMENTS.values() if department.kind == "2"]
    for number in range(start, stop):
        male = number % 2 == 0
        birth, id_number = dirt.identity(number, 100, male, 1935 + number % 70)
        changed = _LAST - timedelta(minutes=number)
        ward = wards[number % len(wards)]
        person = dict.fromkeys(schema.patients.columns.keys()) | {
            "djh": f"9{number:09d}",
            "xm": names.common(rng, male),
            "xb": "1" if male else "2",
            "csrq": birth.isoformat(),
            "zjlx": "01",
            "sfzjhm": id_number,
            "dh": dirt.mobile(rng),
            "xzz": "示范省示范市健康路1号",
            "csbz": "0",
            "swbz": "0",
            "gxsj": changed,
        }
        yield (
            person,
            {
                "zylsh": f"ZY{person['djh']}01",
                "cfxh": 0,
                "bah": f"B{person['djh']}",
                "djh": person["djh"],
                "mqdjh": None,
                "zycs": 1,
                "ksdm": ward.parent,
                "bqdm": ward.code,
                "ch": f"{number % ward.beds + 1:02d}",
                "zzysgh": None,
                "zyysgh": None,
                "zrhsgh": None,
                "rysj": str(changed - timedelta(days=9)),
                "cysj": str(changed - timedelta(days=1)),
                "zt": "2",
                "gxsj": changed,
            },
        )
