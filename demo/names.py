"""Chinese names, in our own mix: common ones, and the ones that break software."""

from itertools import accumulate
from random import Random

_SURNAMES = (
    "王71李68张63刘51陈46杨31黄25赵24吴23周22徐18孙18马16朱15胡14郭14何13林13高12罗12郑11梁10谢9宋9唐8许8邓8韩7冯7曹7"
    "彭6曾6肖6田6董6潘6袁6蔡5蒋5余5于5杜5叶5程5魏5苏5吕5丁4任4卢4姚4沈4钟4姜4崔4谭3陆3范3汪3廖3石3金3韦3贾3夏3付3方3"
    "邹3熊3白3孟3秦3邱3侯2江2尹2薛2闫2段2雷2龙2黎2史2陶2贺2毛2郝2顾2龚2邵2万2覃2武2钱2戴2严2欧1莫1孔1向1汤1"
)
SURNAMES: list[str] = []
_weights: list[int] = []
for char in _SURNAMES:
    if char.isdigit():
        _weights[-1] = _weights[-1] * 10 + int(char)
    else:
        SURNAMES.append(char)
        _weights.append(0)
_CUMULATED = list(accumulate(_weights))

_MALE = "伟强军磊洋勇杰涛斌超明刚平辉鹏华飞波亮林浩宇峰建国志文博海俊豪德福贵山富永庆春生东江龙成康星光天达安岩中茂进"
_FEMALE = "芳娜敏静丽艳娟霞秀英玲桂兰红梅燕洁婷雪琳颖晶倩莹佳慧欣怡悦淑珍云莲凤琴素环荣爱妹香月莺媛瑞凡翠雅芝玉萍"
_COMPOUND = ("欧阳", "司马", "上官", "诸葛", "慕容", "皇甫", "尉迟", "东方", "令狐", "公孙")
_DOTTED = (
    "阿依古丽·买买提",
    "艾力·吐尔逊",
    "古丽娜尔·艾合买提",
    "扎西·多吉",
    "卓玛·央金",
    "巴特尔·额尔敦",
    "买买提·阿卜杜拉",
)
_RARE = ("𬭎", "𠮷", "䶮", "㛃", "𫖯", "𬀩")
_SINGLE = ("鑫", "淼", "焱", "妙", "凡")
_FOREIGN = ("JOHN SMITH", "ANNA MUELLER", "TANAKA YUKI", "MARIE DUBOIS", "IVAN PETROV", "NGUYEN VAN AN", "PARK JI WOO")


def given(rng: Random, male: bool) -> str:
    pool = _MALE if male else _FEMALE
    first = pool[int(rng.random() * len(pool))]
    return first if rng.random() < 0.25 else first + pool[int(rng.random() * len(pool))]


def surname(rng: Random) -> str:
    return rng.choices(SURNAMES, cum_weights=_CUMULATED)[0]


def common(rng: Random, male: bool) -> str:
    """
    >>> common(Random("x"), True) == common(Random("x"), True)
    True
    """
    return surname(rng) + given(rng, male)


def unusual(rng: Random, kind: str, male: bool) -> str:
    """A name that is right and yet trips people up.

    >>> "·" in unusual(Random(1), "name_dotted", True)
    True
    >>> len(unusual(Random(1), "name_single", True))
    1
    """
    if kind == "name_dotted":
        return rng.choice(_DOTTED)
    if kind == "name_rare":
        return surname(rng) + rng.choice(_RARE)
    if kind == "name_single":
        return rng.choice(_SINGLE)
    if kind == "foreigner":
        return rng.choice(_FOREIGN)
    return rng.choice(_COMPOUND) + given(rng, male)
