"""What an operator's code means for the part that it speaks of.

A code is text: a result as a decimal number ("8"), SMPP's status as hex ("0x58"), a report's state ("DELIVRD",
"MK:0001") with SMGP's three digits after it where they say more ("UNDELIV 003").
"""

import re
from collections.abc import Mapping

FAMILIES = {"cmpp2": "cmpp", "cmpp3": "cmpp", "simulator": "cmpp"}
# A report's states that are no failure, in every protocol's spelling.
DELIVERED = {"DELIVRD", "DELIVERED"}
PENDING = {"ACCEPTD", "ACCEPTED", "ENROUTE", "BUFFRED", "BUFFERED"}

# What is treated otherwise than as failed.
KINDS: dict[str, dict[str, str]] = {
    "cmpp": {"3": "busy", "8": "throttled", "9": "elsewhere", "13": "elsewhere"},
    "sgip": {
        "11": "throttled",
        "22": "elsewhere",
        "23": "elsewhere",
        "29": "elsewhere",
        "32": "busy",
        "33": "throttled",
        "34": "busy",
        "88": "throttled",
    },
    "smgp": {"1": "throttled", "2": "busy", "39": "elsewhere", "58": "elsewhere", "74": "later", "75": "later"},
    "smpp": {
        "0x08": "busy",
        "0x14": "throttled",
        "0x58": "throttled",
        "0x64": "busy",
    },
    "wechat": {"-1": "busy", "45009": "later", "45011": "throttled", "45047": "throttled"},
}


def family(protocol: str) -> str:
    """The protocol whose codes these are: both versions of CMPP, and the simulator, have the same.

    >>> family("cmpp3"), family("sgip")
    ('cmpp', 'sgip')
    """
    return FAMILIES.get(protocol, protocol)


def kind(protocol: str, code: str, own: Mapping[str, str] | None = None) -> str:
    """What a refused submit is treated as: see contract.Rejected. Whatever is not known has failed.

    own: what the hospital has set for its operator's codes, ``{code: kind}``

    >>> kind("cmpp2", "8"), kind("sgip", "22"), kind("smgp", "74"), kind("smpp", "0x58"), kind("cmpp3", "117")
    ('throttled', 'elsewhere', 'later', 'throttled', 'failed')
    >>> kind("cmpp3", "117", {"117": "throttled"})
    'throttled'
    """
    return (own or {}).get(code) or KINDS.get(family(protocol), {}).get(code, "failed")


def state(stat: str) -> str:
    """A report's state word as contract.Report has it.

    >>> state("DELIVRD"), state("ACCEPTD"), state("MK:0001")
    ('delivered', 'pending', 'failed')
    """
    word = stat.upper()
    return "delivered" if word in DELIVERED else "pending" if word in PENDING else "failed"


def report_code(stat: str, err: str = "") -> str:
    """How a report's words are kept.

    >>> report_code("DELIVRD", "000"), report_code("UNDELIV", "003")
    ('DELIVRD', 'UNDELIV 003')
    """
    return f"{stat} {err}" if err.strip("0") else stat


def lookups(code: str) -> list[str]:
    """Under which codes a meaning is looked for, the most exact first.

    >>> lookups("UNDELIV 003"), lookups("MK:0001"), lookups("LimitExceeded.AppDailyLimit"), lookups("8")
    (['UNDELIV 003', '003', 'UNDELIV'], ['MK:0001', 'MK'], ['LimitExceeded.AppDailyLimit', 'LimitExceeded'], ['8'])
    """
    word, _, err = code.partition(" ")
    group = re.split("[:.]", word)[0]
    return [code, *([err, word] if err else []), *([group] if group != word else [])]
