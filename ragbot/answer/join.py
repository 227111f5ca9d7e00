"""Chunks that stand next to one another in a document -> one connected passage, and back to the chunks.

A model reads whole text better than pieces of it in the order of their scores. What it then says is still cited
from the chunk that holds it. Knows nothing of prompts and models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from ragbot.answer.quote import is_item
from ragbot.types import Chunk, Hit

DocumentText = Callable[[str], str | None]
"""The text of the document with this id; None where it is gone."""

MOST_BETWEEN: Final = 160
"""Characters between two chunks that still touch: white space, and headings, which no chunk holds."""
_ALONE: Final = ("faq", "row")
"""Entries that are whole by themselves; the next one is about something else."""
_CLOSED: Final = tuple(".!?。！？…)）]\"'”’|")


def touches(first: Chunk, later: Chunk, *, heading: str) -> bool:
    """Whether `later` continues `first` in the section `heading` or in one below it."""
    return (
        first.document_id == later.document_id
        and first.start <= later.start <= first.end + MOST_BETWEEN
        and not any(chunk.meta.get("kind") in _ALONE for chunk in (first, later))
        and (later.heading == heading or not heading or later.heading.startswith(f"{heading} > "))
    )


def join(hits: Sequence[Hit], document_text: DocumentText) -> list[Hit]:
    """The passages of `hits`, those that touch made one, in the order of the best chunk of each.

    A joined passage is the document's text from its first chunk to its last, headings between them included, and
    has heading and page of the first and the scores of the best: `document.text[start:end] == text` holds.
    """
    in_order = sorted(range(len(hits)), key=lambda n: (hits[n].chunk.document_id, hits[n].chunk.start, n))
    runs: list[list[int]] = []
    for place in in_order:
        last = [hits[other].chunk for other in runs[-1]] if runs else []
        if last and touches(
            max(last, key=lambda chunk: chunk.end), hits[place].chunk, heading=last[0].heading
        ):
            runs[-1].append(place)
        else:
            runs.append([place])
    passages: list[tuple[int, Hit]] = []
    for run in runs:
        whole = _joined([hits[place] for place in sorted(run)], document_text) if len(run) > 1 else None
        passages += [(min(run), whole)] if whole else [(place, hits[place]) for place in run]
    return [hit for _, hit in sorted(passages, key=lambda item: item[0])]


def _joined(members: Sequence[Hit], document_text: DocumentText) -> Hit | None:
    """One passage of `members`, the best first; None where their document is gone or is another by now."""
    chunks = [hit.chunk for hit in members]
    text = document_text(chunks[0].document_id)
    if text is None or any(text[chunk.start : chunk.end] != chunk.text for chunk in chunks):
        return None
    first = min(chunks, key=lambda chunk: (chunk.start, chunk.end))
    end = max(chunk.end for chunk in chunks)
    meta = {**first.meta, "kind": "text"}
    return replace(members[0], chunk=replace(first, text=text[first.start : end], end=end, meta=meta))


def carrier(passage: Chunk, start: int, end: int, hits: Sequence[Hit]) -> int | Hit:
    """What carries `passage.text[start:end]`: the place of the hit that holds it, or, where it reaches over several,
    a hit that begins with the chunk in which it begins and is as long as needed."""
    begin, stop = passage.start + start, passage.start + end
    beginning: Hit | None = None
    for place, hit in enumerate(hits):
        chunk = hit.chunk
        if chunk.document_id != passage.document_id or not chunk.start <= begin < chunk.end:
            continue
        if stop <= chunk.end:
            return place
        beginning = hit
    if beginning is None:
        return Hit(chunk=passage, score=0.0)
    chunk = beginning.chunk
    text = passage.text[chunk.start - passage.start : end]
    return replace(beginning, chunk=replace(chunk, text=text, end=stop))


def is_cut(before: Chunk, after: Chunk) -> bool:
    """Whether two chunks that touch were parted in the middle of a thought: a sentence, or a list of steps."""
    if before.heading != after.heading or not touches(before, after, heading=before.heading):
        return False
    last, first = before.text.rstrip().rsplit("\n", 1)[-1], after.text.lstrip()
    return not last.endswith(_CLOSED) or first[:1].islower() or (is_item(last) and is_item(first))
