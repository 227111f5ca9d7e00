"""Grounding sets ({id, claim, evidence: [text], label}) as the benchmark and the training of the check read them.

    wice-*      one document a claim, as a list of its lines      supported | partial | unsupported
    q2, begin-* one passage a claim, the reply of a chat model    supported | unsupported | generic

The task is binary: `supported` against the rest. Where the labels are finer, there are two readings of the rest:

    wice       partial counts as unsupported: not all that the claim says is in the document
    wice-hard  partial left out: supported against nothing of it is in the document
    begin-*    generic (replies that state nothing that could be checked) left out
    begin-*-all  generic counts as unsupported

Each set is split in two by its evidence, so that nothing that was learnt on one half helps the other by knowing
the text. An item's evidence is one passage: its lines, joined.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Part = Literal["learnt", "held-out", "all"]
PARTS: tuple[Part, ...] = ("learnt", "held-out", "all")
LABELS = frozenset({"supported", "partial", "unsupported", "generic"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A claim, and whether its passage supports it."""

    id: str
    set: str
    source: str
    """What it shares with others: the document or passage that its evidence comes from."""
    kind: str
    """Kind of error or of paraphrase; the human label where the set knows no more."""
    claim: str
    passage: str
    label: str
    """`supported`, `partial`, `unsupported` or `generic`."""

    @property
    def held_out(self) -> bool:
        """Whether it belongs to the half that nothing is learnt from."""
        return in_second_half(self.source)


def in_second_half(source: str) -> bool:
    """Even or odd by a hash, so that an item's half depends on its source alone."""
    return hashlib.sha256(source.encode()).digest()[0] % 2 == 1


def of_part(items: Iterable[Item], part: Part) -> list[Item]:
    """Those of the learnt half, of the held-out half, or all."""
    return [each for each in items if part == "all" or each.held_out == (part == "held-out")]


def read_items(path: Path) -> list[Item]:
    """The items of one grounding set; `SystemExit` names the line that is none."""
    items: list[Item] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            evidence, label = list(map(str, row["evidence"])), str(row["label"])
            name, claim = str(row["id"]), str(row["claim"])
        except (ValueError, KeyError, TypeError) as error:
            raise SystemExit(
                f"{path}:{number} is no item with id, claim, evidence and label: {error!r}"
            ) from error
        if label not in LABELS:
            raise SystemExit(
                f"{path}:{number} has the label {label!r}; known are {', '.join(sorted(LABELS))}"
            )
        items.append(
            Item(
                id=name,
                set=path.stem,
                source=str(row.get("source") or _source(evidence)),
                kind=str(row.get("kind") or label),
                claim=claim,
                passage="\n".join(evidence),
                label=label,
            )
        )
    return items


def read_sets(folder: Path) -> dict[str, list[Item]]:
    """Name of each grounding set in `folder` -> its items."""
    paths = sorted(folder.glob("*.jsonl"))
    if not paths:
        raise SystemExit(f"{folder} holds no grounding set (*.jsonl)")
    return {path.stem: read_items(path) for path in paths}


def _source(evidence: Sequence[str]) -> str:
    """A title line names the document; else the text itself does."""
    first = evidence[0] if evidence else ""
    text = first if "TITLE:" in first else "\n".join(evidence)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def tasks(name: str, items: Sequence[Item]) -> dict[str, list[tuple[Item, bool]]]:
    """The binary tasks of one set: name -> items, each with whether it is supported."""
    labels = {each.label for each in items}
    found = {name: [(each, each.label == "supported") for each in items if each.label != "generic"]}
    if "partial" in labels:
        found[f"{name}-hard"] = [
            (each, each.label == "supported") for each in items if each.label not in ("generic", "partial")
        ]
    if "generic" in labels:
        found[f"{name}-all"] = [(each, each.label == "supported") for each in items]
    return found
