"""Documents -> a draft of a test set: questions with sources, facts and a reference, and near misses without.

    read    passages and what stands above them
    propose what each passage can be asked
    choose  a spread over documents and kinds, no question twice
    miss    the same questions about names that do not exist

The same documents and seed give the same draft. It is a start for people: each case is tagged `draft` until somebody
has read it.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ragbot.errors import InputError
from ragbot.evaluate.draft import chinese, english, headings, tables
from ragbot.evaluate.draft.misses import Invented
from ragbot.evaluate.draft.places import Reads, read
from ragbot.evaluate.draft.quantities import quantities, ways
from ragbot.evaluate.draft.values import Kind, Place, Proposal
from ragbot.evaluate.metrics import comparable
from ragbot.evaluate.testset import Case
from ragbot.text.language import script_language
from ragbot.text.sentences import sentences

DRAFT = "draft"
"""Tag of every drafted case."""
UNANSWERABLE = "draft_unanswerable"
"""Tag of a near miss."""
MISSES = 0.2
"""Share of near misses in a draft."""
_REFERENCE = 300
"""Characters of a reference."""
_WEIGHT: Mapping[Kind, float] = {"fact": 1.0, "howto": 0.8, "faq": 0.7, "row": 0.5}
"""How much of a draft each kind gets where there is enough of all."""
_ASKS_FIGURE = re.compile(
    r"\bhow (?:long|many|much|often|fast|soon)\b|\bwhen\b|多少|多久|多长|几", re.IGNORECASE
)
_PREAMBLE = re.compile(
    r"^(?:Learn |Follow |This article |In this article|These steps|To learn )", re.IGNORECASE
)


def draft(kb: Reads, n: int, *, language: str = "", seed: int = 0) -> list[Case]:
    """At most `n` cases, a fifth of them near misses; of documents in `language` (ISO 639-1) only, if given.

    Raises `InputError` where no question can be made.
    """
    rng = random.Random(seed)  # noqa: S311 - a choice of questions, no secret
    documents = [each for each in kb.documents() if not language or each.language == language]
    places = list(read(kb, documents))
    proposals = _unambiguous(proposal for place in places for proposal in propose(place))
    if not proposals:
        which = f" in {language}" if language else ""
        raise InputError(
            f"no question can be made of the {len(documents)} documents{which}; index some with FAQ entries, "
            "headings that say what to do, tables, or sentences with figures"
        )
    wanted = n - round(n * MISSES) if n > 1 else n
    chosen = _choose(proposals, wanted, rng)
    texts = [document.text for document in kb.documents()] + [document.title for document in kb.documents()]
    missing = _misses(proposals, chosen, Invented(texts, rng), n - wanted, rng)
    return [_case(each, count) for count, each in enumerate(chosen, 1)] + missing


def propose(place: Place) -> Iterator[Proposal]:
    """What a passage can be asked; a question in another language than its document's has its own."""
    for each in _proposed(place):
        language = script_language(each.question) or ("en" if each.language == "zh" else each.language)
        yield replace(each, language=language)


def _proposed(place: Place) -> Iterator[Proposal]:
    if place.language not in ("en", "zh"):
        if place.faq_question:
            yield from _faq(place)
        return
    if place.faq_question:
        yield from _faq(place)
    elif place.kind in ("row", "table"):
        yield from _rows(place)
    elif place.kind == "text":
        yield from _howto(place)
        yield from _facts(place)
        yield from _rows(place)


def _faq(place: Place) -> Iterator[Proposal]:
    word: Callable[[str], str] = {"en": headings.reword, "zh": headings.reword_chinese}.get(
        place.language, str
    )
    found = quantities(place.faq_answer, chinese=place.language == "zh")
    asks = _ASKS_FIGURE.search(place.faq_question) is not None
    yield Proposal(
        question=word(place.faq_question),
        kind="faq",
        source=place.source,
        language=place.language,
        reference=_short(place.faq_answer),
        fact=found[0].text if asks and len(found) == 1 else "",
    )


def _howto(place: Place) -> Iterator[Proposal]:
    if not place.first or len(place.text) < 60:
        return
    ask = headings.ask_chinese if place.language == "zh" else headings.ask
    question = ask(place.heading or place.title)
    if question is not None:
        yield Proposal(
            question=_about(question, place) if place.heading else question,
            kind="howto",
            source=place.source,
            language=place.language,
            reference=_short(place.text),
        )


def _facts(place: Place) -> Iterator[Proposal]:
    for sentence in sentences(place.text):
        asked: list[tuple[str, str]] = []
        if place.language == "zh":
            asked = chinese.ask(sentence.text)
        elif (one := english.ask(sentence.text)) is not None:
            asked = [one]
        for question, fact in asked:
            yield Proposal(
                question=_about(question, place),
                kind="fact",
                source=place.source,
                language=place.language,
                reference=_short(sentence.text),
                fact=fact,
            )


