"""Does the answer depend on what the customer did not say? Then one question, with the options of the documents.

    passages that could answer hold for Hub 1 and for Hub 2      "Which product is it about: Hub 1 or Hub 2?"
    "How do I reset it?" with nothing before                     "Which one do you mean: ..."
    "the second one", "hub 2 please", "两个都要"                   the waiting question, completed

Pure functions; the words are data: `clarify.toml`. Knows nothing of sessions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ragbot.answer.clarify.replies import phrase
from ragbot.answer.clarify.unsaid import is_bare, one_of_several
from ragbot.answer.evidence import Scored
from ragbot.answer.facets.products import aliases, family, named
from ragbot.answer.facets.values import FACETS, PRODUCT, REGION, Facets, Value, facets, names_one, read
from ragbot.answer.facets.wanted import Wanted, fit, speaks_of, values_of
from ragbot.index.question import Question
from ragbot.index.versions import is_outdated
from ragbot.text.words import STOP_WORDS, fold, terms
from ragbot.types import Hit, Pending, State, Turn

SUBJECT: Final = "subject"
"""`Pending.facet` where the message itself leaves open what it is about."""
LEAST: Final = 0.1
"""Probability below which a passage is no answer, and what differs in it is no reason to ask."""
CLOSE: Final = 0.4
"""Share of the best passage's probability that another one must have to be a possible answer too."""
SURE: Final = 0.5
"""Probability from which on a passage answers, whatever kind of thing the message speaks of."""
MOST_OPTIONS: Final = 5
MOST_PASSAGES: Final = 6
"""Passages that may disagree, the likeliest ones."""


