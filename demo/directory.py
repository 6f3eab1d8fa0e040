"""Telephones of the departments and the directory of leaders."""

from collections.abc import Iterator

from . import dirt
from .hospital import DEPARTMENTS, Department
from .people import World

_LINES = {
    "1": (("主任办公室", "8:00-17:30"), ("门诊诊室", "8:00-17:30"), ("预约咨询", "8:00-20:00")),
    "2": (("护士站", "24小时"), ("医生办公室", "24小时")),
    "3": (("登记处", "8:00-17:30"), ("报告查询", "8:00-20:00")),
    "4": (("办公室", "8:00-12:00 14:00-17:30"),),
}
_BUILDINGS = {"1": "门诊楼", "2": "住院楼", "3": "医技楼", "4": "行政楼"}
_UPPER = ("院长", "副院长")
_MIDDLE = ("科主任", "护士长", "处长", "主任", "班长")


def phones() -> Iterator[dict]:
    """Rows of dh_ks."""
    for department in DEPARTMENTS.values():
        for number, (purpose, hours) in enumerate(_LINES[department.kind], 1):
            yield {
                "dhxh": f"DH{department.code}{number}",
                "ksdm": department.code,
                "dh": f"0620-88{department.code}{number:02d}",
                "yt": purpose,
                "wz": _place(department),
                "sj": hours,
                "px": number,
            }


def leaders(world: World) -> Iterator[dict]:
    """Rows of txl_ld: whoever leads something."""
    rng = world.rng("leaders")
    found = [member for member in world.staff if member.post in _UPPER + _MIDDLE]
    for number, member in enumerate(sorted(found, key=lambda member: member.post not in _UPPER), 1):
        department = DEPARTMENTS[member.department]
        yield {
            "txlxh": f"LD{member.number}",
            "xm": member.name,
            "zw": member.post if member.post in _UPPER else f"{department.name}{member.post}",
            "jb": "1" if member.post in _UPPER else "2",
            "ksdm": department.code,
            "bgdh": f"0620-88{department.code}01",
            "sj": dirt.mobile(rng),
            "bgs": _place(department),
            "px": number,
        }


def _place(department: Department) -> str:
    return f"{department.campus}{_BUILDINGS[department.kind]}{department.number % 12 + 1}层"
