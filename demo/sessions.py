"""Clinic sessions and their slots, published two weeks ahead; the module was introduced some days before the end."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from .clinic import CLINIC, SPECIAL
from .hospital import DEPARTMENTS
from .people import Staff, World
from .story import Story

AHEAD = timedelta(days=14)
INTRODUCED = timedelta(days=8)  # before the last day of the history
_SLOTS = 8
_FEES = {"1": "15.00", "2": "30.00", "3": "50.00", "4": "200.00"}
_BOOKED = {"1": 0.45, "2": 0.6, "3": 0.8, "4": 0.9}
_PARTS = {"1": (time(8), time(12)), "2": (time(14), time(17, 30))}
_REASONS = ("外出会诊", "参加学术会议", "临时手术", "因病休假")


def published(world: World, day: date) -> Iterator[Story]:
    """What is published on this day: the sessions two weeks later, on the first day all until then.

    >>> world = World.of(1, "small", date(2026, 1, 5))
    >>> first = date(2026, 1, 5) + timedelta(days=world.size.days) - INTRODUCED
    >>> [len(list(published(world, first + timedelta(days=days)))) > 0 for days in (-1, 0, 3)]
    [False, True, True]
    """
    first = world.since + timedelta(days=world.size.days) - INTRODUCED
    if day < first:
        return
    held = [first + timedelta(days=n) for n in range(AHEAD.days + 1)] if day == first else [day + AHEAD]
    for on in held:
        for key in world.size.active:
            if key == "emer":
                continue
            for doctor in world.on_duty(key, on):
                rng = world.rng("sessions", on, doctor.number)
                if rng.random() < (0.5 if on.weekday() < 5 else 0.15):
                    yield _session(world, rng, doctor, key, day, on)


def _session(world: World, rng: Random, doctor: Staff, key: str, day: date, on: date) -> Story:
    story = Story(rng)
    part = rng.choice("12")
    kind = CLINIC.get(doctor.title, "1")
    if kind == "3" and rng.random() < 0.4:
        kind = SPECIAL
    begins, ends = (datetime.combine(on, at) for at in _PARTS[part])
    row = {
        "pbid": f"PB{on:%y%m%d}{doctor.number}{part}",
        "ksdm": DEPARTMENTS[key].code,
        "ysgh": doctor.number,
        "hb": kind,
        "czrq": on.isoformat(),
        "sxw": part,
        "kssj": _text(begins),
        "jssj": _text(ends),
        "zs": f"{DEPARTMENTS[key].number % 30 + 1:02d}诊室",
        "ghf": _FEES[kind],
        "xhs": _SLOTS,
        "tzyy": None,
        "zt": "1",
    }
    at = datetime.combine(day, time(6))
    story.write(at, "mz_pb", row)
    stopped = begins - timedelta(hours=rng.randrange(15, 40)) if rng.random() < 0.03 else None
    if stopped and stopped > at:
        story.write(stopped, "mz_pb", row | {"zt": "2", "tzyy": rng.choice(_REASONS)})
        story.plant(stopped, "clinic_stopped", "mz_pb", row["pbid"])
    for number in range(_SLOTS):
        _slot(story, row, at, begins + (ends - begins) / _SLOTS * number, number + 1, stopped)
    return story


def _slot(story: Story, session: dict, at: datetime, begins: datetime, number: int, stopped: datetime | None) -> None:
    row = {"hyid": f"{session['pbid']}{number:02d}", "pbid": session["pbid"], "xh": number, "sj": _text(begins)}
    story.write(at, "mz_hy", row | {"zt": "1"})
    rng = story.rng
    if rng.random() < _BOOKED[session["hb"]]:
        booked = at + timedelta(seconds=int((begins - at).total_seconds() * rng.random() ** 0.5))
        if not stopped or booked < stopped:
            story.write(booked, "mz_hy", row | {"zt": "3"})
        if not stopped:
            came = rng.random() < 0.92
            story.write(begins + timedelta(minutes=rng.randrange(25)), "mz_hy", row | {"zt": "5" if came else "6"})
    if stopped:
        story.write(stopped, "mz_hy", row | {"zt": "9"})


def _text(at: datetime) -> str:
    return at.isoformat(" ", "seconds")
