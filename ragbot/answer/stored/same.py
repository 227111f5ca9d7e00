"""Do two questions ask the same, but for how it is typed? Questions as words; no model.

    Hi, can you tell me how to reset the hub?  =  HOW DO I RESET THE HUB      courtesies, case, marks, small words
    How do I retrun a lamp?                    =  How do I return a lamp?     a slip in a word that no document has
    In Europe, can I order by phone?           =  Can I order by phone in Europe?
    How can I get the hub to reset?            ~  How do I reset the hub?     near: words differ that weigh little

Two questions that differ in anything else are two questions, however alike they look: a figure, a name, a "not", a
region, another verb, who does what to whom.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ragbot.text.slips import is_slip
from ragbot.text.words import fold, is_han, stem

Known = Callable[[str], bool]
"""Whether a word's stem stands in the documents, and so is no slip."""
Grade = Literal["same", "near", "other"]
"""`near`: the same if an embedder finds them alike too."""

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PIECE = re.compile(rf"[{_HAN}]|\d+(?:[.,:/]\d+)*|(?:(?![{_HAN}])[^\W\d_])+|[%€$£¥+]|(?<![^\s(])[-−](?=\d)")
"""A Chinese character, a figure, a word of letters: `Hub2`, `Hub 2` and `hub-2` are the same pieces."""
_UNITED_STATES = re.compile(r"\bU\.?S\.?(?:A\b\.?)?(?!\w)")
"""Told apart from the pronoun while the capitals can still be seen."""
_REWRITTEN: Final = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"[’`´]", "'"),
        (r"\bcan'?t\b|\bcannot\b", "can not"),
        (r"\bwon'?t\b", "will not"),
        (r"\b(do|does|did|is|are|was|were|has|have|had|would|could|should)n'?t\b", r"\1 not"),
        (r"\bain'?t\b", "is not"),
        (r"\b(i|you|we|they|he|she|it|there|what|how|where|who|when|that)'(?:s|m|ve|re|ll|d)\b", r"\1"),
        (r"\b(what|how|where|who|when)s\b", r"\1"),
        (r"\bwi[- ]fi\b", "wifi"),
        (r"\be[- ](mails?)\b", r"e\1"),
        (r"\bunited states(?: of america)?\b", "usa"),
        (r"\bunited kingdom\b", "uk"),
        (r"\beuropean union\b", "eu"),
        (r"\bwhat time\b", "when"),
        (
            r"\b(?:is|was|would) it (?:be )?(?:possible|ok|okay|allowed|permitted)(?: for (?:me|us))?\b",
            "can i",
        ),
        (r"\b(?:am|are) (i|we) (?:able|allowed|permitted)\b", r"can \1"),
        (r"\bit ((?:actually )?(?:takes?|costs?|means?|seems?|looks?|says?)) (?=\S+ \S)", r"\1 "),
        (
            r"\b(is|was|would|be) it (?=(?:\S+ )?(?:hard|easy|safe|necessary|true|normal|legal|worth|better|free)\b)",
            r"\1 ",
        ),
        (r"\bhow (long|much|many|often|far|soon|fast|quickly|old|big|large)\b", r"how\1"),
        (r"如何|怎样|咋", "怎么"),
        (r"是否可以|可不可以|能不能|能否|可否|可以|能够", "能"),
        (r"是不是|是否", "是"),
        (r"有没有", "有"),
        (r"多长时间", "多久"),
        (r"什么时候", "何时"),
        (r"您", "你"),
    )
)
_LEADS_ON = r"(?: (?:if|whether|about|that|me|us|to know|know|exactly(?= how| what| when| where| why)))*"
_COURTESY: Final = re.compile(
    r"(?:\b(?:hi|hello|hey|hiya|dear(?: all| team| sir| madam| support)?|greetings"
    r"|good (?:morning|afternoon|evening|day)|excuse me|sorry|pls|plz|please|kindly"
    r"|thank(?:s| you)(?: (?:so|very) much| a lot| in advance)?|thx|ty|cheers"
    r"|(?:just )?(?:a )?quick question|by any chance|many thanks|there team"
    r"|(?:please )?advise|asap|as soon as possible|urgent(?:ly)?|if (?:you|u) (?:can|could|do not mind))\b"
    r"|\b(?:(?:can|could|would|will) you (?:please |kindly |possibly )*"
    r"(?:tell|explain|let|show|advise|inform|clarify)\b(?: to)?(?: me| us)?"
    r"|(?:i |we )?(?:am |are |was |were |just )*wonder(?:ing)?\b"
    r"|(?:i|we) (?:would |just )*(?:want|wanted|like|need|love)(?: to)? (?:know|ask|find out|learn|understand)\b"
    r"|(?:can|may|could) i (?:just )?ask\b|(?:please )?tell me\b|do you (?:happen to )?know\b|any idea\b)"
    rf"{_LEADS_ON})"
    r"|请问(?:一?下)?|麻烦(?:你)?(?:问|告诉我)?(?:一?下)?|你好|哈喽|嗨|在吗"
    r"|(?:我)?想(?:要)?(?:问|知道|了解|咨询)(?:一?下)?"
    r"|咨询一?下|(?:能)?告诉我(?:一?下)?|(?:非常|十分)?(?:感谢|谢谢)(?:你|啦|了)?|多谢|^亲|一下"
)
"""What is said around a question, in folded text."""
_HAN_EMPTY: Final = frozenset("的了吗呢吧啊呀哦嘛请我你他她它们么该")
_EMPTY: Final = frozenset(
    "a an the this that these those i we you he she they me us my our your their his her it its mine yours is are am "
    "was were be been being do does did doing done have has had having will would shall there here any some to of in "
    "on at for by with and so just also ok okay um uh then ll ve re d m s t".split()
)
"""Words that say nothing by themselves. Not among them: "not", "without", "off", "out", "before", "from", "only"."""
LIGHT: Final = frozenset(
    stem(word)
    for word in "get make use want need like know find go take give let way available offer provide work help about "
    "information info now currently actually really still already see show tell possible try happen sure put set "
    "keep come wish mean very well process procedure step exactly ever even too much right".split()
)
"""Stems by which near questions may differ."""
_MODALS: Final = frozenset("can could may might able".split())
_ASKING: Final = frozenset(
    "how howlong howmuch howmany howoften howfar howsoon howfast howquickly howold howbig howlarge when where why "
    "who whom whose what which".split()
)
_WHAT: Final = frozenset(("what", "which"))
_SPEAKERS: Final = {"i": True, "me": True, "we": True, "us": True, "you": False}
_OWNERS: Final = {"my": True, "mine": True, "our": True, "your": False, "yours": False}
_POINTERS: Final = frozenset("it they them its their 它 这 那 该".split())
_FIGURES: Final = {
    word: str(n) for n, word in enumerate("zero one two three four five six seven eight nine ten".split())
}
_DIRECTIONS: Final = frozenset(
    "from to into onto than before after without until between over under via 从 到 比 被 把 由 向 给 在 对".split()
)
"""What stands behind one of these may not change places with what stands elsewhere."""
_MOST_SLIPS: Final = 2
_POINTED_AT: Final = 2
"""A pointer with so many words before it points at one of them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is compared."""

    words: tuple[str, ...]
    """Its words with meaning, in order: Chinese characters, figures, stems."""
    written: tuple[str, ...]
    """The same before stemming."""
    kind: frozenset[str]
    """How it asks: `how`, `when`, `can`, `what`; empty where yes or no is the answer."""
    after: frozenset[tuple[str, str]]
    """Each word of direction with the word that follows it."""
    persons: tuple[bool, ...]
    """For each "I" or "me" True, for each "you" False, in order."""
    owners: frozenset[bool]
    """True for "my", False for "your"."""
    points: bool
    """Whether "it" or "they" stands for something outside the question."""


