"""What may be shown of a name, a telephone number, an id number.

The mask of a mask is the same mask, a value too short to hide anything in is hidden whole, and nothing gives "".
"""

import re

_COMPOUND = frozenset(
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 "
    "澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 "
    "司空 闾丘 令狐 百里 呼延 东郭 南门 西门 第五 拓跋 纳兰 完颜 轩辕 耶律".split()
)
_HAN = re.compile(r"[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_DOTS = re.compile(r"[·•・‧∙･]")
_VEILED = re.compile(r"[^\s·•・‧∙･]")
_NEWBORN = re.compile(r"(.+)(之[大小长次双一二三]{0,2}(?:女|子|婴|男|儿|女婴|男婴|婴儿))", re.DOTALL)

_D = "[0-9０-９]"
_NOT_SHOWN = re.compile(r"[^0-9*]+")
_ID = rf"(?:{_D}{{17}}[0-9０-９XxＸｘ]|{_D}{{15}}|[A-Za-z]{{3}}{_D}{{12}})"
_MOBILE = rf"[1１][3-9３-９]{_D}[-\s]?{_D}{{4}}[-\s]?{_D}{{4}}"
_AREA = rf"[0０]{_D}{{2,3}}[-－)）\s]?{_D}{{7,8}}"
_PERMIT = rf"(?<![A-Za-z])[A-Za-z]{{1,2}}{_D}{{7,8}}"
_SECRET = re.compile(
    rf"(?<!{_D})(?:(?P<id>{_ID})|(?:\+?(?:00)?86[-\s]?|0)?(?P<phone>{_MOBILE})"
    rf"|(?P<landline>{_AREA})|(?P<permit>{_PERMIT}))(?!{_D})"
)
_NARROW = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789XX")


def name(value: str | None) -> str:
    """
    >>> [name(n) for n in ("张三", "张伟国", "欧阳锋", "欧阳娜娜", "王", "范徐丽泰")]
    ['张*', '张*国', '欧阳*', '欧阳**', '*', '范**泰']
    >>> name("买买提·艾力"), name("李梅之女"), name("John Smith")
    ('买**·**', '李*之女', 'J*** *****')
    >>> name(None)
    ''
    """
    value = (value or "").strip()
    if newborn := _NEWBORN.fullmatch(value):
        return _person(newborn[1]) + newborn[2]
    return _person(value)


def phone(value: str | None) -> str:
    """
    >>> [phone(n) for n in ("13900001234", "+86 139-0000-1234", "0731-85555678", "01085555678", "85555678", "110")]
    ['139****1234', '139****1234', '0731****5678', '010****5678', '****5678', '***']
    """
    digits = _NOT_SHOWN.sub("", (value or "").translate(_NARROW))
    if len(digits) > 11:
        digits = re.sub(r"^(?:(?:00)?86|0)(?=1[3-9])", "", digits)
    head = 0
    if len(digits) == 11 and digits[0] == "1":
        head = 3
    elif 10 <= len(digits) <= 12 and digits[0] == "0":
        head = 3 if digits[1] in "12" else 4
    tail = 4 if len(digits) >= 7 else 0
    return _middle(digits, min(head, max(0, len(digits) - tail - 3)), tail)


def id_number(value: str | None) -> str:
    """Three and four characters of a card number; of the shorter passport and permit numbers one and two.

    >>> id_number("11010519491231002X"), id_number("E12345678"), id_number("1234567")
    ('110***********002X', 'E******78', '*******')
    """
    value = "".join((value or "").split())
    if len(value) >= 15:
        return _middle(value, 3, 4)
    if len(value) >= 8:
        return _middle(value, 1, 2)
    return "*" * len(value)


def text(value: str | None) -> str:
    """Free text and log lines: every telephone and id number inside is masked.

    >>> text("患者11010519491231002X,电话13900001234或0731-85555678,2024年复诊")
    '患者110***********002X,电话139****1234或0731****5678,2024年复诊'
    """
    return _SECRET.sub(_hide, value or "")


def _hide(match: re.Match) -> str:
    if secret := match["id"] or match["permit"]:
        return id_number(secret.translate(_NARROW))
    return phone(match["phone"] or match["landline"])


def _person(value: str) -> str:
    if _DOTS.search(value) or not _HAN.match(value):
        return _initial(value)
    value = "".join(value.split())
    if len(value) <= 2:
        return value[:-1] + "*"
    if value[:2] in _COMPOUND:
        return value[:2] + "*" * (len(value) - 2)
    return value[0] + "*" * (len(value) - 2) + value[-1]


def _initial(value: str) -> str:
    shown = 1 if len(value) > 1 else 0
    return value[:shown] + _VEILED.sub("*", value[shown:])


def _middle(value: str, head: int, tail: int) -> str:
    hidden = len(value) - head - tail
    return value[:head] + "*" * hidden + value[head + hidden :]
