"""Who can log in to the demonstration, printed as a table: `python -m demo.logins`."""

from datetime import date
from unicodedata import east_asian_width

from .his import SEED
from .hospital import DEPARTMENTS
from .people import PERSONAS, World

PASSWORD = "demo"  # of every user of the demonstration, and of nothing else


def personas(world: World) -> list[tuple[str, str, str, str]]:
    """Role, name, department and staff number of each persona."""
    staff = {member.number: member for member in world.staff}
    found = []
    for persona in PERSONAS:
        member = staff[persona.number]
        found.append((persona.label, member.name, DEPARTMENTS[member.department].name, persona.number))
    return found


def table(rows: list[tuple[str, ...]]) -> str:
    """Columns under one another, a Chinese character taking two places.

    >>> print(table([("角色", "工号"), ("班长", "51301"), ("IT", "1")]))
    角色  工号
    班长  51301
    IT    1
    """
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def main() -> None:
    world = World.of(SEED, "small", date.min)  # staff do not depend on the date
    rows = [(*persona, PASSWORD) for persona in personas(world)]
    print(table([("角色", "姓名", "科室", "工号（登录名）", "密码"), *rows]))


if __name__ == "__main__":
    main()