def _rows(place: Place) -> Iterator[Proposal]:
    for question, cell, row in tables.ask(place.text):
        yield Proposal(
            question=_about(question, place),
            kind="row",
            source=place.source,
            language=place.language,
            reference=_short(row),
            fact=cell,
        )


def _about(question: str, place: Place) -> str:
    """The question with what it is about before it, where it does not name that itself."""
    title = re.sub(r"\s*[(（].*?[)）]\s*|\s+[|–—-]\s.*$|\.\w{2,5}$", " ", place.title).strip() or place.title
    title = title.replace(" : ", ": ")
    if _words(title) & _words(question):
        return question
    if place.language == "zh":
        return f"{title}，{question}" if title.startswith(("如何", "怎么")) else f"关于{title}：{question}"
    if (wish := headings.wanted(title)) is not None:
        return f"I want to {wish}. {question}"
    if (state := headings.happened(title)) is not None:
        return f"{state}. {question}"
    if title.endswith("?"):
        return f"{title} {question}"
    first, _, rest = question.partition(" ")
    lead = first if first == "I" or any(map(str.isupper, first[1:])) else first[0].lower() + first[1:]
    return f"{title}: {lead} {rest}"


def _words(text: str) -> set[str]:
    """The words that could name a subject; of Chinese text, its pairs of characters."""
    han = re.findall(r"(?=([\u4e00-\u9fff]{2}))", text)
    words = re.findall(r"[A-Za-z][\w-]{3,}|\w*\d\w*", text)
    return {word.casefold().removesuffix("s") for word in words} | set(han)


def _short(text: str) -> str:
    """Whole sentences from the beginning, without one that only says what the text is about, up to the length of a
    reference."""
    found = sentences(text)
    if len(found) > 1 and _PREAMBLE.match(found[0].text):
        found = found[1:]
    kept = found[:1]
    for sentence in found[1:]:
        if sentence.end - found[0].start > _REFERENCE:
            break
        kept.append(sentence)
    if not kept or _PREAMBLE.match(kept[0].text):
        return ""
    return text[kept[0].start : kept[-1].end][: 2 * _REFERENCE]


def _key(question: str) -> str:
    return re.sub(r"[^\w]+", "", comparable(question))


def _unambiguous(proposals: Iterable[Proposal]) -> list[Proposal]:
    """Each question once. One that the same document answers with two facts is left out; one that several documents
    answer alike is asked of the first."""
    found: dict[str, Proposal] = {}
    bad: set[str] = set()
    for each in proposals:
        key = _key(each.question)
        first = found.setdefault(key, each)
        if first is not each and first.fact != each.fact:
            bad.add(key)
    return [each for key, each in found.items() if key not in bad]


def _choose(proposals: Sequence[Proposal], n: int, rng: random.Random) -> list[Proposal]:
    """`n` proposals, or all: each time one of the documents that have given fewest, of the kind that is furthest
    behind its share."""
    waiting = list(proposals)
    rng.shuffle(waiting)
    taken: Counter[str] = Counter()
    given: Counter[Kind] = Counter()
    chosen: list[Proposal] = []
    while waiting and len(chosen) < n:
        place = min(
            range(len(waiting)),
            key=lambda index: (
                taken[waiting[index].source],
                given[waiting[index].kind] / _WEIGHT[waiting[index].kind],
            ),
        )
        one = waiting.pop(place)
        given[one.kind] += 1
        taken[one.source] += 1
        chosen.append(one)
    return sorted(chosen, key=lambda each: (each.source, each.question))


def _misses(
    proposals: Sequence[Proposal], chosen: Sequence[Proposal], invented: Invented, n: int, rng: random.Random
) -> list[Case]:
    """At most `n` near misses, made of questions that were not chosen if there are enough."""
    taken_already = {each.question for each in chosen}
    waiting = [each for each in proposals if each.question not in taken_already]
    rng.shuffle(waiting)
    waiting += chosen
    cases: dict[str, Case] = {}
    taken: Counter[str] = Counter()
    for most in (1, 2, n):
        for each in list(waiting):
            made = invented.instead(each.question) if len(cases) < n and taken[each.source] < most else None
            if made is None or _key(made[0]) in cases:
                continue
            waiting.remove(each)
            taken[each.source] += 1
            cases[_key(made[0])] = Case(
                id=f"draft-none-{len(cases) + 1:03}",
                question=made[0],
                expect="abstained",
                language=each.language,
                tags=(DRAFT, UNANSWERABLE),
            )
    return list(cases.values())


def _case(proposal: Proposal, count: int) -> Case:
    return Case(
        id=f"draft-{count:03}",
        question=proposal.question,
        expect="answered",
        sources=(proposal.source,),
        reference=proposal.reference,
        must_contain=(ways(proposal.fact),) if proposal.fact else (),
        language=proposal.language,
        tags=(DRAFT, f"draft_{proposal.kind}"),
    )
