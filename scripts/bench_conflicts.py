"""How many contradictions `ragbot doctor` finds, and how many it makes up.

    python scripts/bench_conflicts.py KB [KB...] [--edits 200]

KB is a knowledge base made by `ragbot index`. Into its passages, as stored, copies of single passages are put in which
one fact of one sentence is changed (a number, a unit, a date, a denial, by a seeded draw), each as a document of its
own: with the title and heading of the original (`copy`), or alone in a page of another title (`page`). Found is a pair
whose two sentences are the original and the changed one. Beside that stands what a plain comparison finds: the two
passages' sentences with at least half of their words in common and different sets of numbers (`plain`), over the same
documents. Counted apart is what either finds in the unchanged base, which `--show` prints to be read by eye, and in
unchanged copies of the same passages, where all is made up.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ragbot import KnowledgeBase
from ragbot.doctor.conflicts import conflicts
from ragbot.doctor.findings import Finding
from ragbot.doctor.pieces import Contents, Piece, read_all
from ragbot.doctor.stale import older_documents
from ragbot.text.sentences import sentences
from ragbot.text.words import content_terms
from ragbot.types import Chunk, Document

SEED = 20261124
_NUMBER = re.compile(
    r"(?<![\w.,:/^-])(?<![A-Z]\w\s)(?<![A-Za-z]{3}\s)\d{1,4}(?![\w:/-]|[.,]\d)|(?<=[a-z]\s)\d{1,4}(?=\s[a-z])"
)
_UNITS = ("second minute hour day week month year".split(), "mm cm m km".split(), "mA A".split(), "mV V kV".split(),
          "KB MB GB TB".split(), "分钟 小时 天 周 个月 年".split())  # fmt: skip
_MONTHS = "January February March April May June July August September October November December".split()
_VERB = re.compile(r"\b(is|are|can|will|does|do|must|should|may)\b(?! not|n't)")
_HAN_VERB = re.compile(r"可以|需要|会|支持|能")


@dataclass(frozen=True)
class Edit:
    """One changed sentence of a passage."""

    kind: str
    before: str
    after: str
    chunk: Chunk
    """The original."""


def edits_of(text: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Kind and changed sentence, each kind that fits once."""
    if numbers := list(_NUMBER.finditer(text)):
        match = rng.choice(numbers)
        other = str(int(match.group()) + rng.choice([1, 2, 3, 5, 10]))
        yield "number", text[: match.start()] + other + text[match.end() :]
    for family in _UNITS:
        pattern = re.compile(rf"(?<=\d)(\s?)({'|'.join(family)})(?=s?\b|[^\x00-\x7f]|$)")
        if match_ := pattern.search(text):
            unit = rng.choice([each for each in family if each != match_[2]])
            yield "unit", text[: match_.start(2)] + unit + text[match_.end(2) :]
            break
    if month := re.search("|".join(_MONTHS), text):
        other = rng.choice([each for each in _MONTHS if each != month.group()])
        yield "date", text[: month.start()] + other + text[month.end() :]
    if verb := _VERB.search(text):
        yield "denial", f"{text[: verb.end()]} not{text[verb.end() :]}"
    elif han := _HAN_VERB.search(text):
        yield "denial", f"{text[: han.start()]}不{text[han.start() :]}"


def draw(contents: Contents, many: int, rng: random.Random) -> list[Edit]:
    """`many` edits of different passages, the kinds as evenly as the texts allow."""
    chunks = [chunk for chunk in contents.chunks() if chunk.meta.get("kind") in ("text", "list", "faq")]
    rng.shuffle(chunks)
    found: list[Edit] = []
    counts: Counter[str] = Counter()
    for chunk in chunks:
        if len(found) >= many:
            break
        made = [
            Edit(kind, sentence.text, after, chunk)
            for sentence in sentences(chunk.text)
            if not re.search(r"https?://|^\s*\d+[.)]|\[Image|[?:]$", sentence.text)
            if 40 <= len(sentence.text) <= 300 or re.search(r"[\u4e00-\u9fff]{10}", sentence.text)
            for kind, after in edits_of(sentence.text, rng)
        ]
        if made:
            chosen = min(made, key=lambda edit: (counts[edit.kind], rng.random()))
            counts[chosen.kind] += 1
            found.append(chosen)
    return found


def added(contents: Contents, edits: list[Edit], how: str) -> Contents:
    """The contents with one document more for each edit."""
    documents, passages = list(contents.documents), list(contents.passages)
    for number, edit in enumerate(edits):
        text = edit.chunk.text.replace(edit.before, edit.after, 1) if how != "page" else edit.after
        text = edit.chunk.text if how == "same" else text
        title, heading = (edit.chunk.title, edit.chunk.heading) if how != "page" else ("Other questions", "")
        name, source = f"copy-{number}", _source(edit, number)
        documents.append(
            Document(
                id=name, source=source, title=title, text=text, language=str(edit.chunk.meta["language"])
            )
        )
        meta = edit.chunk.meta
        if how == "page":
            meta = {key: meta[key] for key in ("language", "kind") if key in meta}
        copy = replace(
            edit.chunk, id=name, document_id=name, source=source, title=title, heading=heading, text=text, start=0,
            end=len(text), meta=meta,
        )  # fmt: skip
        passages.append((copy,))
    return Contents(documents=tuple(documents), passages=tuple(passages), unread=0)


