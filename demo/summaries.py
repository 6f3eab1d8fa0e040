"""The discharge summary, made of the texts of summaries.toml."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random


@dataclass(frozen=True)
class Text:
    complaint: str
    history: str
    findings: str
    course: str
    outcome: str
    drugs: str
    advice: str
    warning: str
    revisit: int


TEXTS = {
    kind: Text(**parts)
    for kind, parts in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}
_ROUTINE = "入院后完善血常规、尿常规、肝肾功能、电解质、凝血功能、心电图及影像学等检查，结合病史与检查结果，"


def summary(
    rng: Random, text: Text, sex: str, age: int, diagnosis: str, operation: str | None, admitted: date, revisit: date
) -> dict[str, str]:
    """The four sections, by column: 入院情况, 诊疗经过, 出院情况, 出院医嘱."""
    person = {"1": "男性", "2": "女性"}.get(sex, "")
    years = f"{age}岁" if age else "新生儿"
    vital = f"T {36.2 + rng.random():.1f}℃，P {rng.randrange(66, 98)}次/分，R {rng.randrange(16, 22)}次/分"
    if age >= 14:
        vital += f"，BP {rng.randrange(112, 158)}/{rng.randrange(66, 94)}mmHg"
    theatre = f"期间行{operation}，手术过程顺利，术后安返病房，未见明显并发症。" if operation else ""
    orders = (
        f"出院带药：{text.drugs}。",
        f"{text.advice}。",
        f"如出现{text.warning}，请立即就诊或拨打急救电话。",
        f"请于{revisit:%Y年%m月%d日}前后到门诊复诊，携带本次出院小结及检查资料。",
    )
    return {
        "ryqk": f"患者{person}，{years}，因“{text.complaint}”于{admitted:%Y年%m月%d日}入院。"
        f"{text.history}入院查体：{vital}。{text.findings}",
        "zljg": f"{_ROUTINE}诊断为{diagnosis}。{text.course}{theatre}住院期间向患者及家属交代病情，沟通充分。",
        "cyqk": f"{text.outcome}出院时生命体征平稳，患者及家属要求出院，经上级医师同意予以办理。",
        "cyyz": "\n".join(f"{number}. {order}" for number, order in enumerate(orders, 1)),
    }
