"""Rules that make one thing in a Chinese sentence false, and leave every other word as it is; see `edits_en`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random

from edits_en import Place, Rule, swapped_cell

_NO_AMOUNT = r"(?! ?[A-Za-z0-9_/:\-–—~至年月日号.时点])"
_VALUE = re.compile(
    rf"(?<![\w.,:/\-–—~至])\d{{1,3}}(?:,\d{{3}})+{_NO_AMOUNT}|(?<![A-Za-z0-9_.,:/\-–—~至])\d+(?:\.\d+)?{_NO_AMOUNT}"
)
_HAN_DIGITS = "二三四五六七八九"
_HAN_VALUE = re.compile(
    rf"(?<![零〇一二两三四五六七八九十百千万第之])[两{_HAN_DIGITS}](?=[个座位名条款种部次家所场张只艘届])"
)
_UNITS: tuple[tuple[str, ...], ...] = (
    ("分钟", "小时", "天", "周", "个月"),
    ("秒", "分钟", "小时"),
    ("公里", "米", "厘米"),
    ("公斤", "克", "吨"),
    ("元", "美元", "欧元"),
    ("万", "亿"),
)
_UNIT = re.compile(
    r"(?<=\d)( ?)(分钟|小时|天|周|个月|秒|公里|米|厘米|公斤|克|吨|元|美元|欧元|万|亿)(?![一-鿿]?[年月日])"
)
_DATE = re.compile(
    r"(?<!\d)(1[0-9]\d{2}|20\d{2})(?= ?年)|(?<![\d])(\d{1,2})(?= ?月(?!球|台|亮))|(?<=月)( ?\d{1,2})(?= ?日)"
)
_TIME = re.compile(r"(?<![\d:])(\d{1,2})(?=:\d{2}(?!\d))|(?<!\d)(\d{1,2})(?= ?点(?![\d击]))")
_LOWER = re.compile(r"(?:至少|不少于|超过|多于|高于|大于|满|近|逾|达) ?$")
_UPPER = re.compile(r"(?:最多|至多|不超过|少于|低于|小于|不足|不到|未满|至) ?$")


def number(sentence: str, place: Place, rng: Random) -> str | None:
    """Another amount; above a lower bound it grows, below an upper one it shrinks."""
    found = [*_VALUE.finditer(sentence), *_HAN_VALUE.finditer(sentence)]
    for match in rng.sample(found, len(found)):
        old, before, after = match.group(), sentence[: match.start()], sentence[match.end() :]
        grow, shrink = (
            bool(_LOWER.search(before) or after.startswith(("以上", "多"))),
            bool(_UPPER.search(before)),
        )
        options = _amounts(old, grow=grow, shrink=shrink)
        fresh = [new for new in options if not re.search(rf"(?<!\d){re.escape(new)}(?!\d)", place.passage)]
        if fresh:
            return before + rng.choice(fresh) + after
    return None


def _amounts(old: str, *, grow: bool, shrink: bool) -> list[str]:
    if not old[0].isdigit():
        place = _HAN_DIGITS.index("二" if old == "两" else old)
        later, earlier = list(_HAN_DIGITS[place + 1 :]), list(_HAN_DIGITS[:place])
        options = later * (not shrink) + earlier * (not grow)
        return ["两" if each == "二" else each for each in options]
    value = float(old.replace(",", ""))
    factors = [1.5, 2.0, 3.0] * (not shrink) + [0.4, 0.5, 0.75] * (not grow)
    places = len(old.split(".")[1]) if "." in old else 0
    written = {
        f"{value * factor:,.{places}f}" if "," in old else f"{value * factor:.{places}f}"
        for factor in factors
    }
    return sorted(each for each in written if float(each.replace(",", "")) > 0 and each != old)


def unit(sentence: str, place: Place, rng: Random) -> str | None:
    """The same number of something else."""
    found = list(_UNIT.finditer(sentence))
    for match in rng.sample(found, len(found)):
        old = match.group(2)
        groups = [(group, group.index(old)) for group in _UNITS if old in group]
        options = [new for group, at in groups for new in group[max(0, at - 1) : at + 2] if new != old]
        fresh = [new for new in options if new not in place.passage]
        if fresh:
            return sentence[: match.start(2)] + rng.choice(fresh) + sentence[match.end() :]
    return None


def date(sentence: str, place: Place, rng: Random) -> str | None:
    """Another year, month or day."""
    found = list(_DATE.finditer(sentence))
    for match in rng.sample(found, len(found)):
        old = match.group()
        value = int(old)
        if match.group(1):
            options = [str(value + step) for step in (-20, -10, -5, -3, 3, 5, 10, 20)]
        else:
            options = [str(each) for each in range(1, 13 if match.group(2) else 29) if each != value]
        fresh = [new for new in options if not re.search(rf"(?<!\d){new}(?!\d)", place.passage)]
        if fresh:
            return sentence[: match.start()] + rng.choice(fresh) + sentence[match.end() :]
    return None


def time(sentence: str, place: Place, rng: Random) -> str | None:
    """Another hour, or the other half of the day."""
    found = list(_TIME.finditer(sentence))
    if not found:
        return _swap_words(sentence, rng, {"上午": "下午", "下午": "上午", "早上": "晚上", "凌晨": "傍晚"})
    match = rng.choice(found)
    hours = [
        str(hour) for hour in range(1, 24) if hour != int(match.group()) and str(hour) not in place.passage
    ]
    return sentence[: match.start()] + rng.choice(hours) + sentence[match.end() :] if hours else None


_PLACES = (
    "美国 英国 法国 德国 日本 韩国 俄罗斯 意大利 西班牙 印度 加拿大 澳大利亚 巴西 墨西哥 荷兰 瑞典 挪威 波兰".split(),
    "北京 上海 天津 广州 深圳 杭州 南京 武汉 成都 重庆 西安 香港 台北 苏州 青岛".split(),
    "巴黎 伦敦 柏林 东京 纽约 芝加哥 波士顿 华沙 罗马 莫斯科 维也纳".split(),
    "湖北 湖南 河北 河南 山东 山西 广东 广西 江苏 浙江 四川 云南 福建 陕西 辽宁".split(),
)

_FOREIGN_NAME = (
    r"(?<![一-鿿])[一-鿿]{1,5}·(?![一-鿿]*(?:认为|表示|说|在|的|是|将|被))[一-鿿]{1,6}(?=[（(，。 ])"
)


def entity(sentence: str, place: Place, rng: Random) -> str | None:
    """Another country, city or province; else another title in 《》 or another foreign name."""
    found: list[tuple[int, int, Sequence[str]]] = []
    for group in _PLACES:
        fresh = [each for each in group if each not in place.passage]
        found += [
            (match.start(), match.end(), fresh)
            for match in re.finditer("|".join(group), sentence)
            if not re.match("[州海]", sentence[match.end() :]) or match.group() in ("湖北",)
        ]
    for pattern, key in ((r"(?<=《)[^》]{2,12}(?=》)", "《"), (_FOREIGN_NAME, "·")):
        fresh = [each for each in place.names.get((key, 1), ()) if each not in place.passage]
        found += [(match.start(), match.end(), fresh) for match in re.finditer(pattern, sentence)]
    rng.shuffle(found)
    for start, end, options in found:
        if options:
            return sentence[:start] + rng.choice(options) + sentence[end:]
    return None


def names_in(sentence: str) -> list[tuple[str, str]]:
    """Titles and foreign names of a sentence, each with the sign that shows it."""
    titles = [("《", each) for each in re.findall(r"(?<=《)[^》]{2,12}(?=》)", sentence)]
    return titles + [("·", each) for each in re.findall(_FOREIGN_NAME, sentence)]


_REMOVALS = {
    "不能": "能",
    "不可以": "可以",
    "不支持": "支持",
    "不需要": "需要",
    "不会": "会",
    "不包括": "包括",
    "不允许": "允许",
    "不适用": "适用",
    "不影响": "影响",
    "不是": "是",
    "没有": "有",
    "无法": "能够",
    "无需": "需要",
    "不得": "可以",
}
_INSERTIONS = (
    (r"(?<![不但还于就只总正而也便凡若乃像算或要都])是(?!否|非|由于|因为|一)", "不是"),
    (r"(?<!不)可以", "不可以"),
    (r"(?<!不)支持(?!者|率|下)", "不支持"),
    (r"(?<![不将])需要(?!的)", "不需要"),
    (r"(?<!不)必须", "不必"),
    (r"(?<!不)具有", "不具有"),
    (r"(?<!不)拥有", "不拥有"),
    (r"(?<!不)包括", "不包括"),
    (r"(?<!不)允许", "不允许"),
    (r"(?<!不)属于", "不属于"),
    (r"将会", "不会"),
    (r"(?<!不)位于", "不在"),
    (r"(?<!不)适用于", "不适用于"),
    (r"(?<!不)能够", "不能"),
)
_OPPOSITES = {
    "最大": "最小",
    "最小": "最大",
    "最高": "最低",
    "最低": "最高",
    "增加": "减少",
    "减少": "增加",
    "免费": "收费",
    "胜利": "失败",
    "打开": "关闭",
    "关闭": "打开",
    "成功": "失败",
    "提高": "降低",
    "降低": "提高",
}


def negation(sentence: str, _place: Place, rng: Random) -> str | None:
    """A negation put in or taken out, or a word turned into its opposite."""
    removable = [
        (match.start(), match.end(), _REMOVALS[match.group()])
        for match in re.finditer("|".join(sorted(_REMOVALS, key=len, reverse=True)), sentence)
        if not re.match("但|仅|只", sentence[match.end() :])
    ]
    if removable:
        start, end, new = rng.choice(removable)
        return sentence[:start] + new + sentence[end:]
    if re.search("[不没无未非]", sentence):
        return None
    found = [(match, new) for pattern, new in _INSERTIONS for match in re.finditer(pattern, sentence)]
    if not found:
        return _swap_words(sentence, rng, _OPPOSITES)
    match, new = rng.choice(found)
    return sentence[: match.start()] + new + sentence[match.end() :]


def modality(sentence: str, _place: Place, rng: Random) -> str | None:
    """What must be becomes what may be, or the other way about."""
    return _swap_words(
        sentence,
        rng,
        {
            "必须": "可以",
            "需要重新": "可以重新",
            "需要先": "可以先",
            "需要提供": "可以提供",
            "需要在": "可以在",
            "需要使用": "可以使用",
            "需要进行": "可以进行",
            "需要通过": "可以通过",
            "均须": "均可",
            "仍须": "仍可",
            "须先": "可先",
            "须在": "可在",
            "可以": "必须",
            "应该": "不必",
            "应当": "不必",
            "建议": "要求",
            "要求": "建议",
            "强制": "自愿",
            "可能": "必然",
        },
        unless=r"(?:不|无|所|的|任何|有|只|毫|亦|既|何|尽)$",
        unless_after=r"[的性者]",
    )


_FLIPS = {
    "至少": "至多",
    "最多": "最少",
    "不超过": "不少于",
    "超过": "不到",
    "以上": "以下",
    "以下": "以上",
    "以内": "以后",
    "之前": "之后",
    "之后": "之前",
    "以前": "以后",
    "以后": "以前",
    "大于": "小于",
    "高于": "低于",
    "低于": "高于",
    "除非": "如果",
    "首次": "末次",
    "满": "不满",
}


def condition(sentence: str, _place: Place, rng: Random) -> str | None:
    """A condition or a bound turned about, or a condition left out."""
    if match := re.match(r"^(?:如果|若|当|如)[^，。；]{3,30}(?:时|的话|的)?，(?:则|就|那么)?", sentence):
        return sentence[match.end() :]
    flips = {key: value for key, value in _FLIPS.items() if key != "满"}
    measured = re.search(r"(?:[\d元天岁月级度米人次％%钟日及万周时] ?)以[上下]", sentence)
    if not measured:  # what stands above or below in the text is no bound
        del flips["以上"], flips["以下"]
    changed = _swap_words(sentence, rng, flips, unless=r"(?:不|没有|[一二三四五六七八九十])$")
    if changed is None and (match := re.search(r"(?<![不未圆])满(?= ?\d)", sentence)):
        changed = sentence[: match.start()] + "不满" + sentence[match.end() :]
    return changed


def _swap_words(
    sentence: str, rng: Random, table: Mapping[str, str], *, unless: str = "(?!)", unless_after: str = "(?!)"
) -> str | None:
    found = [
        match
        for match in re.finditer("|".join(sorted(table, key=len, reverse=True)), sentence)
        if not re.search(unless, sentence[: match.start()])
        and not re.match(unless_after, sentence[match.end() :])
    ]
    if not found:
        return None
    match = rng.choice(found)
    return sentence[: match.start()] + table[match.group()] + sentence[match.end() :]


_KINDS = (
    r"(?<!\d)(?:1[0-9]|20)\d{2}(?= ?年)",
    r"(?<![\d月])\d{1,2} ?月 ?\d{1,2} ?[日号]",
    r"(?<![\d.,])\d[\d,.]*(?= ?[%％])",
    r"(?<![\d.,])\d[\d,.]* ?(?:天|小时|分钟|个月|秒)",
    r"(?<![\d.,])\d[\d,.]*万?(?= ?(?:元|美元|人|名|座|公里|米))",
)


def swap(sentence: str, place: Place, rng: Random) -> str | None:
    """A value for another of its kind that the passage gives to something else; two in the sentence change places."""
    for separator in ("; ", "；"):
        if (changed := swapped_cell(sentence, place.passage, rng, separator=separator)) is not None:
            return changed
    for kind in rng.sample(_KINDS, len(_KINDS)):
        own = [match for match in re.finditer(kind, sentence) if not _in_range(sentence, match)]
        if len(own) == 2 and own[0].group() != own[1].group() and own[1].start() - own[0].end() >= 6:
            first, second = own
            middle = sentence[first.end() : second.start()]
            return (
                sentence[: first.start()] + second.group() + middle + first.group() + sentence[second.end() :]
            )
        others = [each.group() for each in re.finditer(kind, place.passage) if each.group() not in sentence]
        if own and others:
            match = rng.choice(own)
            return sentence[: match.start()] + rng.choice(others) + sentence[match.end() :]
    return None


def _in_range(sentence: str, value: re.Match[str]) -> bool:
    before, after = sentence[: value.start()], sentence[value.end() :]
    return bool(
        re.search(r"[\d年月日%] ?(?:至|到|和|或|与|、|-|–|—|~) ?$", before)
        or re.match(r"[年月日%]? ?(?:至|到|和|或|与|、|-|–|—|~) ?\d", after)
    )


RULES: Mapping[str, Rule] = {
    "number": number,
    "unit": unit,
    "date": date,
    "time": time,
    "entity": entity,
    "negation": negation,
    "modality": modality,
    "condition": condition,
    "swap": swap,
}
