"""A question as search and the answer checks see it: standing alone, in concepts, with what each concept is
called in another language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from ragbot.text.context import leans_on_history, standalone
from ragbot.text.glossary import Concept as Phrase
from ragbot.text.glossary import Glossary
from ragbot.text.language import UNKNOWN, detect_query
from ragbot.text.words import bigrams, content_terms, is_han, single_characters, stop_terms, terms, word_parts
from ragbot.types import Turn

TRANSLATION_WEIGHT = 0.5
"""How much a translated term counts in lexical search against one that the customer wrote."""
SYNONYM_WEIGHT = 0.25
"""The same for another word of the customer's own language."""
CARRIED_WEIGHT = 0.5
"""How much a concept counts that only the earlier conversation holds."""
RESPELT_WEIGHT = 0.6
"""How much another spelling counts of a word that no document has."""
PART_WEIGHT = 0.1
"""How much a part of a word counts: its 4-grams overlap, so a word has many."""
DECAY = 0.9
"""What a term of the conversation keeps of its weight with each turn that follows it."""
MAX_CONCEPTS = 128
MAX_TERMS = 256
"""Terms of a message that are searched in each language, the first ones."""
MAX_TURNS = 24
"""Turns of the conversation that a search sees, the newest ones."""
_TURN_CHARACTERS = 2000
_SHORTEST_PART_OWNER = 4

_OWN_SCRIPT = frozenset(("zh", "ja", "ko", UNKNOWN))
"""A message too short to tell its language is in none of these: it would show."""

Respell = Callable[[str, str], Sequence[tuple[str, ...]]]
"""A term that no document has, and its language -> what may have been meant, each as terms of the documents."""