def _source(edit: Edit, number: int) -> str:
    """Beside the original, and named like it, as people copy files."""
    stem, _, ending = edit.chunk.source.rpartition(".")
    return f"{stem} ({number}).{ending}"


def ours(contents: Contents) -> list[Finding]:
    return list(conflicts(contents, older=older_documents(contents)))


def plain(contents: Contents) -> Iterator[tuple[Piece, Piece]]:
    """Sentences of different documents that share half of their words and differ in their numbers."""
    made = [
        (piece, frozenset(content_terms(piece.text)), frozenset(re.findall(r"\d+", piece.text)))
        for piece in contents.pieces()
    ]
    holders: dict[str, list[int]] = {}
    for at, (_, words, numbers) in enumerate(made):
        if numbers:
            for word in words:
                holders.setdefault(word, []).append(at)
    for at, (piece, words, numbers) in enumerate(made):
        if not numbers or len(words) < 3:
            continue
        shared = Counter(o for word in words for o in holders[word] if o < at and len(holders[word]) < 400)
        for other, count in shared.items():
            second, theirs, their_numbers = made[other]
            near = count >= 0.5 * len(words | theirs) and numbers != their_numbers
            if near and piece.chunk.document_id != second.chunk.document_id:
                yield second, piece


def found_edits(findings: list[Finding], edits: list[Edit]) -> Counter[str]:
    """Kind -> how many edits are among the findings."""
    told = {place.source for finding in findings for place in finding.places}
    return Counter(edit.kind for at, edit in enumerate(edits) if _source(edit, at) in told)


def report(folder: Path, many: int, show: bool) -> None:
    with KnowledgeBase.open(folder) as kb:
        contents = read_all(kb)
    size = sum(map(len, contents.passages))
    begun = time.perf_counter()
    alone = ours(contents)
    seconds = time.perf_counter() - begun
    edits = draw(contents, many, random.Random(SEED))
    kinds = Counter(edit.kind for edit in edits)
    print(f"{folder}: {len(contents.documents)} documents, {size} passages, {seconds:.1f} s")
    plain_alone = sum(1 for _ in plain(contents))
    print(
        f"  unchanged: {len(alone)} findings, {1000 * len(alone) / size:.1f} for 1,000 passages; "
        f"plain {plain_alone}, {1000 * plain_alone / size:.1f}"
    )
    same = len(ours(added(contents, edits, "same"))) - len(alone)
    print(f"  {len(edits)} unchanged copies: {same} findings more")
    for how in ("copy", "page"):
        changed = added(contents, edits, how)
        found = found_edits(ours(changed), edits)
        theirs = {piece.chunk.source for pair in plain(changed) for piece in pair}
        missed = Counter(e.kind for at, e in enumerate(edits) if _source(e, at) in theirs)
        words = ", ".join(
            f"{kind} {found[kind]}/{kinds[kind]} (plain {missed[kind]})" for kind in sorted(kinds)
        )
        print(
            f"  {how}: recall {found.total() / len(edits):.2f} (plain {missed.total() / len(edits):.2f}); {words}"
        )
    if show:
        for finding in alone:
            print("   ", finding.message)


def scaled(folder: Path, times: int) -> None:
    """Seconds for a base `times` as large: its documents, each again under other titles and with other words."""
    with KnowledgeBase.open(folder) as kb:
        once = read_all(kb)
    documents, passages = list(once.documents), list(once.passages)
    for time_ in range(1, times):
        for document, chunks in zip(once.documents, once.passages, strict=True):
            name = f"{document.id}-{time_}"
            text = re.sub(r"\b([a-z]{6,})\b", rf"\1x{time_}", document.text)
            documents.append(replace(document, id=name, source=f"{time_}/{document.source}", text=text))
            passages.append(tuple(_respelt(chunk, name, time_) for chunk in chunks))
    contents = Contents(documents=tuple(documents), passages=tuple(passages), unread=0)
    begun = time.perf_counter()
    findings = ours(contents)
    seconds = time.perf_counter() - begun
    print(
        f"{folder}, {times} times: {sum(map(len, passages))} passages, {seconds:.0f} s, {len(findings)} findings"
    )


def _respelt(chunk: Chunk, name: str, number: int) -> Chunk:
    text = re.sub(r"\b([a-z]{6,})\b", rf"\1x{number}", chunk.text)
    return replace(chunk, id=f"{chunk.id}-{number}", document_id=name, text=text, end=chunk.start + len(text))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("kb", type=Path, nargs="+")
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--show", action="store_true")
    parser.add_argument(
        "--times", type=int, default=1, help="measure the time of a base so many times as large"
    )
    arguments = parser.parse_args()
    if arguments.times > 1:
        scaled(arguments.kb[0], arguments.times)
        return
    for folder in arguments.kb:
        report(folder, arguments.edits, arguments.show)


if __name__ == "__main__":
    main()