def read(text: str, language: str = "en") -> Asked:
    """`text` without what may differ. `language` (ISO 639-1) names the stemmer."""
    plain = fold(_UNITED_STATES.sub("USA", text))
    for pattern, to in _REWRITTEN:
        plain = pattern.sub(to, plain)
    bare = _parsed(_COURTESY.sub(" ", plain), language)
    return bare if bare.words else _parsed(plain, language)


def _parsed(plain: str, language: str) -> Asked:
    pieces = _PIECE.findall(plain)
    words: list[str] = []
    written: list[str] = []
    after: set[tuple[str, str]] = set()
    direction = ""
    points = False
    for piece in pieces:
        points = points or (piece in _POINTERS and len(words) < _POINTED_AT)
        if piece in _DIRECTIONS:
            direction = piece
        if piece in _ASKING or piece in _MODALS or piece in _EMPTY or piece in _HAN_EMPTY:
            continue
        words.append(_term(piece, language))
        written.append(piece)
        if direction and piece != direction:
            after.add((direction, words[-1]))
            direction = ""
    return Asked(
        words=tuple(words),
        written=tuple(written),
        kind=_kind(frozenset(pieces)),
        after=frozenset(after),
        persons=tuple(_SPEAKERS[piece] for piece in pieces if piece in _SPEAKERS),
        owners=frozenset(_OWNERS[piece] for piece in pieces if piece in _OWNERS),
        points=points,
    )