@dataclass(frozen=True, slots=True)
class _Possible:
    """A passage that could answer."""

    hit: Hit
    probability: float
    text: str
    """Its best piece."""
    holds: Facets


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What the customer has said."""

    question: Question
    said: Sequence[str]
    """The turns before it, without what the bot asked back."""
    kinds: frozenset[str]
    """Kinds of product that the message names."""


def ask(
    question: Question,
    history: Sequence[Turn],
    hits: Sequence[Hit],
    scored: Sequence[Scored],
    *,
    state: State,
    wanted: Wanted,
) -> Pending | None:
    """The question to ask back before answering; None where it is clear enough, where what is `wanted` (`wanted_of`)
    settles it, or where the customer was asked the same before. `hits` are those that `prefer` left, `scored` their
    pieces, best first."""
    if not hits:
        return None
    if is_bare(question.original, history):
        pending = _subject(question, hits, wanted)
    else:
        pending = _by_facet(question, history, hits, scored, wanted) or _by_kind(
            question, history, hits, scored
        )
    return None if pending is None or _was_asked(pending, state, history) else pending


def _by_facet(
    question: Question, history: Sequence[Turn], hits: Sequence[Hit], scored: Sequence[Scored], wanted: Wanted
) -> Pending | None:
    """The first facet in which passages that could answer disagree."""
    likely = _likely(hits, scored)
    if not likely or likely[0].probability < LEAST:
        return None
    said = [turn.text for turn in history if turn.role == "user" or not _asks_back(turn.text)]
    spoken = _Spoken(question, said, _spoken_of(question.text, hits))
    found = (_disagreement(facet, spoken, likely, wanted) for facet in FACETS)
    return next((pending for pending in found if pending is not None), None)


def _by_kind(
    question: Question, history: Sequence[Turn], hits: Sequence[Hit], scored: Sequence[Scored]
) -> Pending | None:
    """The question which one of a kind is meant, where no passage answers well."""
    if scored and scored[0].probability >= SURE:
        return None
    names = one_of_several(question.original, history, [hit.chunk.text for hit in hits])
    if names is None:
        return None
    return Pending(question=question.text, facet=SUBJECT, options=names[:MOST_OPTIONS])


def words(pending: Pending, language: str) -> str:
    """What the customer is asked, in English or Chinese."""
    own = "zh" if language == "zh" else "en"
    if not pending.options:
        return phrase("ask", "open", own)
    *first, last = pending.options
    between = "、" if own == "zh" else "; " if any("," in option for option in pending.options) else ", "
    joint = between if pending.facet == SUBJECT else phrase("join", own)
    listed = between.join(first) + (joint if first else "") + last
    return phrase("ask", pending.facet, own).replace("{options}", listed)


def _likely(hits: Sequence[Hit], scored: Sequence[Scored]) -> list[_Possible]:
    """The passages with a piece about as likely to answer as the best one, best first."""
    best: dict[int, Scored] = {}
    for piece in scored:
        best.setdefault(piece.unit.hit, piece)
    if not best:
        return []
    enough = CLOSE * scored[0].probability
    chosen = [(place, piece) for place, piece in best.items() if piece.probability >= enough]
    return [
        _Possible(hits[place], piece.probability, piece.unit.text, facets(hits[place].chunk))
        for place, piece in chosen[:MOST_PASSAGES]
        if not is_outdated(hits[place].chunk)
    ]


def _spoken_of(text: str, hits: Sequence[Hit]) -> frozenset[str]:
    """The kinds of product, among those of `hits`, that a message names without saying which: "thermostat"."""
    words = frozenset(terms(text))
    kinds = frozenset[str]().union(*(_kinds(facets(hit.chunk).get(PRODUCT, ())) for hit in hits))
    return frozenset(kind for kind in kinds if kind in words or (not kind.isascii() and kind in text))


def _kinds(values: Sequence[Value]) -> frozenset[str]:
    """The words by which the products of `values` are called, without models: `thermostat` of "Thermostat T2"."""
    return frozenset(
        term
        for value in values
        for term in terms(f"{value.shown} {family(value.key)}", overlapping=False)
        if len(term) > 1 and not re.search(r"\d", term) and term not in STOP_WORDS
    )


def _disagreement(facet: str, spoken: _Spoken, likely: Sequence[_Possible], wanted: Wanted) -> Pending | None:
    """What to ask where the best passage and another one hold for different values of `facet`."""
    question = spoken.question
    known = aliases(each.hit.chunk for each in likely)
    first = likely[0].holds.get(facet, ())
    if facet == PRODUCT and spoken.kinds and not spoken.kinds & _kinds(first):
        return None
    rivals = [
        each
        for each in likely[1:]
        if (own := each.holds.get(facet, ()))
        and fit(own, first, facet, known) is not True
        and (facet != PRODUCT or not spoken.kinds or spoken.kinds & _kinds(own))
        and (facet != REGION or not _is_foreign(each, likely[0], question.language))
    ]
    if not first or not rivals:
        return None
    holds = [each.holds for each in likely]
    if speaks_of(question.text, facet, holds) or any(
        _told(text, facet, spoken, holds) for text in spoken.said
    ):
        return None
    if all(_same(likely[0], rival, facet) for rival in rivals):
        return None
    values = [value for each in (likely[0], *rivals) for value in each.holds[facet]]
    options = _options(values, facet, known, [each.hit for each in likely], question.language)
    if not 2 <= len(options) <= MOST_OPTIONS or _settled(values, facet, wanted, known):
        return None
    return Pending(question=question.text, facet=facet, options=options)


def _asks_back(text: str) -> bool:
    """Whether a reply of the bot's is a question of this file's: its options are nothing that anybody has said."""
    openings = (phrase("ask", facet, own).split("{options}")[0] for facet in FACETS for own in ("en", "zh"))
    return text.startswith(tuple(openings))


def _told(text: str, facet: str, spoken: _Spoken, holds: Sequence[Facets]) -> bool:
    """Whether an earlier turn names which one is meant; of products one of the kind that the message speaks of, for
    the hub that was reset says nothing of the doorbell."""
    if (
        facet == PRODUCT
        and spoken.kinds
        and not spoken.kinds & (_kinds(read(text, PRODUCT)) | {*terms(text)})
    ):
        return False
    return names_one(text, facet, holds)


def _is_foreign(each: _Possible, first: _Possible, language: str) -> bool:
    """Whether the passage is in another language than the customer's, in which there is the best one: those who write
    Chinese are served by what is written for them."""
    languages = [one.hit.chunk.meta.get("language", language) for one in (first, each)]
    return bool(languages[0] == language != languages[1])


def _settled(
    values: Sequence[Value], facet: str, wanted: Wanted, known: Mapping[str, frozenset[str]]
) -> bool:
    """Whether what is known of the customer already says which of `values` it is."""
    mine = values_of(wanted, facet)
    return any(fit([value], mine, facet, known) is True for value in values)


def _same(one: _Possible, other: _Possible, facet: str) -> bool:
    """Whether two passages say the same, but for the names of what they hold for."""
    return _bare(one, facet) == _bare(other, facet)


def _bare(each: _Possible, facet: str) -> str:
    text = fold(each.text)
    for value in each.holds.get(facet, ()):
        for name in (value.shown, value.key):
            text = text.replace(fold(name), "")
    return "".join(re.findall(r"\w+", text))


def _options(
    values: Sequence[Value],
    facet: str,
    known: Mapping[str, frozenset[str]],
    hits: Sequence[Hit],
    language: str,
) -> tuple[str, ...]:
    """The values as the documents call them, each once, in their natural order."""
    groups: dict[frozenset[str], list[str]] = {}
    for value in values:
        names = known.get(value.key, frozenset((value.key,))) if facet == PRODUCT else frozenset((value.key,))
        groups.setdefault(names, []).append(value.shown)
    shown = [_best_name(names, called, hits, language) for names, called in groups.items()]
    return (
        tuple(sorted(dict.fromkeys(shown), key=_natural)) if facet != REGION else tuple(dict.fromkeys(shown))
    )


def _best_name(names: frozenset[str], called: Sequence[str], hits: Sequence[Hit], language: str) -> str:
    """A name rather than a code, in the customer's language, as short as the texts that name it agree on."""
    texts = (text for hit in hits for text in (hit.chunk.title, hit.chunk.heading, hit.chunk.text))
    written = [each.shown for text in texts for each in named(text) if each.key in names]
    every = [*called, *written]

    def worth(name: str) -> tuple[bool, bool, bool]:
        is_code = re.fullmatch(r"[A-Z]+-?\d+\w*", name) is not None
        foreign = (re.search(r"[\u4e00-\u9fff]", name) is not None) != (language == "zh")
        return (is_code, foreign, name == fold(name) and name.isascii())

    best = min(map(worth, every))
    name = _common_ending([name for name in every if worth(name) == best])
    return name.title() if name.isascii() and name.islower() and re.search(r"\d", name) else name


