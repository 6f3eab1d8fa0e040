"""A HIS of few tables, on any of the databases, with the definition of its feeds.

Smaller than the demonstration hospital and made by hand, so that a test can say what it changes.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

# By the hospital's clock.
NOW = datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None, microsecond=0)


def tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    def table(name, *columns, key="id"):
        fields = [sa.Column(key, sa.String(20), primary_key=True)]
        fields += [sa.Column(column, sa.String(200)) for column in columns]
        return sa.Table(name, metadata, *fields, sa.Column("gxsj", sa.DateTime), mysql_engine="InnoDB")

    return {
        "ks": table("ks", "mc", "lb", "sj", "fzr"),
        "ry": table("ry", "xm", "zy", "ks", "zt"),
        "br": table("br", "xm", "xb", "csrq", "sfz", "dh", "lxr", "lxrgx", "lxrdh", "sw", "cs", "hb", "mq"),
        "zy": table("zy", "br", "rysj", "cysj", "zt", "ks", "bq", "ch", "ys"),
        "sy": table("sy", "lyfs", "jbdm", "jbmc", "bmsj", "cyyz"),
        "zd": table("zd", "zy", "lb", "xh", "dm", "mc", "zf"),
        "mz": table("mz", "br", "jzsj", "ks", "ys"),
    }


def field(target, column="", transform="text", argument="", codemap=""):
    return {"target": target, "column": column, "transform": transform, "argument": argument, "codemap": codemap}


def feed(kind, table, *fields, code=None):
    return {
        "code": code or kind,
        "name": kind,
        "kind": kind,
        "query": f"SELECT * FROM {table}",
        "key_column": "id",
        "watermark_column": "gxsj",
        "fields": list(fields),
    }


def codemap(code, **values):
    return {
        "code": code,
        "name": code,
        "lines": [{"source_value": key.lstrip("_"), "target_value": value} for key, value in values.items()],
    }


def definition(connection: dict) -> dict:
    return {
        "source": {"code": "his", "name": "HIS", "connect_timeout": 3, "silence_timeout": 5} | connection,
        "codemaps": [
            codemap("lb", _1="clinical", _2="ward"),
            codemap("zy", _1="doctor", _2="nurse"),
            codemap("xb", _1="male", _2="female", _9="unknown"),
            codemap("gx", _1="spouse", _2="child", _3="parent"),
            codemap("zt", _0="in_progress", _1="finished", _9="cancelled"),
            codemap("lyfs", **{f"_{n}": str(n) for n in (1, 2, 3, 4, 5, 9)}),
            codemap("zdlb", _1="principal", _2="other"),
        ],
        "feeds": [
            feed(
                "department",
                "ks",
                field("name", "mc"),
                field("code", "id"),
                field("kind", "lb", "code", codemap="lb"),
                field("parent", "sj"),
                field("manager", "fzr"),
            ),
            feed(
                "employee",
                "ry",
                field("name", "xm"),
                field("staff_no", "id"),
                field("profession", "zy", "code", codemap="zy"),
                field("department", "ks"),
                field("active", "zt", "boolean", "1"),
            ),
            feed(
                "patient",
                "br",
                field("name", "xm"),
                field("patient_no", "id"),
                field("gender", "xb", "code", codemap="xb"),
                field("birth_date", "csrq", "date"),
                field("id_number", "sfz", "id_number"),
                field("phone", "dh", "phones"),
                field("contact_name", "lxr"),
                field("contact_relation", "lxrgx", "code", codemap="gx"),
                field("contact_phone", "lxrdh", "phones"),
                field("deceased", "sw", "boolean"),
                field("is_test_patient", "cs", "boolean"),
                field("merged_into", "hb"),
                field("mother", "mq"),
            ),
            feed(
                "inpatient",
                "zy",
                field("patient", "br"),
                field("admitted_at", "rysj", "datetime"),
                field("discharged_at", "cysj", "datetime"),
                field("state", "zt", "code", codemap="zt"),
                field("department", "ks"),
                field("ward", "bq"),
                field("bed", "ch"),
                field("attending", "ys"),
            ),
            feed(
                "discharge",
                "sy",
                field("disposition", "lyfs", "code", codemap="lyfs"),
                field("diagnosis_code", "jbdm"),
                field("diagnosis_name", "jbmc"),
                field("coded_at", "bmsj", "datetime"),
                field("discharge_orders", "cyyz"),
            ),
            feed(
                "outpatient",
                "mz",
                field("patient", "br"),
                field("admitted_at", "jzsj", "datetime"),
                field("department", "ks"),
                field("attending", "ys"),
            ),
            feed(
                "diagnosis",
                "zd",
                field("encounter", "zy"),
                field("kind", "lb", "code", codemap="zdlb"),
                field("sequence", "xh", "integer"),
                field("code", "dm"),
                field("name", "mc"),
                field("removed", "zf", "boolean"),
            ),
        ],
    }


class SmallHis:
    """The tables in one database, with a clock that moves on at every change."""

    def __init__(self, engine: sa.Engine, charset: str = ""):
        self.engine = engine
        self.metadata = sa.MetaData()
        self.tables = tables(self.metadata)
        if charset:
            for table in self.tables.values():
                table.dialect_options["mysql"]["charset"] = charset
        self.metadata.create_all(engine)
        self.clock = NOW - timedelta(days=2)

    def put(self, table: str, key: str, **values) -> None:
        """Insert or update one row; gxsj moves on unless it is given."""
        self.clock += timedelta(seconds=1)
        values = {"gxsj": self.clock} | values
        target = self.tables[table]
        with self.engine.begin() as connection:
            if not connection.execute(sa.update(target).where(target.c.id == key).values(**values)).rowcount:
                connection.execute(sa.insert(target).values(id=key, **values))

    def fill(self, patients: int) -> None:
        """A ward's worth of people, all well."""
        self.put("ks", "01", mc="心内科", lb="1")
        self.put("ks", "02", mc="心内一病区", lb="2", sj="01", fzr="D1")
        for number in range(1, 4):
            self.put("ry", f"D{number}", xm=f"医生{number}", zy="1", ks="01", zt="1")
        rows = {name: [] for name in self.tables}
        for number in range(patients):
            self.clock += timedelta(seconds=1)
            admitted = NOW - timedelta(days=20, minutes=number)
            rows["br"].append(
                {
                    "id": f"P{number}",
                    "xm": f"张{chr(0x4E00 + number)}",
                    "xb": str(1 + number % 2),
                    "csrq": f"{1940 + number % 80}-0{1 + number % 9}-15",
                    "dh": f"1390000{number:04}",
                    "gxsj": self.clock,
                }
            )
            rows["zy"].append(
                {
                    "id": f"Z{number}",
                    "br": f"P{number}",
                    "rysj": f"{admitted}",
                    "cysj": f"{admitted + timedelta(days=7)}",
                    "zt": "1",
                    "ks": "01",
                    "bq": "02",
                    "ch": str(number % 40),
                    "ys": f"D{1 + number % 3}",
                    "gxsj": self.clock,
                }
            )
            rows["sy"].append(
                {
                    "id": f"Z{number}",
                    "lyfs": "1",
                    "jbdm": "I50.900",
                    "jbmc": "心力衰竭",
                    "bmsj": f"{NOW - timedelta(days=12)}",
                    "cyyz": "1. 低盐饮食\n2. 按时服药",
                    "gxsj": self.clock,
                }
            )
            rows["zd"].append(
                {
                    "id": f"Z{number}-1",
                    "zy": f"Z{number}",
                    "lb": "1",
                    "xh": "1",
                    "dm": "I50.900",
                    "mc": "心力衰竭",
                    "gxsj": self.clock,
                }
            )
            rows["mz"].append(
                {
                    "id": f"M{number}",
                    "br": f"P{number}",
                    "jzsj": f"{NOW - timedelta(days=5)}",
                    "ks": "01",
                    "ys": "D1",
                    "gxsj": self.clock,
                }
            )
        with self.engine.begin() as connection:
            for name, values in rows.items():
                if values:
                    connection.execute(sa.insert(self.tables[name]), values)