_ASKING = re.compile(
    r"\bhow (?:long|much|many|often|soon|quickly|fast)\b(?: does (?:it|this|that) (?:take|cost))?"
    r"|多久|多长时间|多少钱?|几(?=[天个年月次])|什么时候",
    re.IGNORECASE,
)
"""Words that say which kind of fact is asked for, not about what."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that the question names: the customer's own term, and terms of another language that mean it."""

    own: str
    alternatives: tuple[tuple[str, ...], ...] = ()
    """Translations and synonyms, each as its terms."""
    translated: int = 0
    """How many of the alternatives, from the first, are in another language."""
    respelt: int = 0
    """How many of them, from the last, are what a misspelt word may have been meant for."""
    carried: bool = False
    """Whether it comes from the conversation rather than from the message itself."""

    @property
    def trusts(self) -> tuple[float, ...]:
        """How much each alternative counts against the own term."""
        synonyms = len(self.alternatives) - self.translated - self.respelt
        kinds = (
            (TRANSLATION_WEIGHT, self.translated),
            (SYNONYM_WEIGHT, synonyms),
            (RESPELT_WEIGHT, self.respelt),
        )
        return tuple(weight for weight, count in kinds for _ in range(count))

    def presence(self, bag: frozenset[str]) -> float:
        """1 if the bag has the term or a whole translation, else the best share of their parts over one half."""
        if self.own in bag:
            return 1.0
        parted = (*self.alternatives, tuple(bigrams(self.own))) if is_han(self.own) else self.alternatives
        shares = (sum(term in bag for term in words) / len(words) for words in parted if words)
        return max((share for share in shares if share > 0.5), default=0.0)

    @property
    def single_terms(self) -> tuple[str, ...]:
        """The own term and the translations of one word."""
        return (self.own, *(words[0] for words in self.alternatives if len(words) == 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked."""

    original: str
    """The message, cleaned."""
    text: str
    """The same with what it leaves to the conversation filled in."""
    language: str
    concepts: tuple[Concept, ...]
    terms: Mapping[str, float]
    """What lexical search looks for, with weights: the message's own words and what they are called elsewhere."""
    dense_text: str
    """What the embedder reads: the text, or its gloss where the embedder does not know the language."""
    embedder_knows: bool
    """Whether the embedder knows the question's language."""
    asked_text: str = ""
    """The same of the message alone; empty where it is the same."""
    turns: tuple[tuple[float, frozenset[str]], ...] = ()
    """Weight and terms of each earlier turn, the newest first."""

    @property
    def leans(self) -> bool:
        """Whether the message cannot be understood without the conversation."""
        return self.text != self.original

    @property
    def context(self) -> dict[str, float]:
        """The terms of the conversation, each with the weight of the newest turn that has it."""
        found: dict[str, float] = {}
        for weight, words in self.turns:
            for word in words:
                found.setdefault(word, weight)
        return found

    def weight(self, concept: Concept, idf: Mapping[str, float]) -> float:
        """How much finding `concept` matters: its idf, the least of its alternatives', half if carried."""
        values = [idf.get(concept.own, 0.0)]
        values += [max(idf.get(term, 0.0) for term in words) for words in concept.alternatives]
        weight = min(value for value in values if value > 0) if any(values) else 0.0
        return weight * (CARRIED_WEIGHT if concept.carried else 1.0)

    def all_terms(self) -> list[str]:
        """Every term of every concept, for a look-up of idf."""
        own = [concept.own for concept in self.concepts]
        return own + [term for c in self.concepts for words in c.alternatives for term in words]


def _alternatives(text: str, target: str, glossary: Glossary) -> dict[str, tuple[tuple[str, ...], ...]]:
    """For each term of `text` that the glossary knows: what it is called in `target`, as terms."""
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for phrase in glossary.concepts(text, target):
        words = tuple(_terms_of(translation, target) for translation in phrase.translations)
        for term in _phrase_terms(phrase):
            found.setdefault(term, tuple(entry for entry in words if entry))
    return found


def _terms_of(translation: str, language: str) -> tuple[str, ...]:
    """The terms of a translation; of Chinese the longest word alone, for its parts are in it."""
    split = terms(translation)
    if language == "zh" and split:
        whole = max(split, key=len)
        return (whole,) if len(whole) == len(translation) else tuple(content_terms(translation)[:3])
    return tuple(content_terms(translation) or split)


def _phrase_terms(phrase: Phrase) -> list[str]:
    return content_terms(phrase.phrase, overlapping=False) or terms(phrase.phrase, overlapping=False)


def _concepts(
    message: str, carried: str, language: str, glossary: Glossary, respell: Respell
) -> tuple[Concept, ...]:
    own = content_terms(message, language=language, overlapping=False)
    own = (own or list(dict.fromkeys(terms(message, language=language, overlapping=False))))[:MAX_CONCEPTS]
    before = content_terms(carried, language=language, overlapping=False)
    earlier = [term for term in before if term not in own][: MAX_CONCEPTS - len(own)]
    both, here = f"{carried} {message}", "zh" if language == "zh" else "en"
    foreign = _alternatives(both, "en" if here == "zh" else "zh", glossary)
    synonyms = _alternatives(both, here, glossary)

    def concept(term: str, carried: bool) -> Concept:
        known, meant = foreign.get(term, ()), tuple(respell(term, language))
        alternatives = known + synonyms.get(term, ()) + meant
        return Concept(term, alternatives, translated=len(known), respelt=len(meant), carried=carried)

    made = [concept(term, False) for term in own] + [concept(term, True) for term in earlier]
    return tuple(made)


def _weighted(message: str, concepts: Sequence[Concept], languages: Sequence[str]) -> dict[str, float]:
    """Lexical weights of the message: overlapping Chinese words, bigrams and characters too, for the documents may
    be cut otherwise, and stems of all `languages`, for they may be written in any."""
    weights: dict[str, float] = {}
    for language in languages:
        weights |= dict.fromkeys(content_terms(message, language=language)[:MAX_TERMS], 1.0)
        for part in word_parts(message, language, least=_SHORTEST_PART_OWNER)[:MAX_TERMS]:
            weights.setdefault(part, PART_WEIGHT)
    stop = stop_terms(languages[0])
    singles = (each for each in dict.fromkeys(single_characters(message)) if each not in stop)
    weights |= dict.fromkeys(islice(singles, MAX_TERMS), 1.0)
    for concept in concepts:
        if not concept.carried:
            weights[concept.own] = 1.0
            for words, known in zip(concept.alternatives, concept.trusts, strict=True):
                for term in words:
                    weights[term] = max(weights.get(term, 0.0), known / len(words))
    return weights


def _turns(history: Sequence[Turn], language: str) -> tuple[tuple[float, frozenset[str]], ...]:
    """Both sides of the conversation: what the customer now calls "it" is often named in the answer before."""
    stop = stop_terms(language)
    found = []
    for age, turn in enumerate(reversed(history[-MAX_TURNS:])):
        said = turn.text[:_TURN_CHARACTERS]
        words = {*content_terms(said, language=language), *single_characters(said)} - stop
        found.append((DECAY**age, frozenset(words)))
    return tuple(found)


def _no_respelling(_: str, __: str) -> Sequence[tuple[str, ...]]:
    return ()


def understand(
    message: str,
    history: Sequence[Turn],
    *,
    glossary: Glossary,
    languages: frozenset[str],
    written: Sequence[str] = (),
    respell: Respell = _no_respelling,
) -> Question:
    """The question that `message` (cleaned, not empty) asks after `history`.

    `languages` are those the embedder knows (ISO 639-1), empty means all; `written` those of the documents, the
    most frequent first; `respell` tells what a term may have been meant for.
    """
    leans = leans_on_history(message, history)
    text = standalone(message, history) if leans else message
    carried = text[: -len(message)] if text.endswith(message) and len(text) > len(message) else ""
    likely = next((code for code in written if code not in _OWN_SCRIPT), "en")
    language = detect_query(message, default=likely)
    about, before = _ASKING.sub(" ", message), _ASKING.sub(" ", carried)
    if not content_terms(about, language=language):
        about = message
    if written and language not in written:
        respell = _no_respelling  # words of another language are no slips
    concepts = _concepts(about, before, language, glossary, respell)
    knows = not languages or language in languages

    def readable(said: str) -> str:
        """As the embedder can read it."""
        return said if knows or "en" not in languages else glossary.gloss(said, "en") or said

    dense_text = readable(text)
    asked_text = readable(message) if text != message else dense_text
    return Question(
        original=message,
        text=text,
        language=language,
        concepts=concepts,
        terms=_weighted(about, concepts, list(dict.fromkeys((language, *written)))),
        dense_text=dense_text,
        embedder_knows=knows,
        asked_text=asked_text if asked_text != dense_text else "",
        turns=_turns(history, language),
    )
