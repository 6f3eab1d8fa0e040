"""示范市第一人民医院: its departments, wards and sizes."""

from dataclasses import dataclass

NAME = "示范市第一人民医院"

# key, name, has a ward, beds
_CLINICAL = (
    ("card1", "心血管内科一", 40),
    ("card2", "心血管内科二", 36),
    ("neur1", "神经内科一", 40),
    ("neur2", "神经内科二", 36),
    ("resp", "呼吸与危重症医学科", 40),
    ("gast", "消化内科", 36),
    ("endo", "内分泌科", 36),
    ("neph", "肾内科（血液净化中心）", 32),
    ("haem", "血液风湿科", 30),
    ("onco1", "肿瘤科一", 40),
    ("onco2", "肿瘤科二", 36),
    ("infe", "感染性疾病科", 30),
    ("geri", "老年医学科", 30),
    ("hepa", "肝胆外科", 36),
    ("colo", "胃肠外科", 36),
    ("thyr", "甲状腺乳腺外科", 30),
    ("trau", "创伤骨科", 40),
    ("join", "关节外科", 32),
    ("spin", "脊柱外科", 32),
    ("nsur", "神经外科", 32),
    ("thor", "心胸外科", 30),
    ("urol", "泌尿外科", 36),
    ("gyna", "妇科", 32),
    ("obst", "产科", 40),
    ("paed", "儿科", 36),
    ("neon", "新生儿科", 30),
    ("opht", "眼科", 30),
    ("entd", "耳鼻咽喉头颈外科", 30),
    ("dent", "口腔科", 0),
    ("derm", "皮肤科", 0),
    ("reha", "中医康复科", 36),
    ("emer", "急诊科", 0),
    ("icud", "重症医学科", 30),
    ("pain", "疼痛科", 0),
)
_MEDTECH = (
    "检验科",
    "放射科",
    "超声医学科",
    "病理科",
    "药学部",
    "输血科",
    "心电图室",
    "内镜中心",
    "核医学科",
    "手术麻醉科",
    "消毒供应中心",
    "营养科",
)
_FUNCTIONAL = (
    "医务处",
    "护理部",
    "门诊部",
    "质量管理科",
    "感染管理科",
    "病案科",
    "信息中心",
    "财务处",
    "医疗保险办公室",
    "总务处",
    "保卫处",
    "人事处",
    "党政办公室",
    "客户服务中心",
)
_EAST = {"gyna", "obst", "paed", "neon", "opht", "entd", "dent", "derm", "reha", "pain"}


@dataclass(frozen=True)
class Department:
    key: str
    code: str  # 科室代码
    name: str
    kind: str  # 1 临床 2 病区 3 医技 4 职能
    campus: str
    number: int  # position among its kind, part of the staff numbers
    beds: int = 0
    parent: str | None = None


def _departments() -> dict[str, Department]:
    found = {}
    for number, (key, name, beds) in enumerate(_CLINICAL):
        campus = "东院区" if key in _EAST else "本部院区"
        found[key] = Department(key, str(1001 + number), name, "1", campus, number)
        if beds:
            ward = name if name.endswith(("一", "二")) else name.split("（")[0]
            found[f"{key}.ward"] = Department(
                f"{key}.ward", str(2001 + number), f"{ward}病区", "2", campus, number, beds, str(1001 + number)
            )
    for kind, first, names in (("3", 3001, _MEDTECH), ("4", 4001, _FUNCTIONAL)):
        for number, name in enumerate(names):
            found[name] = Department(name, str(first + number), name, kind, "本部院区", number)
    return found


DEPARTMENTS = _departments()
CLINICAL = tuple(key for key, _name, _beds in _CLINICAL)


@dataclass(frozen=True)
class Size:
    """How much happens. `active` departments have staff and patients; the others are only listed."""

    name: str
    days: int  # of history before the first day asked for
    admissions: float  # per day
    outpatients: float  # new out-patients per day; each comes about 1.4 times
    active: tuple[str, ...]
    doctors: int  # per clinical department
    nurses: int  # per ward
    patient_numbers: int  # reserved per day
    regions: int  # of id numbers, so that no two people share one by accident


_SMALL = ("card1", "neur1", "resp", "endo", "onco1", "hepa", "trau", "urol", "obst", "neon", "emer")
SIZES = {
    "small": Size("small", 92, 33, 92, _SMALL, 5, 5, 1024, 1),
    "1x": Size("1x", 548, 24.2, 560, CLINICAL, 14, 27, 4096, 14),
    "10x": Size("10x", 548, 242, 5600, CLINICAL, 14, 27, 40960, 136),
}

# The story that the figures tell (used when the past is played, see behaviour.py).
LOW_DEPARTMENTS = ("resp", "hepa", "endo")  # satisfaction and follow-up below the others
BAD_PHONE_WARDS = ("trau", "onco1")  # the clerk there takes whatever number is said
POOR_DOCTOR = "10203"  # writes "followed up" and does not call
