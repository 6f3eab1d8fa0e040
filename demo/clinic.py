"""One visit to a clinic or to the emergency room."""

from datetime import datetime

from . import dirt, services
from .hospital import DEPARTMENTS
from .people import World
from .story import Story

CLINIC = {"主任医师": "3", "副主任医师": "2"}  # 号别 by title: the others hold ordinary clinics
SPECIAL = "4"


def visit(
    world: World, story: Story, person: dict, at: datetime, key: str, number: int, reason: tuple[str, str]
) -> None:
    """The visit with this number of this person, for this reason (code, name)."""
    rng = story.rng
    doctor = rng.choice(world.on_duty(key, at.date()))
    mzlsh = f"MZ{person['djh']}{number:02d}"
    fault = dirt.draw(rng, dirt.VISIT)
    row = {
        "mzlsh": mzlsh,
        "cfxh": 0,
        "djh": dirt.unknown_patient(person["djh"]) if fault == "unknown_patient" else person["djh"],
        "jzlb": "2" if key == "emer" else "1",
        "hb": SPECIAL if rng.random() < 0.02 else CLINIC.get(doctor.title, "1"),
        "jzsj": dirt.IMPOSSIBLE if fault == "date_impossible" else at.isoformat(" ", "seconds"),
        "ksdm": dirt.UNKNOWN_DEPARTMENT if fault == "unknown_department" else DEPARTMENTS[key].code,
        "ysgh": doctor.number,
        "jbdm": reason[0],
        "zdmc": reason[1],
        "zt": "2" if rng.random() < 0.02 else "1",
    }
    story.write(at, "mz_jzxx", row)
    story.resend(at, "mz_jzxx", row)
    services.reports(world, story, person["djh"], mzlsh, at, 1)
    if fault:
        story.plant(at, fault, "mz_jzxx", mzlsh)
