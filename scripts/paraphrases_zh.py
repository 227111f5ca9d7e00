"""Rules that say a Chinese sentence otherwise: the true controls beside the edits of `edits_zh`.

The kinds are those of `paraphrases_en`, without `order`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from paraphrases_en import Rewording, apply, without

_DIGITS = "零一二三四五六七八九"
_EXACT = {
    "24 小时": "一天",
    "24小时": "一天",
    "48 小时": "两天",
    "48小时": "两天",
    "7 天": "一周",
    "7天": "一周",
    "14 天": "两周",
    "14天": "两周",
    "12 个月": "一年",
    "12个月": "一年",
    "24 个月": "两年",
    "24个月": "两年",
    "36 个月": "三年",
    "6 个月": "半年",
    "6个月": "半年",
    "30 分钟": "半小时",
    "30分钟": "半小时",
    "60 分钟": "一小时",
    "一周": "7天",
    "两年": "24个月",
}


def notation(sentence: str, rng: Random) -> str | None:
    """A figure or a date in another form."""
    options = [
        (m.start(), m.end(), _EXACT[m.group()])
        for m in re.finditer("|".join(sorted(_EXACT, key=len, reverse=True)), sentence)
        if not sentence[: m.start()][-1:].isdigit()
        and not sentence[: m.start()].endswith(("第", "至", "到", "."))
    ]
    options += [
        (m.start(), m.end(), _han(int(m.group(1))) + m.group(2))
        for m in re.finditer(
            r"(?<![\d.,:/\-–—~至A-Za-z ])(\d{1,2}) ?((?:个(?!月)|座|位|名|天|次|家|场|条|小时|分钟))",
            sentence,
        )
        if 0 < int(m.group(1)) < 100
    ]
    options += [
        (
            m.start(),
            m.end(),
            f"{'两二三四五六七八九'.index(m.group(1)) + 2 if m.group(1) == '两' else _DIGITS.index(m.group(1))}",
        )
        for m in re.finditer(
            r"(?<![零一二两三四五六七八九十百千万第几这那每])([两二三四五六七八九])(?=(?:个|座|位|名|次|家|场|条|部|张|种)[一-鿿])",
            sentence,
        )
    ]
    options += [
        (m.start(), m.end(), f"百分之{m.group(1)}")
        for m in re.finditer(r"(?<![\d.\-–~至到])(\d+(?:\.\d+)?) ?[%％](?! ?[\d至到\-–~])", sentence)
    ]
    options += [
        (m.start(), m.end(), f"{m.group(1)}-{int(m.group(2)):02d}-{int(m.group(3)):02d}")
        for m in re.finditer(r"(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?日", sentence)
    ]
    options += [
        (m.start(), m.end(), m.group().replace(",", ""))
        for m in re.finditer(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,.])", sentence)
    ]
    options += [
        (m.start(), m.end(), f"{int(m.group(1)) // 10000}万")
        for m in re.finditer(r"(?<![\d,.])(\d{1,4}0000)(?![\d,.万亿])", sentence)
    ]
    return apply(sentence, rng, options)


def _han(value: int) -> str:
    """`14` -> `十四`; `2` before a measure word -> `两`."""
    if value == 2:
        return "两"
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else "十" if tens == 1 else _DIGITS[tens] + "十"
    return head + (_DIGITS[ones] if ones or not tens else "")


_SYNONYMS = {
    "但是": "不过",
    "如果": "假如",
    "购买": "买",
    "大约": "约",
    "位于": "坐落于",
    "因为": "由于",
    "并且": "而且",
    "例如": "比如",
    "以及": "和",
    "目前": "现在",
    "立即": "马上",
    "无法": "不能",
    "帮助": "协助",
    "首次": "第一次",
    "通常": "一般",
    "至少": "最少",
    "不超过": "至多",
    "全部": "所有",
    "许多": "很多",
    "著名": "知名",
    "逝世": "去世",
    "担任": "出任",
    "曾经": "曾",
    "将会": "将",
    "必须": "一定要",
    "可以": "能够",
    "毕业于": "毕业自",
    "拥有": "有",
    "称为": "叫作",
    "被称为": "被叫作",
    "建立": "创建",
    "成立": "创立",
    "于是": "因此",
    "尤其": "特别",
    "已经": "已",
    "仍然": "依然",
}


def wording(sentence: str, rng: Random) -> str | None:
    """Up to two words replaced by exact equivalents."""
    table = _SYNONYMS
    changed = sentence
    for _ in range(2):
        options = [
            (m.start(), m.end(), table[m.group()])
            for m in re.finditer("|".join(sorted(table, key=len, reverse=True)), changed)
            if not changed[: m.start()].endswith(("不", "没", "的")) and table[m.group()] not in sentence
        ]
        changed = apply(changed, rng, options) or changed
    return changed if changed != sentence else None


_DROPS = (
    r"^(?:此外|另外|因此|然而|但是|不过|同时|而且|于是|其中|例如|所以|目前|随后|最后)，",
    r"（(?![^（）]*[除不仅含限或须勿])[^（）]{1,40}）",
    r"\((?![^()]*[除不仅含限或须勿])[^()]{1,60}\)",
    r"(?<=[一-鿿])也(?=[是有在被会能可成为])",
    r"(?<=[，一-鿿])还(?=[在被会能可与和参])",
    r"^请",
    r"(?<=，)请(?!求|参|帖|愿|教)",
    r"非常(?=[一-鿿])(?!规|识|务)",
    r"十分(?=[重著成])",
)


def shorter(sentence: str, rng: Random) -> str | None:
    """Something left out that the rest does not need."""
    changed = without(_DROPS, sentence, rng) or ""
    return changed if len(changed) >= 10 else None


RULES: Mapping[str, Rewording] = {
    "notation": notation,
    "wording": wording,
    "shorter": shorter,
}
