"""The words of a text that stand for a patient's data: ``{姓名}您好``."""

import re
from collections.abc import Mapping

_WORD = re.compile(r"\{([^{}\s]{1,20})\}")


def words(text: str | None) -> list[str]:
    """The words of a text, each once, in order.

    >>> words("{姓名}{称呼}您好，{科室}提醒{姓名}：{ }{}{{object.name}}")
    ['姓名', '称呼', '科室', 'object.name']
    """
    return list(dict.fromkeys(_WORD.findall(text or "")))


def fill(text: str | None, values: Mapping[str, str | None]) -> tuple[str, list[str]]:
    """Put the values in; a word without one (None, or not there) stays as it is and is named.

    >>> fill("{姓名}{称呼}您好，{科室}", {"姓名": "张伟国", "称呼": "", "科室": None})
    ('张伟国您好，{科室}', ['科室'])
    >>> fill("{姓名}", {"姓名": "{科室}"})
    ('{科室}', [])
    """
    missing = [word for word in words(text) if values.get(word) is None]

    def value(match: re.Match) -> str:
        return match[0] if match[1] in missing else str(values[match[1]])

    return _WORD.sub(value, text or ""), missing