def _common_ending(names: Sequence[str]) -> str:
    """The words in which all names end: "Hub 1" of "Halvorn Hub 1" and "Resetting Hub 1"; the commonest where they
    end in none."""
    parts = [name.split() for name in names]
    shared = 0
    while all(len(each) > shared and each[-1 - shared] == parts[0][-1 - shared] for each in parts):
        shared += 1
    ending = " ".join(parts[0][len(parts[0]) - shared :])
    return ending if re.search(r"[^\W\d]", ending) else max(names, key=names.count)


def _natural(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Sorts `Hub 2` before `Hub 10`."""
    return tuple(
        (part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name)
    )


def _subject(question: Question, hits: Sequence[Hit], wanted: Wanted) -> Pending | None:
    """What to ask where the message leaves open what it is about: which of the products that were found, else which
    of the documents; None where the customer has one product and it is among them."""
    likely = [hit for hit in hits[:MOST_OPTIONS] if hit.score >= LEAST * hits[0].score]
    values = [value for hit in likely for value in facets(hit.chunk).get(PRODUCT, ())]
    known = aliases(hit.chunk for hit in hits)
    mine = values_of(wanted, PRODUCT)
    owned = [value for value in values if fit([value], mine, PRODUCT, known)]
    products = _options(owned or values, PRODUCT, known, hits, question.language)
    if len(products) > MOST_OPTIONS:
        products = _options((owned or values)[:MOST_OPTIONS], PRODUCT, known, hits, question.language)
    if owned and len(products) == 1:
        return None
    if len(products) >= 2:
        return Pending(question=question.text, facet=PRODUCT, options=products)
    titles = tuple(dict.fromkeys(_heading(hit.chunk.title) for hit in likely if hit.chunk.title.strip()))
    return Pending(question=question.text, facet=SUBJECT, options=titles if len(titles) >= 2 else ())


def _heading(title: str) -> str:
    """A title as an option: without the site's name behind it."""
    short = re.split(r"\s+\|\s+", title.strip())[0]
    return short[:1].upper() + short[1:]


def _was_asked(pending: Pending, state: State, history: Sequence[Turn]) -> bool:
    """Whether the customer has had this question, waiting or earlier in the conversation."""
    waiting = state.pending
    if (
        waiting is not None
        and waiting.facet == pending.facet
        and set(waiting.options) == set(pending.options)
    ):
        return True
    asked = [words(pending, language) for language in ("en", "zh")]
    return any(turn.role == "assistant" and any(text in turn.text for text in asked) for turn in history)
