"""Staff and patients."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from random import Random

from . import dirt, names
from .hospital import BAD_PHONE_WARDS, DEPARTMENTS, SIZES, Size

DOCTOR, NURSE, MEDTECH, ADMIN, LOGISTICS = "12345"
_DOCTOR_TITLES = ("主任医师", "副主任医师", "主治医师", "住院医师", "住院医师")
_NURSE_TITLES = ("副主任护师", "主管护师", "护师", "护师", "护士")
_FUNCTIONAL_POSTS = {
    "党政办公室": ("院长", "副院长", "科员"),
    "客户服务中心": (
        "班长",
        "客服坐席",
        "质检员",
        "随访员",
        "客服坐席",
        "客服坐席",
        "客服坐席",
        "客服坐席",
        "客服坐席",
        "客服坐席",
    ),
    "信息中心": ("主任", "安全审计员", "数据接口工程师", "系统管理员"),
}
_RELATIONS = ("1", "1", "2", "3", "5", "8")  # GB/T 4761: spouse, son, daughter, parent, other
_STREETS = ("健康路", "和平路", "解放大街", "人民路", "文昌街", "滨河大道", "新华街", "学府路")
_DISTRICTS = ("城东区", "城西区", "高新区", "青山县", "白水县")


@dataclass(frozen=True)
class Staff:
    number: str  # 工号
    name: str
    sex: str
    department: str  # key of DEPARTMENTS
    profession: str
    title: str
    post: str
    state: str = "1"  # 1 在岗 2 离职


@dataclass(frozen=True)
class Persona:
    """Somebody to log in as."""

    role: str  # group of hospital_base without "group_"
    label: str
    number: str


PERSONAS = (
    Persona("agent", "随访员 / 客服坐席", "51304"),
    Persona("supervisor", "班长", "51301"),
    Persona("quality", "质检员", "51303"),
    Persona("doctor", "临床医生", "10003"),
    Persona("nurse", "病区护士", "20002"),
    Persona("head", "科主任", "10001"),
    Persona("functional", "职能科（医务处）", "50001"),
    Persona("delegated_leader", "分管院领导", "51202"),
    Persona("leader", "院领导", "51201"),
    Persona("admin", "系统管理员", "50604"),
    Persona("auditor", "安全审计员", "50602"),
    Persona("integration", "数据接口工程师", "50603"),
)
LEFT, LEFT_AFTER = "12103", 75  # a urologist resigns, days after the first
MOVED, MOVED_AFTER = "10205", 50  # from neurology to cardiology


@dataclass(frozen=True)
class World:
    """All that a day depends on."""

    seed: int
    size: Size
    since: date

    @classmethod
    def of(cls, seed: int, size: str, since: date) -> "World":
        return cls(seed, SIZES[size], since)

    def rng(self, *parts: object) -> Random:
        return Random("/".join(map(str, (self.seed, self.size.name, *parts))))

    @cached_property
    def staff(self) -> list[Staff]:
        rng = self.rng("staff")
        return [member for department in DEPARTMENTS.values() for member in _staff_of(rng, self.size, department)]

    @cached_property
    def doctors(self) -> dict[str, list[Staff]]:
        return self._by_department(DOCTOR)

    @cached_property
    def nurses(self) -> dict[str, list[Staff]]:
        return self._by_department(NURSE)

    def _by_department(self, profession: str) -> dict[str, list[Staff]]:
        found: dict[str, list[Staff]] = {}
        for member in self.staff:
            if member.profession == profession:
                found.setdefault(member.department, []).append(member)
        return found

    @cached_property
    def wards(self) -> list[str]:
        """Departments with beds."""
        return [key for key in self.size.active if f"{key}.ward" in DEPARTMENTS]

    def on_duty(self, department: str, day: date) -> list[Staff]:
        doctors = self.doctors[department]
        if day < self.since + timedelta(days=LEFT_AFTER):
            return doctors
        return [doctor for doctor in doctors if doctor.number != LEFT]

    def changed_staff(self) -> list[tuple[int, Staff]]:
        """Who left or moved, and on which day after the first."""
        by_number = {member.number: member for member in self.staff}
        return [
            (LEFT_AFTER, replace(by_number[LEFT], state="2")),
            (MOVED_AFTER, replace(by_number[MOVED], department="card1")),
        ]


def _staff_of(rng: Random, size: Size, department) -> list[Staff]:
    large = size.name != "small"
    key, n = department.key, department.number
    if department.kind == "1":
        count = 0 if key not in size.active else size.doctors if large or department.key != "emer" else 4
        posts = ["科主任"] + ["医师"] * (count - 1)
        return [
            _member(rng, f"1{n:02d}{k + 1:02d}", key, DOCTOR, _title(_DOCTOR_TITLES, k, count), posts[k])
            for k in range(count)
        ]
    if department.kind == "2":
        count = size.nurses if key.removesuffix(".ward") in size.active else 0
        posts = ["护士长"] + ["护士"] * (count - 1)
        return [
            _member(rng, f"2{n:02d}{k + 1:02d}", key, NURSE, _title(_NURSE_TITLES, k, count), posts[k])
            for k in range(count)
        ]
    if department.kind == "3":
        count = 15 if large else 0
        return [
            _member(
                rng, f"3{n:02d}{k + 1:02d}", key, MEDTECH, "主管技师" if k else "副主任技师", "技师" if k else "主任"
            )
            for k in range(count)
        ]
    posts = list(_FUNCTIONAL_POSTS.get(key, ("处长",)))
    if large:
        posts += ["科员"] * (10 - len(posts))
    elif key == "客户服务中心":
        posts = posts[:6]
    staff = [_member(rng, f"5{n:02d}{k + 1:02d}", key, ADMIN, "", post) for k, post in enumerate(posts)]
    if key == "总务处" and large:
        staff += [_member(rng, f"7{n:02d}{k + 1:02d}", key, LOGISTICS, "", "工勤人员") for k in range(70)]
    return staff


def _title(titles: tuple[str, ...], k: int, count: int) -> str:
    return titles[k * len(titles) // count]


def _member(rng: Random, number: str, department: str, profession: str, title: str, post: str) -> Staff:
    male = rng.random() < (0.05 if profession == NURSE else 0.55)
    return Staff(number, names.common(rng, male), "1" if male else "2", department, profession, title, post)


def patient(
    world: World, rng: Random, djh: str, number: int, at: datetime, male: bool, age: int, ward: str = ""
) -> tuple[dict, list[str]]:
    """A row of br_zsy as registered, and what is wrong with it."""
    phone, identity, name = (dirt.draw(rng, family) for family in (dirt.PHONE, dirt.IDENTITY, dirt.NAME))
    if ward in BAD_PHONE_WARDS and not phone and rng.random() < 0.2:
        phone = rng.choice(("phone_malformed", "phone_empty", "phone_placeholder"))
    unnumbered = age == 0 and rng.random() < 0.5  # an infant whose card is not made yet
    if unnumbered and identity in ("id_checksum", "gender_mismatch"):
        identity = None
    if identity == "foreigner":
        name = "foreigner"
    birth, id_number = dirt.identity(number, world.size.regions, male, at.year - age)
    if birth > at.date():  # this year's birthday is still to come
        birth, id_number = dirt.identity(number, world.size.regions, male, at.year - age - 1)
    row = {
        "djh": djh,
        "xm": names.unusual(rng, name, male) if name else names.common(rng, male),
        "xb": "1" if male else "2",
        "csrq": birth.isoformat(),
        "zjlx": "01",
        "sfzjhm": id_number,
        "dh": dirt.phone(rng, phone),
        "lxrxm": None,
        "lxrgx": None,
        "lxrdh": None,
        "xzz": f"示范省示范市{rng.choice(_DISTRICTS)}{rng.choice(_STREETS)}{rng.randrange(1, 400)}号",
        "mqdjh": None,
        "hbdjh": None,
        "csbz": "0",
        "swbz": "0",
        "swsj": None,
    }
    if unnumbered:
        row["zjlx"], row["sfzjhm"] = "99", None
    if phone not in ("phone_none", "phone_landline") and rng.random() < 0.75:
        row["lxrxm"], row["lxrgx"] = names.common(rng, rng.random() < 0.5), rng.choice(_RELATIONS)
        row["lxrdh"] = dirt.mobile(rng) if rng.random() < 0.8 else None
    _spoil(rng, row, identity)
    return row, [kind for kind in dict.fromkeys((phone, identity, name)) if kind]


def _spoil(rng: Random, row: dict, kind: str | None) -> None:
    if kind == "foreigner":
        row["zjlx"], row["sfzjhm"] = "03", f"E{rng.randrange(10**8):08d}"
    elif kind == "id_checksum":
        row["sfzjhm"] = dirt.wrong_check_digit(row["sfzjhm"])
    elif kind == "gender_mismatch":
        row["xb"] = "2" if row["xb"] == "1" else "1"
    elif kind == "birth_impossible":
        row["csrq"] = "0000-00-00"
    elif kind == "birth_1900":
        row["csrq"] = "1900-01-01"


def newborn(rng: Random, djh: str, mother: dict, born: datetime) -> dict:
    """Registered under the mother's name; has no number and no phone of its own."""
    male = rng.random() < 0.52
    return mother | {
        "djh": djh,
        "xm": mother["xm"] + ("之子" if male else "之女"),
        "xb": "1" if male else "2",
        "csrq": born.date().isoformat(),
        "zjlx": "99",
        "sfzjhm": None,
        "dh": None,
        "lxrxm": mother["xm"],
        "lxrgx": "5",
        "lxrdh": mother["dh"],
        "mqdjh": mother["djh"],
    }
