"""A question as search and the answer checks see it: standing alone, in concepts, with what each concept is
called in another language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragbot.text.context import standalone
from ragbot.text.glossary import Concept as Phrase
from ragbot.text.glossary import Glossary
from ragbot.text.language import detect_query
from ragbot.text.words import bigrams, content_terms, is_han, terms
from ragbot.types import Turn

TRANSLATION_WEIGHT = 0.5
"""How much a translated term counts in lexical search against one that the customer wrote."""
SYNONYM_WEIGHT = 0.25
"""The same for another word of the customer's own language."""
CARRIED_WEIGHT = 0.5
"""How much a term counts that only the earlier conversation holds."""
MAX_CONCEPTS = 128


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
    carried: bool = False
    """Whether it comes from the conversation rather than from the message itself."""

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
    """What lexical search looks for, with weights."""
    dense_text: str
    """What the embedder reads: the text, or its gloss where the embedder does not know the language."""
    embedder_knows: bool
    """Whether the embedder knows the question's language."""

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


def _concepts(message: str, carried: str, language: str, glossary: Glossary) -> tuple[Concept, ...]:
    own = content_terms(message, overlapping=False) or list(dict.fromkeys(terms(message, overlapping=False)))
    earlier = [term for term in content_terms(carried, overlapping=False) if term not in own]
    both, here = f"{carried} {message}", "zh" if language == "zh" else "en"
    foreign = _alternatives(both, "en" if here == "zh" else "zh", glossary)
    synonyms = _alternatives(both, here, glossary)
    made = [
        Concept(
            term,
            foreign.get(term, ()) + synonyms.get(term, ()),
            len(foreign.get(term, ())),
            index >= len(own),
        )
        for index, term in enumerate((*own, *earlier))
    ]
    return tuple(made[:MAX_CONCEPTS])


def _weighted(message: str, carried: str, concepts: Sequence[Concept]) -> dict[str, float]:
    """Lexical weights: overlapping Chinese words and bigrams too, for the documents may be cut otherwise."""
    weights = dict.fromkeys(content_terms(carried), CARRIED_WEIGHT)
    weights |= dict.fromkeys(content_terms(message), 1.0)
    for concept in concepts:
        base = CARRIED_WEIGHT if concept.carried else 1.0
        weights[concept.own] = max(weights.get(concept.own, 0.0), base)
        for index, words in enumerate(concept.alternatives):
            for term in words:
                known = TRANSLATION_WEIGHT if index < concept.translated else SYNONYM_WEIGHT
                share = base * known / len(words)
                weights[term] = max(weights.get(term, 0.0), share)
    return weights


def understand(
    message: str, history: Sequence[Turn], *, glossary: Glossary, languages: frozenset[str]
) -> Question:
    """The question that `message` (cleaned, not empty) asks after `history`.

    `languages` are those the embedder knows (ISO 639-1); empty means all.
    """
    text = standalone(message, history) if history else message
    carried = text[: -len(message)] if text.endswith(message) and len(text) > len(message) else ""
    language = detect_query(message)
    about, before = _ASKING.sub(" ", message), _ASKING.sub(" ", carried)
    if not content_terms(about):
        about = message
    concepts = _concepts(about, before, language, glossary)
    knows = not languages or language in languages
    dense_text = text
    if not knows and "en" in languages:
        dense_text = glossary.gloss(text, "en") or text
    return Question(
        original=message,
        text=text,
        language=language,
        concepts=concepts,
        terms=_weighted(about, before, concepts),
        dense_text=dense_text,
        embedder_knows=knows,
    )
