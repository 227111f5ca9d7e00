"""What the intent classifier learns from: each intent's name, description and examples, as rows; what is wrong with
them; and the signature by which a stored model is known to be of just these.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from ragbot.dialogue.classify.likeness import readable
from ragbot.dialogue.classify.outside import everyday
from ragbot.errors import InputError

if TYPE_CHECKING:
    from ragbot.protocols import Embedder

VERSION: Final = 1
"""Rises whenever training would give another model for the same intents."""
MOST_EXAMPLES: Final = 10_000
"""Rows that are learnt from: time grows with their cube. Of larger sets each intent's examples are thinned."""
MOST_INTENTS: Final = 1_000
NONE_SHARE: Final = 0.3
"""Share of messages expected to fit no intent, where the caller does not say."""
NONE: Final = -1
"""Label of a row that fits no intent."""
Gloss = Callable[[str], str]
"""A text -> the same as the embedder can read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """What is learnt of one intent."""

    name: str
    """Its words count as a description too: `refund_status` is read as "refund status"."""
    description: str = ""
    """One sentence; alone enough until there are examples."""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One text that is learnt from."""

    text: str
    label: int
    """Place of its intent, or `NONE`."""
    kind: Literal["about", "example", "everyday"]


def _words(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))).lower()


def _about(intent: Labelled) -> str:
    return ". ".join(part for part in (_words(intent.name), intent.description.strip()) if part)


def _thinned(texts: Sequence[str], most: int) -> list[str]:
    """At most `most` of `texts`, evenly spread, each once."""
    once = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(once) <= most:
        return once
    return [once[at] for at in np.linspace(0, len(once) - 1, most).astype(int)]


def _share(sizes: Sequence[int], total: int) -> int:
    """The greatest number of examples an intent may have so that all have at most `total`."""
    low, high = 1, max(sizes, default=1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(min(size, middle) for size in sizes) <= total else (low, middle - 1)
    return low


def rows_of(intents: Sequence[Labelled], none: Sequence[str]) -> list[Row]:
    """What is learnt from, intent by intent, those that fit none last; each text of an intent once."""
    lists = [intent.examples for intent in intents] + [tuple(none)]
    most = _share([len(each) for each in lists], MOST_EXAMPLES - len(intents) - len(everyday()))
    rows: list[Row] = []
    for label, texts in enumerate(lists):
        if label < len(intents) and (about := _about(intents[label])):
            rows.append(Row(about, label, "about"))
        own = label if label < len(intents) else NONE
        rows += [Row(text, own, "example") for text in _thinned(texts, most)]
    rows += [Row(text, NONE, "everyday") for text in everyday()]
    return rows


def check(intents: Sequence[Labelled], none_share: float) -> None:
    names = [intent.name for intent in intents]
    if not names:
        raise InputError("there are no intents to learn; give at least one")
    if len(names) > MOST_INTENTS:
        raise InputError(
            f"{len(names)} intents are more than {MOST_INTENTS}; merge those that lead to the same"
        )
    if any(not name.strip() for name in names):
        raise InputError("an intent has an empty name, which stands for none of them; name it")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two intents are named {twice[0]!r}; rename one")
    empty = [
        one.name for one in intents if not _about(one) and not any(text.strip() for text in one.examples)
    ]
    if empty:
        raise InputError(f"intent {empty[0]!r} has no words, description or examples; give it some")
    check_share(none_share)


def check_share(none_share: float) -> None:
    """Raises `InputError` unless it lies between 0 and 1."""
    if not 0 < none_share < 1:
        raise InputError(f"none_share is {none_share}; give a share between 0 and 1")


def signature(
    intents: Sequence[Labelled],
    embedder: Embedder,
    *,
    gloss: Gloss | None = None,
    none: Sequence[str] = (),
    none_share: float = NONE_SHARE,
) -> str:
    """Changes whenever `IntentModel.train` of the same arguments would give another model."""
    texts = (readable(row.text, embedder.languages, gloss)[0] for row in rows_of(intents, none))
    everything = json.dumps(
        [
            VERSION,
            embedder.name,
            none_share,
            [asdict(one) for one in intents],
            list(none),
            list(texts),
        ],
        ensure_ascii=False,
    )
    return hashlib.sha256(everything.encode("utf-8", "surrogatepass")).hexdigest()
