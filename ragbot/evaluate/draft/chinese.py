"""Chinese clauses with a figure -> the question that asks for it: the figure is replaced by its question word, where it
stands. `订单满199元包邮` -> `订单满多少元包邮？`
"""

from __future__ import annotations

import re

from ragbot.evaluate.draft.quantities import Quantity, quantities

_NO_HEAD = re.compile(
    r"^(?:其|该|此|它|并|则|但|且|如|若|因|连续|然后|同时|或|及|和|与|即|仅|也|还|只|再|以|均|在此|之|不足|超过|否则|这|那|每超|满|共|约|最多|最少|第)"
)
_CLAUSES = re.compile(r"[，,；;。！？!?\n（）()]|[：:](?!\d\d)")
_MARK = re.compile(r"^(?:\d{1,2}[.、)]|[·•*-])\s*")
"""Of a list item."""
_LEAST, _MOST = 6, 32
"""Characters of a clause that is asked about."""


def ask(sentence: str) -> list[tuple[str, str]]:
    """Questions that clauses of `sentence` answer, each with the figure that it asks for."""
    found = []
    for clause in _CLAUSES.split(sentence):
        text = _MARK.sub("", clause.strip())
        figures = quantities(text, chinese=True)
        han = len(re.findall(r"[\u4e00-\u9fff]", text))
        if not figures or not _LEAST <= len(text) <= _MOST or han < _LEAST or _NO_HEAD.match(text):
            continue
        figure = figures[-1]
        if (
            figure.start < 2
            or re.search(r"(?:的情况|的|(?<!小)时|后|前)$", text)
            or re.match(r"\d{4}\s?年", figure.text)
        ):
            continue
        before = re.sub(r"^请", "要", text[: figure.start].rstrip())
        if not before.endswith(("低于", "高于", "大于", "小于")):
            found.append((f"{before}{_word(figure)}{text[figure.end :].lstrip()}？", figure.text))
    return found


def _word(figure: Quantity) -> str:
    if figure.measure == "date":
        return "几月几日"
    if figure.measure == "clock":
        return "几点"
    if figure.measure == "percent":
        return "百分之多少"
    return f"多少{figure.unit}"
