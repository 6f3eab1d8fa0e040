"""What is wrong with a text before it is sent: codes and arguments, which ``sms_template`` turns into sentences."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from . import variables

# Put at the end of every commercial text: without a way to refuse, operators do not let it pass.
OPT_OUT = "拒收请回复R"
MANY_PARTS = 4
MOST_PARTS = 10

_SIGNATURE = re.compile(r"[【】]")
_CODE = re.compile(r"\{\{|\}\}|\{%|\$\{")
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s，。；、）】]+|\b[a-z0-9-]+\.(?:com|cn|net|org|cc|top|link|vip)\b", re.IGNORECASE
)
_REFUSING = re.compile(r"拒收|退订")


class Word(NamedTuple):
    """A sensitive word. level: "block" or "warn"; ``commercial``: it matters in commercial messages only."""

    word: str
    level: str = "warn"
    note: str = ""
    commercial: bool = False


class Problem(NamedTuple):
    """level: "block" (is not sent), "warn", "info"."""

    level: str
    code: str
    args: dict[str, Any] = {}


def with_opt_out(text: str) -> str:
    """A commercial text with the way to refuse at its end, once.

    >>> with_opt_out("义诊就在周六"), with_opt_out("义诊，退订回T")
    ('义诊就在周六 拒收请回复R', '义诊，退订回T')
    """
    return text if _REFUSING.search(text) else f"{text} {OPT_OUT}"


def problems(
    text: str | None,
    *,
    commercial: bool = False,
    known: Iterable[str] | None = None,
    banned: Iterable[Word] = (),
    parts: int = 1,
) -> list[Problem]:
    """What is to be said about a text; what blocks first.

    known: the words that will be filled in, None where all are (a text that is filled in already)
    parts: how many it will be sent in

    >>> [p.code for p in problems("【医院】{姓名}您好，{床号}", known={"姓名"})]
    ['signature', 'variable']
    >>> [(p.level, p.code) for p in problems("详情 www.example.com，HIV 阴性", banned=[Word("hiv", "block")])]
    [('block', 'word'), ('warn', 'link')]
    >>> [(p.level, p.code) for p in problems("免费义诊", commercial=True, banned=[Word("免费", commercial=True)])]
    [('warn', 'word'), ('info', 'opt_out')]
    >>> [p.code for p in problems("免费", banned=[Word("免费", commercial=True)])]
    []
    >>> [p.code for p in problems(" ")], [p.code for p in problems("{{object.name}}")]
    (['empty'], ['code'])
    >>> [(p.level, p.code) for p in problems("长" * 300, parts=5)], [p.level for p in problems("长", parts=11)]
    ([('warn', 'long')], ['block'])
    """
    text = text or ""
    if not text.strip():
        return [Problem("block", "empty")]
    found = []
    if _SIGNATURE.search(text):
        found.append(Problem("block", "signature"))
    if _CODE.search(text):
        found.append(Problem("block", "code"))
    elif known is not None:
        unknown = [word for word in variables.words(text) if word not in set(known)]
        found += [Problem("block", "variable", {"word": word}) for word in unknown]
    lower = text.lower()
    for banned_word in banned:
        if banned_word.word.lower() in lower and (commercial or not banned_word.commercial):
            found.append(Problem(banned_word.level, "word", {"word": banned_word.word, "note": banned_word.note or ""}))
    if link := _LINK.search(text):
        found.append(Problem("warn", "link", {"link": link[0]}))
    if any(ord(char) > 0xFFFF for char in text):
        found.append(Problem("warn", "emoji"))
    if parts > MANY_PARTS:
        found.append(Problem("block" if parts > MOST_PARTS else "warn", "long", {"parts": parts}))
    if commercial and not _REFUSING.search(text):
        found.append(Problem("info", "opt_out", {"text": OPT_OUT}))
    return sorted(found, key=lambda problem: ("block", "warn", "info").index(problem.level))
