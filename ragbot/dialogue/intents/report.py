"""What could be better in a well-formed intents file: too few examples, examples alike, intents that are confused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ragbot.dialogue.intents.catalogue import Intent, Intents, spelling
from ragbot.text.words import content_terms

if TYPE_CHECKING:
    from ragbot.dialogue.classify.model import Confusion

FEW: Final = 5
"""Examples below which an intent is known badly."""
_OVERLAP: Final = 0.2
"""Share of the examples of the smaller of two intents that are taken for the other, from which they overlap."""
_LEAST_CONFUSED: Final = 2

Kind = Literal["few", "alike", "confused", "overlap", "sensitive", "function"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that could be better."""

    kind: Kind
    intents: tuple[str, ...]
    """Whom it is about."""
    message: str


def remarks(
    intents: Intents, confusions: Sequence[Confusion], *, sensitive: Iterable[str] = ()
) -> list[Remark]:
    """All remarks, the most pressing kinds first. `sensitive`: intents that the settings hand over."""
    known = {each.name for each in intents.intents}
    missing = [
        Remark(
            kind="sensitive",
            intents=(name,),
            message=f"[handover] sensitive names {name}, which there is not; "
            f'write it, or take it over: builtin = ["{name}"]',
        )
        for name in sensitive
        if name not in known
    ]
    few = [
        Remark(
            kind="few",
            intents=(each.name,),
            message=f"{each.name} has {len(each.examples)} examples; {FEW} are few, 10 and more are better",
        )
        for each in intents.intents
        if len(each.examples) < FEW
    ]
    return [*missing, *few, *_overlaps(intents, confusions), *_alike(intents.intents), *_confused(confusions)]


def _overlaps(intents: Intents, confusions: Sequence[Confusion]) -> Iterator[Remark]:
    """Pairs of which many examples of one, whichever, are taken for the other."""
    size = {each.name: len(each.examples) for each in intents.intents}
    pairs: Counter[tuple[str, str]] = Counter()
    for each in confusions:
        if each.intent and each.taken_for:
            first, second = sorted((each.intent, each.taken_for))
            pairs[first, second] += each.count
    for (first, second), count in pairs.most_common():
        smaller = min(size.get(first, 0), size.get(second, 0))
        if count >= _LEAST_CONFUSED and count >= _OVERLAP * smaller:
            yield Remark(
                kind="overlap",
                intents=(first, second),
                message=f"{first} and {second} overlap: {count} of their {size[first] + size[second]} examples are "
                "taken for the other; join them, or word the examples further apart",
            )


def _alike(intents: Sequence[Intent]) -> Iterator[Remark]:
    """Examples of two intents that have the same words, stop words and order aside."""
    first: dict[frozenset[str], tuple[str, str]] = {}
    for intent in intents:
        for example in intent.examples:
            key = frozenset(content_terms(example, overlapping=False)) or frozenset(spelling(example).split())
            name, other = first.setdefault(key, (intent.name, example))
            if name != intent.name:
                yield Remark(
                    kind="alike",
                    intents=(name, intent.name),
                    message=f"{example!r} of {intent.name} is nearly {other!r} of {name}; drop one",
                )


def _confused(confusions: Sequence[Confusion]) -> Iterator[Remark]:
    """Of the company's own examples; those of other matters that are taken for one of its intents say nothing of it."""
    for each in confusions:
        if not each.intent:
            continue
        shown = ", ".join(repr(text) for text in each.texts)
        taken = each.taken_for or "none of the intents"
        yield Remark(
            kind="confused",
            intents=(each.intent, each.taken_for) if each.taken_for else (each.intent,),
            message=f"{each.count} of {each.intent} taken for {taken}: {shown}",
        )
