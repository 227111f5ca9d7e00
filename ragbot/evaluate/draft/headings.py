"""Titles and headings -> how-to questions: `Reset the password for your account` -> `How do I reset the password for
my account?` Headings that are questions stay questions, worded otherwise where a rule is safe.
"""

from __future__ import annotations

import re

from ragbot.evaluate.draft.english import swap

_VERBS = frozenset(
    """accept access activate add adjust allow apply approve assign associate attach build buy calibrate cancel change
    charge check choose claim clean clear close compile complete configure confirm connect contact convert copy create
    customise customize cut deactivate delete deploy detach disable disconnect download drill edit enable enter
    exchange export extend factory-reset file fill find fix flash format generate get give identify import increase
    insert install invite join keep leave link load locate lock log make manage measure merge migrate mount move open
    order pair pause pay perform place post power prepare print program protect prove publish purchase put read reboot
    receive recover redeem reduce refill register reinstall release remove rename renew repair replace report request
    resend reset resize restart restore resume retrieve return review roll run save schedule search select sell send set
    share ship show sign skip solve start stop store submit subscribe switch sync test track transfer troubleshoot turn
    uninstall unlink unlock unpair unsubscribe update upgrade upload use validate verify view visit wash withdraw
    write""".split()
)
_DOUBTFUL = frozenset(
    """access approve build buy charge check claim clean contact copy cut download exchange export file fix flash format
    guarantee insert install invite leave link load lock log measure mount move open order pair pause place post power
    process program purchase put read record redeem refill register release remote repair replace report request reset
    restart return review roll sale schedule search select sell send set share ship show sign start stop store switch
    test track transfer turn update upgrade use view visit withdraw write""".split()
)
"""Verbs that are nouns or adjectives as well: taken for verbs only before an article, a possessive and the like."""
_DETERMINERS = frozenset(
    """the a an your my our any all up in out off on to into this these that more additional multiple another new two
    three""".split()
)
_NO_SECOND = frozenset(
    "and or of policy policies guide information rules terms notes history status codes".split()
)
_REWORDED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^How (?:do|can|should) I (?!know\b|get\b)(.+)\?$", re.I), r"What do I have to do to \1?"),
    (re.compile(r"^Where (?:can|do) I find (.+)\?$", re.I), r"I am looking for \1. Where is it?"),
    (re.compile(r"^How long does it take to (.+)\?$", re.I), r"How much time does it take to \1?"),
    (re.compile(r"^How long does (.+) take\?$", re.I), r"How much time does \1 take?"),
    (re.compile(r"^Can I (.+)\?$", re.I), r"Is it possible to \1?"),
    (re.compile(r"^(?:Is|Are) there (.+)\?$", re.I), r"Do you have \1?"),
    (re.compile(r"^Do you (?:have|offer) ((?:an?|any) .+)\?$", re.I), r"Is there \1?"),
    (re.compile(r"^How much (?:is|are) (.+)\?$", re.I), r"What is the price of \1?"),
    (re.compile(r"^How much does (.+) cost\?$", re.I), r"What is the price of \1?"),
    (re.compile(r"^What happens (if|when) (.+)\?$", re.I), r"\1 \2, what then?"),
    (re.compile(r"^Do I (?:need|have) to (.+)\?$", re.I), r"Is it necessary to \1?"),
    (re.compile(r"^How many (.+?) (can|do) I (.+)\?$", re.I), r"What number of \1 \2 I \3?"),
)
_ASKS = re.compile(
    r"(?:how|what|when|where|which|who|why|can|could|do|does|did|is|are|was|will|should|may|must|if|i|my)\b",
    re.IGNORECASE,
)
_NO_HEADING = re.compile(
    r"\d: |[*|]|\b(?:need (?:more )?help|contact us|more help|further help|next steps)\b", re.IGNORECASE
)
_ZH_REWORDED: tuple[tuple[str, str], ...] = (
    ("怎么办", "应该怎么处理"),
    ("怎么", "如何"),
    ("如何", "怎么"),
    ("多久", "多长时间"),
    ("能否", "可不可以"),
    ("什么时候", "哪天"),
    ("多少钱", "什么价格"),
)
_DOUBLED = {"可以": "可不可以", "能": "能不能", "支持": "支不支持", "有": "有没有"}
"""How Chinese asks yes or no without a particle."""
_ZH_VERBS = (
    "重置 恢复 更换 安装 设置 取消 申请 修改 查看 下载 绑定 解绑 退货 换货 注册 登录 删除 开通 关闭 升级 更新 连接 "
    "添加 配对 清洁 充电 联系 开具 使用 激活 导出 导入 预约 支付 续费 转让 注销 找回 拆卸 调整 启用 停用 选择"
).split()


