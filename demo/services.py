"""Reports and planned operations of a patient. Their luck is their own: the stories are what they were without them."""

from datetime import datetime, timedelta
from functools import cache
from random import Random

from . import dirt
from .examinations import items
from .hospital import DEPARTMENTS
from .people import World
from .story import Story

_REQUESTED, _SAMPLED, _EXAMINING, _REPORTED, _PRINTED = "12345"
_CONCLUSIONS = ("未见明显异常。", "轻度异常，请结合临床。", "较前好转。", "建议复查。")
_ANAESTHESIA = ("全身麻醉", "椎管内麻醉", "局部麻醉", "神经阻滞麻醉")
_SCHEDULED, _OPERATING, _DONE, _CANCELLED = "1239"


@cache
def catalogue(seed: int) -> tuple[dict, ...]:
    return tuple(items(Random(f"{seed}/items"))[0])


def reports(world: World, story: Story, djh: str, visit: str, at: datetime, most: int) -> None:
    """Up to so many reports that were asked for at the beginning of a visit or stay."""
    rng = Random(f"{world.seed}/reports/{visit}")
    for number in range(rng.randrange(most + 1)):
        item = rng.choice(catalogue(world.seed))
        requested = at + timedelta(minutes=rng.randrange(10, 90))
        row = {
            "bgdh": f"BG{visit}{number}",
            "djh": djh,
            "lsh": visit,
            "xmdm": item["xmdm"],
            "xmmc": item["xmmc"],
            "lb": item["lb"],
            "zxks": item["ksdm"],
            "sqsj": _text(requested),
            "bgsj": None,
            "jl": None,
            "zt": _REQUESTED,
        }
        story.write(requested, "jcjy_bg", row)
        begun = requested + timedelta(minutes=rng.randrange(10, 120))
        story.write(begun, "jcjy_bg", row | {"zt": _SAMPLED if item["lb"] == "1" else _EXAMINING})
        ready = begun + timedelta(minutes=rng.randrange(40, 60 * 20))
        wrong = rng.random() < dirt.REPORT_BEFORE_REQUEST
        row |= {"bgsj": _text(requested - timedelta(days=1) if wrong else ready), "jl": rng.choice(_CONCLUSIONS)}
        story.write(ready, "jcjy_bg", row | {"zt": _REPORTED})
        if wrong:
            story.plant(ready, "report_before_request", "jcjy_bg", row["bgdh"])
        if rng.random() < 0.5:
            story.write(ready + timedelta(hours=rng.randrange(1, 40)), "jcjy_bg", row | {"zt": _PRINTED})


def operation(world: World, story: Story, stay: dict, name: str, admitted: datetime, day: datetime) -> None:
    """On the theatre's plan since the day before, or since soon after the admission."""
    rng, row, begins = _planned(world, story, stay, name, admitted, day)
    story.write(begins, "ss_ap", row | {"zt": _OPERATING})
    story.write(begins + timedelta(minutes=rng.randrange(40, 240)), "ss_ap", row | {"zt": _DONE})


def called_off(world: World, story: Story, stay: dict, name: str, admitted: datetime, day: datetime) -> None:
    """Some of those who were not operated on had been on the plan."""
    if Random(f"{world.seed}/called off/{stay['zylsh']}").random() < 0.15:
        rng, row, begins = _planned(world, story, stay, name, admitted, day)
        story.write(begins - timedelta(minutes=rng.randrange(5, 30)), "ss_ap", row | {"zt": _CANCELLED})


def _planned(world: World, story: Story, stay: dict, name: str, admitted: datetime, day: datetime):
    rng = Random(f"{world.seed}/theatre/{stay['zylsh']}")
    begins = day.replace(hour=8, minute=30, second=0, microsecond=0) + timedelta(minutes=15 * rng.randrange(30))
    known = max((begins - timedelta(days=1)).replace(hour=15), admitted + timedelta(minutes=30))
    begins = max(begins, known + timedelta(hours=1))
    row = {
        "apdh": f"AP{stay['zylsh']}",
        "zylsh": stay["zylsh"],
        "djh": stay["djh"],
        "ssmc": name,
        "apsj": _text(begins),
        "ssj": f"第{rng.randrange(1, 13)}手术间",
        "tc": rng.randrange(1, 5),
        "ksdm": stay["ksdm"],
        "szgh": stay["zzysgh"],
        "mzfs": rng.choice(_ANAESTHESIA),
        "zt": _SCHEDULED,
    }
    story.write(known, "ss_ap", row)
    return rng, row, begins


def transfer(story: Story, at: datetime, before: dict, after: dict) -> None:
    row = {"zkxh": f"ZK{before['zylsh']}", "zylsh": before["zylsh"], "zksj": _text(at)}
    row |= {f"y{name}": before[column] for name, column in (("ks", "ksdm"), ("bq", "bqdm"), ("ch", "ch"))}
    row |= {f"x{name}": after[column] for name, column in (("ks", "ksdm"), ("bq", "bqdm"), ("ch", "ch"))}
    story.write(at, "zk_jl", row)


def specialty(key: str, names: list[str]) -> str | None:
    """What a doctor of this department is known for."""
    return f"{DEPARTMENTS[key].name}常见病及{'、'.join(names[:3])}的诊治" if names else None


def _text(at: datetime) -> str:
    return at.isoformat(" ", "seconds")
