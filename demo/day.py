"""What begins on one day: the stories of the patients first seen then. Depends on the world and the date alone."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from . import dirt, people
from .clinic import visit
from .diagnoses import CATALOGUE, DELIVERIES, GENERAL_VISIT, JAUNDICE, VISITS, Diagnosis
from .people import World
from .stay import Stay
from .story import Story

HORIZON = timedelta(days=200)  # no story is longer
_EPOCH = date(2020, 1, 1)
_ADMISSIONS = (1.2, 1.15, 1.1, 1.05, 1.0, 0.75, 0.75)  # Monday first
_VISITS = (1.25, 1.2, 1.15, 1.1, 1.1, 0.8, 0.4)
_SLOTS = 4  # patient numbers per story: the patient, a newborn or mother, a duplicate, and one to spare


def stories(world: World, day: date) -> Iterator[Story]:
    """
    >>> world = World.of(1, "small", date(2026, 1, 1))
    >>> first, again = (list(stories(world, date(2026, 1, 5))) for _ in range(2))
    >>> [story.versions for story in first] == [story.versions for story in again]
    True
    """
    rng = world.rng(day)
    mix = [(diagnosis, wards) for diagnosis in CATALOGUE if (wards := _wards(world, diagnosis))]
    weights = [diagnosis.share for diagnosis, _wards_ in mix]
    slot = 0
    for _ in range(_count(rng, world.size.admissions * _ADMISSIONS[day.weekday()])):
        diagnosis, wards = rng.choices(mix, weights)[0]
        yield _admission(world, rng, day, slot, diagnosis, rng.choice(wards))
        slot += _SLOTS
    for _ in range(_count(rng, world.size.outpatients * _VISITS[day.weekday()])):
        yield _outpatient(world, rng, day, slot, rng.choice(world.size.active))
        slot += _SLOTS


def _count(rng: Random, expected: float) -> int:
    return int(expected + rng.random())


def _wards(world: World, diagnosis: Diagnosis) -> list[str]:
    return [key for key in diagnosis.departments if key in world.wards]


def _registration(world: World, day: date, slot: int) -> tuple[str, int]:
    """登记号, and the running number of the person."""
    days = (day - _EPOCH).days
    return f"{days:05d}{slot:05d}", days * world.size.patient_numbers + slot


def _register(world: World, story: Story, at: datetime, slot: int, male: bool, age: int, department: str) -> dict:
    djh, number = _registration(world, at.date(), slot)
    row, faults = people.patient(world, story.rng, djh, number, at, male, age, department)
    if story.rng.random() < dirt.TEST_PATIENT:
        row["xm"], row["csbz"] = story.rng.choice(("测试", "测试患者", "test01")), "1"
        faults = ["test_patient"]
    story.write(at, "br_zsy", row)
    for kind in faults:
        story.plant(at, kind, "br_zsy", djh)
    return row


def _admission(world: World, rng: Random, day: date, slot: int, diagnosis: Diagnosis, key: str) -> Story:
    story = Story(rng)
    admitted = datetime.combine(day, time(8)) + timedelta(minutes=rng.randrange(540))
    registered = admitted - timedelta(minutes=rng.randrange(10, 60))
    if diagnosis is JAUNDICE:
        mother = _register(world, story, registered, slot + 1, False, rng.randrange(20, 40), key)
        baby = _born(world, story, registered, slot, mother, registered - timedelta(days=rng.randrange(1, 6)))
        Stay(world, story, baby, 0, diagnosis, key, admitted).play()
        return story
    age = rng.randrange(diagnosis.ages[0], diagnosis.ages[1] + 1)
    male = diagnosis.sex == "1" or (not diagnosis.sex and rng.random() < 0.53)
    person = _register(world, story, registered, slot, male, age, key)
    if rng.random() < 0.4:
        visit(world, story, person, registered + timedelta(minutes=5), key, 0, (diagnosis.code, diagnosis.name))
    Stay(world, story, person, age, diagnosis, key, admitted).play()
    if diagnosis.code in DELIVERIES:
        born = admitted + timedelta(hours=rng.randrange(2, 20))
        baby = _born(world, story, born + timedelta(hours=1), slot + 1, person, born)
        if rng.random() < 0.25 and "neon" in world.size.active:
            Stay(world, story, baby, 0, JAUNDICE, "neon", born + timedelta(days=rng.randrange(2, 5))).play()
    return story


def _born(world: World, story: Story, at: datetime, slot: int, mother: dict, born: datetime) -> dict:
    djh = _registration(world, story.versions[0][0].date(), slot)[0]
    baby = people.newborn(story.rng, djh, mother, born)
    story.write(at, "br_zsy", baby)
    story.plant(at, "newborn", "br_zsy", djh)
    return baby


def _outpatient(world: World, rng: Random, day: date, slot: int, key: str) -> Story:
    story = Story(rng)
    opening, minutes = (0, 1420) if key == "emer" else (8, 530)
    at = datetime.combine(day, time(opening)) + timedelta(minutes=rng.randrange(10, minutes))
    male = key != "obst" and rng.random() < 0.48
    age = rng.randrange(20, 42) if key == "obst" else rng.randrange(0, 7) if key == "neon" else rng.randrange(16, 88)
    person = _register(world, story, at - timedelta(minutes=8), slot, male, age, "")
    reason = rng.choice(VISITS.get(key, GENERAL_VISIT))
    first, number = at, 0
    visit(world, story, person, at, key, number, reason)
    while number < 3 and rng.random() < 0.28:
        number += 1
        at += timedelta(days=rng.randrange(3, 30))
        visit(world, story, person, at, key, number, reason)
    if rng.random() < dirt.DUPLICATE_PERSON:
        _duplicate(world, story, person, slot + 2, day, first + timedelta(days=rng.randrange(1, 10)), key, reason)
    return story


def _duplicate(
    world: World, story: Story, person: dict, slot: int, day: date, at: datetime, key: str, reason: tuple[str, str]
) -> None:
    """Registered a second time by another clerk; half of them are found and merged later."""
    djh = _registration(world, day, slot)[0]
    double = person | {"djh": djh, "dh": dirt.mobile(story.rng)}
    story.write(at - timedelta(minutes=8), "br_zsy", double)
    story.plant(at, "duplicate_person", "br_zsy", djh)
    visit(world, story, double, at, key, 0, reason)
    if story.rng.random() < 0.5:
        merged = at + timedelta(days=story.rng.randrange(1, 10))
        story.write(merged, "br_zsy", double | {"hbdjh": person["djh"]})
        story.plant(merged, "merged", "br_zsy", djh)
