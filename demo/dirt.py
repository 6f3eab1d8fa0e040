"""What is wrong in a real HIS, planted on purpose and with known shares.

All of it is synthetic: id numbers lie in region 99xxxx, which is no province (small: 990000 alone); mobiles start
with 160, 161, 163, 164, 168 or 169, which pass ^1[3-9]\\d{9}$ and to our knowledge are in use with no operator;
landlines have the area code 0620, which is no city. Texts and calls go to simulators anyway.
"""

from datetime import date, timedelta
from random import Random

# Shares of patients.
PHONE = {
    "phone_none": 0.04,
    "phone_malformed": 0.03,
    "phone_empty": 0.03,  # well formed, found out of service when called
    "phone_placeholder": 0.03,
    "phone_landline": 0.02,
    "phone_two": 0.05,
    "phone_fullwidth": 0.02,  # the last three are only badly written
    "phone_prefix": 0.02,
    "phone_spaced": 0.02,
}
IDENTITY = {
    "id_checksum": 0.01,
    "gender_mismatch": 0.005,
    "foreigner": 0.002,
    "birth_impossible": 0.001,
    "birth_1900": 0.002,
}
NAME = {"name_dotted": 0.005, "name_rare": 0.002, "name_single": 0.001, "name_compound": 0.01}
DUPLICATE_PERSON = 0.016  # of out-patients, so about 1 % of all
TEST_PATIENT = 0.001

# Shares of in-patient episodes.
EPISODE = {
    "discharge_cancelled": 0.008,
    "discharge_changed": 0.015,
    "admission_cancelled": 0.004,
    "transferred": 0.03,
    "readmitted": 0.03,
    "died_after": 0.003,
    "unknown_patient": 0.002,
    "unknown_department": 0.002,
    "date_impossible": 0.001,
    "discharge_before_admission": 0.002,
    "discharge_future": 0.001,
}
CODED_LATE = 0.15
RESENT = 0.005  # of in-patient and out-patient rows, sent twice
NO_WATERMARK = 0.005  # rows whose update time is empty
LATE_COMMIT = 0.01  # rows seen some minutes after their update time
VISIT = {"unknown_patient": 0.0005, "unknown_department": 0.0005, "date_impossible": 0.0005}
REPORT_BEFORE_REQUEST = 0.003  # of reports

UNKNOWN_DEPARTMENT = "1999"
IMPOSSIBLE = "0000-00-00 00:00:00"
EMPTY_PREFIX = "169"  # nobody answers here: the simulator says 空号
_PREFIXES = ("160", "161", "163", "164", "168")
PLACEHOLDERS = ("13800000000", "13800138000", "16000000000")
_FULLWIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def draw(rng: Random, shares: dict[str, float]) -> str | None:
    """At most one fault of a family.

    >>> draw(Random(1), {"a": 1.0}), draw(Random(1), {"a": 0.0})
    ('a', None)
    """
    at = rng.random()
    for kind, share in shares.items():
        if at < share:
            return kind
        at -= share
    return None


def mobile(rng: Random, prefix: str = "") -> str:
    return (prefix or _PREFIXES[int(rng.random() * 5)]) + f"{int(rng.random() * 1e8):08d}"


def phone(rng: Random, kind: str | None) -> str | None:
    """
    >>> phone(Random(1), "phone_none") is None
    True
    >>> len(phone(Random(1), None))
    11
    """
    match kind:
        case None:
            return mobile(rng)
        case "phone_none":
            return rng.choice((None, "", "无"))
        case "phone_malformed":
            number = mobile(rng)
            return rng.choice((number[:10], number + "0", "2" + number[1:], number[:7] + "abcd"))
        case "phone_empty":
            return mobile(rng, EMPTY_PREFIX)
        case "phone_placeholder":
            return rng.choice(PLACEHOLDERS)
        case "phone_landline":
            return f"0620-88{rng.randrange(10**6):06d}"
        case "phone_two":
            return mobile(rng) + rng.choice("/,，、;； ") + mobile(rng)
        case "phone_fullwidth":
            return mobile(rng).translate(_FULLWIDTH)
        case "phone_prefix":
            return rng.choice(("+86", "86-", "0086", "0")) + mobile(rng)
        case _:
            number = mobile(rng)
            return f" {number[:3]} {number[3:7]} {number[7:]} "


def unknown_patient(djh: str) -> str:
    """A number that the person index does not know, each time another."""
    return "8888" + djh[4:]


def check_digit(body: str) -> str:
    """
    >>> check_digit("11010519491231002")
    'X'
    """
    return "10X98765432"[sum(w * int(c) for w, c in zip(_WEIGHTS, body, strict=True)) % 11]


def identity(number: int, regions: int, male: bool, year: int) -> tuple[date, str]:
    """Birth date and id number of the person with this running number.

    No two numbers give the same, while they stay within regions × 182,500.

    >>> identity(0, 1, True, 1990)
    (datetime.date(1990, 1, 1), '990000199001010017')
    >>> len({identity(n, 1, True, 1990) for n in range(20_000)})
    20000
    """
    region = number // 182_500 % regions
    mixed = number * 7919 % 182_500  # 7919 is coprime to 365 × 500, so neighbours spread over the year
    birth = date(year, 1, 1) + timedelta(days=mixed // 500)
    body = f"99{region:04d}{birth:%Y%m%d}{mixed % 500 * 2 + male:03d}"
    return birth, body + check_digit(body)


def wrong_check_digit(id_number: str) -> str:
    """
    >>> wrong_check_digit("11010519491231002X")
    '110105194912310020'
    """
    return id_number[:17] + ("0" if id_number[17] != "0" else "1")
