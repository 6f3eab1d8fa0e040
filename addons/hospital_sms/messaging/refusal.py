"""Does a text from a receiver say that he or she wants no more messages?"""

import re
import unicodedata

# What operators and vendors have taught people to send, and what people write instead. A single letter, or a syllable
# that may begin another word, is an order only when it stands alone.
_REFUSAL = re.compile(
    r"""(?:回复|回|发送|发)?(?:T|R|N|QX)
      | (?:回复|回|请|麻烦|我要|我想|要求|申请|帮我|给我)*
        (?:TD|TUI|TUIDING|0{4,5}|退订|退定|拒收|取消订阅|停发)(?:TD|退订)?
        (?:短信|信息|消息|广告|通知|推送|服务|谢谢|多谢|感谢|了|吧|啊|哦|您|你|们)*
      | (?:请|麻烦)?(?:你们?|您)?(?:以后)?(?:不要|别|勿|不用|停止)(?:再|在)?(?:给我|向我)?(?:发送?|推送|骚扰|打扰)我?
        (?:这种|这些|任何)?(?:短信|信息|消息|广告|通知)?[了啦]?(?:谢谢)?""",
    re.VERBOSE,
)
_NOISE = re.compile(r"[\W_]+")


def is_refusal(text: str | None) -> bool:
    """Whether the whole text is a refusal; a text that only contains one of the words is not.

    >>> yes = ("T", "td", "ＴＤ", " TD。", "t d", "TD谢谢", "R", "r!", "N", "退订", "【退订】", "退订。谢谢",
    ...     "我要退订", "请退订短信", "TUI", "tuiding", "0000", "００００", "拒收", "回复TD", "回复 R", "回TD退订",
    ...     "不要再发了", "别发了", "请不要再给我发短信了", "请勿发送", "取消订阅", "T.D", "TD退订")
    >>> [word for word in yes if not is_refusal(word)]
    []
    >>> no = ("", None, "不退订", "我没有退订", "怎么退订医保", "退订单", "我要退号", "T 38.5", "体温T38", "R型", "No",
    ...     "Y", "好的", "谢谢", "0", "000", "1", "TD是什么意思", "医生说拒收病人吗", "请发短信给我", "伤口不要紧吗",
    ...     "发烧38度", "不要", "不要紧", "N了", "T恤", "收到，谢谢", "我要退", "我R")
    >>> [word for word in no if is_refusal(word)]
    []
    """
    core = _NOISE.sub("", unicodedata.normalize("NFKC", text or "")).upper()
    return len(core) <= 30 and _REFUSAL.fullmatch(core) is not None
