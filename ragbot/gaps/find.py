"""The chat memory and the knowledge base -> the gaps, those that most customers met first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from ragbot.database import Database
from ragbot.errors import InputError
from ragbot.gaps.cluster import Compared, groups
from ragbot.gaps.memory import unanswered
from ragbot.gaps.missing import in_words, nearest, unknown_words
from ragbot.gaps.slips import put_right
from ragbot.gaps.values import REASONS, Asked, Gap, Survey
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.text.glossary import load_glossary
from ragbot.text.mask import mask
from ragbot.text.words import fold

MOST: Final = 20_000
"""Most unanswered messages that are compared, the newest; their likenesses take up to 1.6 GB."""
_BACKGROUND: Final = 500
"""Headings of the documents that tell what all of the field shares."""
_LONGEST: Final = 300
"""Characters of a question that are shown."""
Group = Sequence[Sequence[Asked]]
"""The messages of a group by their wording, the most central first."""
_SEPARATORS = re.compile(r"[\W_]+")


def find_gaps(
    database: Database,
    kb: KnowledgeBase,
    *,
    since: float = 0.0,
    gaps: int | None = None,
    messages: int = MOST,
    examples: int = 5,
) -> list[Gap]:
    """The gaps alone: see `survey`."""
    found = survey(database, kb, since=since, gaps=gaps, messages=messages, examples=examples)
    return list(found.gaps)


def survey(
    database: Database,
    kb: KnowledgeBase,
    *,
    since: float = 0.0,
    gaps: int | None = None,
    messages: int = MOST,
    examples: int = 5,
) -> Survey:
    """What was asked in vain since then (seconds since the epoch), in groups that mean the same.

    `database` is the chat memory (`Sessions.database`). `gaps`: how many are told, those that most customers met; all
    where None. Of more than `messages` unanswered ones the newest are taken. The same stores give the same survey.
    Raises `InputError` for numbers below their least, `KnowledgeBaseError`, `ModelError`.
    """
    if messages < 1 or examples < 0 or (gaps is not None and gaps < 1):
        raise InputError(
            f"gaps and messages must be 1 or more and examples 0 or more, not {gaps}, {messages} and {examples}"
        )
    found = unanswered(database, kb, since=since, most=messages)
    joined = sorted(_groups(put_right(found.asked), kb), key=_first_comes)
    return Survey(
        gaps=tuple(_gap(group, kb, examples) for group in joined[:gaps]),
        found=len(joined),
        since=since,
        messages=found.messages,
        unanswered=len(found.asked) + found.left_out,
        left_out=found.left_out,
        other_handovers=found.other_handovers,
    )


def _groups(asked: Sequence[Asked], kb: KnowledgeBase) -> list[Group]:
    """Those that mean the same; the same words are compared once."""
    same: dict[str, list[Asked]] = {}
    for each in asked:
        same.setdefault(_SEPARATORS.sub(" ", fold(each.compared)).strip(), []).append(each)
    if not same:
        return []
    wordings = [sorted(messages, key=lambda each: each.slipped) for messages in same.values()]
    glossary = load_glossary(kb.settings.search.glossary)
    compared = Compared(
        [each[0].compared for each in wordings],
        kb.load_embedder(),
        background=kb.headings(_BACKGROUND),
        gloss=lambda text: glossary.gloss(text, "en") or text,
    )
    return [
        [wordings[row] for row in compared.central(rows, [len(wordings[row]) for row in rows])]
        for rows in groups(compared.matrix())
    ]


def _first_comes(group: Group) -> tuple[int, int, float, str]:
    """Many customers, many messages, late ones."""
    asked = [each for wording in group for each in wording]
    customers = len({each.session for each in asked})
    return -customers, -len(asked), -max(each.at for each in asked), asked[0].standalone


def _gap(group: Group, kb: KnowledgeBase, examples: int) -> Gap:
    asked = [each for wording in group for each in wording]
    first, *others = (_shown(wording[0]) for wording in group)
    question = kb.understand(group[0][0].compared)
    hits = kb.search(question.original)
    unknown = unknown_words(asked)
    counted = Counter(each.reason for each in asked)
    return Gap(
        question=first,
        language=asked[0].language,
        customers=len({each.session for each in asked}),
        count=len(asked),
        reasons={reason: counted[reason] for reason in REASONS},
        first_at=min(each.at for each in asked),
        last_at=max(each.at for each in asked),
        examples=tuple(each for each in dict.fromkeys(others) if each != first)[:examples],
        nearest=nearest(hits),
        unknown=unknown,
        missing=in_words(kb, question, hits, unknown),
    )


def _shown(asked: Asked) -> str:
    text = mask(" ".join(asked.standalone.split()))
    return text if len(text) <= _LONGEST else text[:_LONGEST].rstrip() + "…"