def _term(piece: str, language: str) -> str:
    if piece[0].isdigit():
        return piece.replace(",", "")
    return _FIGURES.get(piece) or (piece if is_han(piece) else stem(piece, language))


def _kind(pieces: frozenset[str]) -> frozenset[str]:
    found = {"what" if piece in _WHAT else piece for piece in pieces & _ASKING}
    return frozenset(found or ({"can"} if pieces & _MODALS else ()))


def compare(message: Asked, stored: Asked, known: Known) -> Grade:
    """How alike the two are. `known` tells the words that the customer has not misspelt."""
    if not message.words or message.points or not _same_persons(message, stored):
        return "other"
    mine, theirs = message.kind - {"what"}, stored.kind - {"what"}
    if mine != theirs:
        return "other"
    if _same_words(message, stored, known):
        plainly = message.kind == stored.kind and len(stored.words) > 1
        return "same" if plainly or message == stored else "near"
    common = Counter(message.words) & Counter(stored.words)
    differing = [*(Counter(message.words) - common), *(Counter(stored.words) - common)]
    nearly = common and LIGHT.issuperset(differing) and _kept(message, common) == _kept(stored, common)
    return "near" if nearly else "other"


def _kept(asked: Asked, common: Counter[str]) -> list[str]:
    return [word for word in asked.words if word in common and word not in LIGHT]


def _same_persons(message: Asked, stored: Asked) -> bool:
    """Whether "I" and "my" here are not "you" and "your" there, as far as both say so."""
    mine, theirs = message.persons, stored.persons
    owned = not message.owners or not stored.owners or message.owners & stored.owners
    return mine[: len(theirs)] == theirs[: len(mine)] and bool(owned)


def _same_words(message: Asked, stored: Asked, known: Known) -> bool:
    if message.words == stored.words:
        return True
    meant = _without_slips(message, stored, known)
    if meant is None:
        return False
    return meant == stored.words or (_turned(meant, stored.words) and _same_directions(message, stored))


def _without_slips(message: Asked, stored: Asked, known: Known) -> tuple[str, ...] | None:
    """The message's words with those of `stored` for the misspelt ones; None where other words differ."""
    missing = Counter(stored.words) - Counter(message.words)
    extra = Counter(message.words) - Counter(stored.words)
    slips = extra.total()
    if missing.total() != slips or slips > _MOST_SLIPS or len(message.words) < 2 * slips:
        return None
    meant: dict[str, str] = {}
    for word in extra:
        typed = message.written[message.words.index(word)]
        fits = [each for each in missing if is_slip(typed, stored.written[stored.words.index(each)])]
        if len(fits) != 1 or extra[word] != missing[fits[0]] or known(word):
            return None
        meant[word] = fits[0]
        del missing[fits[0]]
    return tuple(meant.get(word, word) for word in message.words)


def _turned(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether what ends the one begins the other, the rest unmoved."""
    return any((*words[i:], *words[:i]) == tuple(others) for i in range(len(words)))


def _same_directions(message: Asked, stored: Asked) -> bool:
    both = {each for each, _ in message.after} & {each for each, _ in stored.after}
    mine, theirs = ({pair for pair in asked.after if pair[0] in both} for asked in (message, stored))
    return mine == theirs