def ask(heading: str) -> str | None:
    """A question that the text below an English `heading` answers; None where none is safe."""
    text = re.sub(
        r"^(?:(?:step|check|option)\s+)?\d+(?:\.\d+)*[.):]?\s+", "", heading.strip(), flags=re.IGNORECASE
    )
    text = re.sub(r"\s+", " ", text.rstrip(".:"))
    if not 2 <= len(text.split()) <= 16 or _NO_HEADING.search(text):
        return None
    if text.endswith("?"):
        return reword(text) if len(text.split()) > 3 and _ASKS.match(text) else None
    if match := re.match(r"error(?: message)?:\s+(?P<rest>.+)$", text, re.IGNORECASE):
        return f"I get the error {match['rest']}. What can I do?"
    wish = wanted(text)
    if wish is not None:
        return f"How do I {wish}?"
    state = happened(text)
    return f"{state}. What can I do?" if state is not None else None


def wanted(heading: str) -> str | None:
    """What a reader of `heading` wants to do, in the customer's mouth: `reset the password for my account`; None where
    it is no title of instructions."""
    if match := re.match(r"how to (?P<rest>.+)$", heading, re.IGNORECASE):
        return swap(_small(match["rest"]))
    words = heading.split()
    if len(words) < 2 or re.search(r"\b(?:and|or) \w+ing\b", heading):
        return None
    verb = _verb(words)
    return swap(" ".join([verb, *words[1:]])) if verb else None


def _verb(words: list[str]) -> str:
    """The verb that a heading of these words begins with; empty where it is a noun, or may be one."""
    first, second = words[0].lower(), words[1].lower()
    gerund = first not in _VERBS
    verb = _base(first) if gerund else first
    if second in _NO_SECOND or (gerund and second in ("on", "by", "with", "from", "at")):
        return ""
    if len(words) == 2 and second in ("up", "in", "out", "off", "on"):
        return ""
    named = second in _DETERMINERS or (not gerund and re.search(r"[A-Z0-9]", words[1]) is not None)
    return "" if verb in _DOUBTFUL and not named else verb


def happened(heading: str) -> str | None:
    """What has happened to a reader of `heading`, in the customer's mouth: `My device is offline`; None where it tells
    of nothing that happened."""
    if match := re.match(r"if (?P<rest>\S+ .+)$", heading, re.IGNORECASE):
        said = swap(_small(match["rest"]))
        return said[0].upper() + said[1:]
    if heading.split(maxsplit=1)[0] in ("I", "My") and len(heading.split()) > 3:
        return heading
    return None


def ask_chinese(heading: str) -> str | None:
    """The same for a Chinese heading."""
    text = re.sub(r"^(?:第?[一二三四五六七八九十\d]+[、.．步章节]?)\s*", "", heading.strip()).rstrip("。：:")
    if not 4 <= len(text) <= 30:
        return None
    if re.search(r"[？?]$|吗$|怎么办$", text):
        return reword_chinese(text)
    if match := re.match(r"(?:如何|怎么|怎样)(.+)$", text):
        return f"怎样才能{match[1]}？"
    if text.startswith(tuple(_ZH_VERBS)) and not re.search(
        r"[说须]明|能力|须知|政策|规则|指南|问题|方式|时间|费用", text
    ):
        return f"怎么{text}？"
    return None


def reword(question: str) -> str:
    """The question in other words where a rule fits, else as it is."""
    text = question.strip()
    for pattern, replacement in _REWORDED:
        if pattern.match(text) and "?" not in text[:-1]:
            worded = pattern.sub(replacement, text)
            return worded[0].upper() + worded[1:]
    return text


def reword_chinese(question: str) -> str:
    """The same for a Chinese question."""
    text = question.strip().rstrip("?？")
    if text.endswith("吗") and (match := re.match(r"(.*?)(可以|能|支持|有)(.+)吗$", text)):
        return f"{match[1]}{_DOUBLED[match[2]]}{match[3]}？"
    for old, new in _ZH_REWORDED:
        if old in text:
            return f"{text.replace(old, new, 1)}？"
    return f"{text}？"


def _small(text: str) -> str:
    """With a small first letter, unless the word is written otherwise in capitals: `USB`, `iOS`."""
    first = text.split(maxsplit=1)[0]
    return text[0].lower() + text[1:] if re.fullmatch(r"[A-Z][a-z'’-]*", first) and first != "I" else text


def _base(gerund: str) -> str:
    """The verb of a gerund at the head of a heading: `using` -> `use`; empty where it is none that is known."""
    if not gerund.endswith("ing"):
        return ""
    stem = gerund.removesuffix("ing")
    return next((form for form in (stem, f"{stem}e", stem[:-1]) if form in _VERBS), "")
