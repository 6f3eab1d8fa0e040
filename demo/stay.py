"""A stay in the ward, with what the HIS does to its row while it lasts and after."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from math import exp, log

from . import dirt, services
from .clinic import visit
from .diagnoses import DELIVERIES, Diagnosis
from .hospital import DEPARTMENTS
from .people import World
from .story import Story
from .summaries import TEXTS, summary

_ADMISSION_SOURCES = {"1": 28, "2": 66, "3": 4, "9": 2}  # 入院途径
_DISPOSITIONS = {"1": 92, "2": 1.2, "3": 1.5, "4": 4.3, "5": 0.6, "9": 0.4}  # 离院方式
_DIED = "5"
_IN, _OUT, _WITHDRAWN = "123"  # 状态
_HOURS = (8, 9, 9, 9, 10, 10, 10, 11, 14, 15)  # of discharge
_REVISIT = 9  # number of the visit after a stay


@dataclass
class Stay:
    world: World
    story: Story
    person: dict
    age: int
    diagnosis: Diagnosis
    department: str  # key of DEPARTMENTS
    admitted: datetime
    number: int = 1
    row: dict = field(init=False)

    def __post_init__(self) -> None:
        self.zylsh = f"ZY{self.person['djh']}{self.number:02d}"
        self.rng = self.story.rng
        first = self.number == 1 and self.person["csbz"] == "0"
        self.fault = dirt.draw(self.rng, dirt.EPISODE) if first else None

    def play(self) -> None:
        """From admission to what follows discharge."""
        self._admit()
        if self.fault == "admission_cancelled":
            self._write(self.admitted + self._hours(2, 20), zt=_WITHDRAWN)
            return
        discharged = self._day_of_discharge()
        if self.fault == "transferred" and (discharged - self.admitted).days >= 3:
            self._transfer((self.admitted + (discharged - self.admitted) / 2).replace(microsecond=0))
        discharged = self._discharge(discharged)
        self._follow(discharged, self._document(discharged))

    def _admit(self) -> None:
        self.row = {
            "zylsh": self.zylsh,
            "cfxh": 0,
            "bah": f"B{self.person['djh']}",
            "djh": self.person["djh"],
            "mqdjh": self.person["mqdjh"],
            "zycs": self.number,
            "rysj": _text(self.admitted),
            "cysj": None,
            "zt": _IN,
        } | self._bed(self.admitted.date())
        wrong = {
            "unknown_patient": {"djh": dirt.unknown_patient(self.person["djh"])},
            "unknown_department": {"ksdm": dirt.UNKNOWN_DEPARTMENT},
            "date_impossible": {"rysj": dirt.IMPOSSIBLE},
        }.get(self.fault)
        self._write(self.admitted, plant=bool(wrong), **wrong or {})
        services.reports(self.world, self.story, self.person["djh"], self.zylsh, self.admitted, 4)
        self._diagnose(self.admitted, "3", 1, self.diagnosis.code, self.diagnosis.name)

    def _transfer(self, at: datetime) -> None:
        others = [key for key in self.world.wards if key not in (self.department, "obst", "neon")]
        self.department = self.rng.choice(others)
        before = self.row
        self._write(at, plant=True, **self._bed(at.date()))
        services.transfer(self.story, at, before, self.row)

    def _discharge(self, at: datetime) -> datetime:
        """Out, and perhaps back again or on another day. Returns when it really was."""
        shift = {
            "discharge_before_admission": self.admitted - at - timedelta(days=3),
            "discharge_future": timedelta(365),
        }
        wrong = shift.get(self.fault)
        self._write(at, plant=bool(wrong), zt=_OUT, cysj=_text(at + (wrong or timedelta())))
        if self.fault is None:
            self.story.resend(at, "zy_brxx", self.row)
        elif self.fault == "discharge_cancelled":
            self._summarise(at, None)
            back = at + self._hours(2, 30)
            self._write(back, plant=True, zt=_IN, cysj=None)
            at = (back + timedelta(days=self.rng.randrange(2, 6))).replace(hour=10)
            self._write(at, zt=_OUT, cysj=_text(at))
        elif self.fault == "discharge_changed":
            day = timedelta(days=self.rng.choice((-1, 1)))
            self._write(at + self._hours(30, 60), plant=True, cysj=_text(at + day))
        return at

    def _document(self, discharged: datetime) -> str:
        """Summary at once, front page when the coders come to it. Returns the way of discharge."""
        operation = None
        if self.diagnosis.operations and self.rng.random() < self.diagnosis.operated:
            operation = self.rng.choice(self.diagnosis.operations)
        elif self.diagnosis.operations:
            name = self.diagnosis.operations[0][1]
            services.called_off(self.world, self.story, self.row, name, self.admitted, self._theatre_day(discharged))
        self._summarise(discharged, operation)
        natural = self.age and self.diagnosis.code not in DELIVERIES
        way = self._choice(_DISPOSITIONS) if natural else "1"
        late = self.rng.random() < dirt.CODED_LATE
        coded = discharged + (self._hours(25, 72) if late else self._hours(4, 20))
        if late:
            self.story.plant(coded, "coded_late", "ba_basy", self.zylsh)
        page = {
            "zylsh": self.zylsh,
            "bah": self.row["bah"],
            "jbdm": self.diagnosis.code,
            "cyszyzd": self.diagnosis.name,
            "rytj": self._choice(_ADMISSION_SOURCES),
            "lyfs": way,
            "zzyjh": "2" if self.diagnosis.text == "chemo" else "1",
            "bmsj": _text(coded),
        }
        self.story.write(coded, "ba_basy", page)
        self._diagnose(coded, "1", 1, self.diagnosis.code, self.diagnosis.name)
        others = [other for other in self.diagnosis.others if self.rng.random() < 0.5]
        for order, (code, name) in enumerate(others, 1):
            self._diagnose(coded, "2", order, code, name)
        if operation:
            self._operate(coded, operation, self._theatre_day(discharged))
        return way

    def _follow(self, discharged: datetime, way: str) -> None:
        """Death, readmission, or a revisit to the clinic."""
        if way == _DIED:
            self._die(discharged, timedelta(hours=1))
        elif self.fault == "died_after":
            died = discharged + timedelta(days=self.rng.randrange(3, 60))
            self._die(died, timedelta(hours=20))
            self.story.plant(died + timedelta(hours=20), self.fault, "br_zsy", self.person["djh"])
        elif self.fault == "readmitted":
            again = (discharged + timedelta(days=self.rng.randrange(3, 30))).replace(hour=self.rng.randrange(8, 17))
            second = replace(self, admitted=again, number=self.number + 1)
            self.story.plant(again, self.fault, "zy_brxx", second.zylsh)
            second.play()
        elif self.rng.random() < 0.5:
            at = self._revisit(discharged) + timedelta(days=self.rng.randrange(-3, 4), hours=self.rng.randrange(8, 16))
            reason = self.diagnosis.code, self.diagnosis.name
            visit(self.world, self.story, self.person, at, self.department, _REVISIT, reason)

    def _die(self, died: datetime, reported_after: timedelta) -> None:
        self.story.write(died + reported_after, "br_zsy", self.person | {"swbz": "1", "swsj": _text(died)})

    def _write(self, at: datetime, plant: bool = False, **changes: str | None) -> None:
        self.row = self.row | changes
        self.story.write(at, "zy_brxx", self.row)
        if plant or changes.get("zt") == _WITHDRAWN:
            self.story.plant(at, self.fault, "zy_brxx", self.zylsh)

    def _bed(self, day: date) -> dict:
        department, ward = DEPARTMENTS[self.department], DEPARTMENTS[f"{self.department}.ward"]
        doctors, nurses = self.world.on_duty(self.department, day), self.world.nurses[ward.key]
        residents = (len(doctors) + 1) // 2 + 1  # those from here on
        return {
            "ksdm": department.code,
            "bqdm": ward.code,
            "ch": f"{self.rng.randrange(1, ward.beds + 1):02d}",
            "zzysgh": self.rng.choice(doctors[1:residents]).number,
            "zyysgh": self.rng.choice(doctors[residents:]).number,
            "zrhsgh": self.rng.choice(nurses[1:]).number,
        }

    def _day_of_discharge(self) -> datetime:
        days = round(exp(self.rng.gauss(log(self.diagnosis.days), 0.4)))
        day = self.admitted + timedelta(days=min(40, max(1, days)))
        if day.weekday() == 6 and self.rng.random() < 0.55:
            day += timedelta(days=1)
        hour, minute, second = self.rng.choice(_HOURS), self.rng.randrange(60), self.rng.randrange(60)
        return day.replace(hour=hour, minute=minute, second=second)

    def _revisit(self, discharged: datetime) -> datetime:
        return discharged.replace(hour=0, minute=0, second=0) + timedelta(days=TEXTS[self.diagnosis.text].revisit)

    def _summarise(self, discharged: datetime, operation: tuple[str, str] | None) -> None:
        revisit = self._revisit(discharged).date()
        sections = summary(
            self.rng,
            TEXTS[self.diagnosis.text],
            self.person["xb"],
            self.age,
            self.diagnosis.name,
            operation and operation[1],
            self.admitted.date(),
            revisit,
        )
        row = {"zylsh": self.zylsh, **sections, "fzrq": revisit.isoformat()}
        self.story.write(discharged - timedelta(minutes=20), "cy_cyxj", row)

    def _diagnose(self, at: datetime, kind: str, order: int, code: str, name: str) -> None:
        key = f"{self.zylsh}-{kind}-{order}"
        row = {"zdlsh": key, "zylsh": self.zylsh, "zdlb": kind, "xh": order, "jbdm": code, "zdmc": name}
        self.story.write(at, "ba_zdmx", row)

    def _operate(self, coded: datetime, operation: tuple[str, str], performed: datetime) -> None:
        row = {
            "sslsh": f"{self.zylsh}-1",
            "zylsh": self.zylsh,
            "xh": 1,
            "ssjczbm": operation[0],
            "ssjczmc": operation[1],
            "ssjczrq": _text(performed),
            "szgh": self.row["zzysgh"],
        }
        self.story.write(coded, "ba_ssmx", row)
        services.operation(self.world, self.story, self.row, operation[1], self.admitted, performed)

    def _theatre_day(self, discharged: datetime) -> datetime:
        return self.admitted + (discharged - self.admitted) * 0.3

    def _hours(self, first: int, last: int) -> timedelta:
        return timedelta(minutes=self.rng.randrange(first * 60, last * 60))

    def _choice(self, weights: dict[str, float]) -> str:
        return self.rng.choices(list(weights), list(weights.values()))[0]


def _text(at: datetime) -> str:
    return at.isoformat(" ", "seconds")
