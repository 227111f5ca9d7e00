"""How well `ragbot doctor` tells sentences that speak to the bot: found attacks, and harmless text taken for one.

    python scripts/bench_doctor.py DATA [--show] [--half 1|2]

DATA holds `security/`: prompts labelled injection or benign (`piguard-valid.jsonl`), attacks that are put into
documents (`bipia-text-attacks.jsonl`, by kind), harmless e-mails and tables (`bipia-*-contexts.jsonl`); and
`kb/arduino-help-center`, a help centre without any. All are split by hash into two halves: the rules were
corrected by half 1 alone and half 2 is reported, but all prompts had been read before the first rule was written. A
text is taken for an attack where one of its sentences is. Beside it stands a list of phrases as guards of prompts use
them. Attacks that are plain questions (`What is the capital of Brazil?`) speak to
anybody: no rule over one sentence can tell them, so they are reported apart.
"""

from __future__ import annotations

import argparse
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from ragbot.doctor.instructions import demand
from ragbot.text.sentences import sentences

_PLAIN_TASKS = (
    "Information Retrieval", "Content Creation", "Learning and Tutoring", "Language Translation", "Programming Help",
)  # fmt: skip
"""Kinds of attacks that are questions like any other."""
_PHRASES = re.compile(
    r"ignore (?:all )?(?:the )?(?:previous|above|prior) (?:instructions|prompts?)|disregard|system prompt|you are now|"
    r"from now on|pretend|jailbreak|\bDAN\b|your (?:response|reply|answer)|忽略|系统提示",
    re.IGNORECASE,
)
"""The baseline."""

Texts = dict[str, list[str]]


def rules(text: str) -> bool:
    """As the doctor reads it."""
    return any(demand(sentence.text) for sentence in sentences(text))


def phrases(text: str) -> bool:
    return _PHRASES.search(text) is not None


def rows(path: Path) -> Iterable[dict[str, str]]:
    return (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def read(data: Path) -> tuple[Texts, Texts]:
    """Attacks and harmless texts, by set."""
    attacks: Texts = defaultdict(list)
    harmless: Texts = defaultdict(list)
    for row in rows(data / "security/piguard-valid.jsonl"):
        (attacks if row["label"] == "injection" else harmless)["prompts"].append(row["text"])
    for row in rows(data / "security/bipia-text-attacks.jsonl"):
        name = "attacks, plain tasks" if row["kind"] in _PLAIN_TASKS else "attacks on the reply"
        attacks[name].append(row["text"])
    for name in ("email", "table"):
        harmless[f"{name}s"] += [
            row["context"] for row in rows(data / f"security/bipia-{name}-contexts.jsonl")
        ]
    for path in sorted((data / "kb/arduino-help-center").rglob("*.md")):
        paragraphs = re.split(r"\n\s*\n", path.read_text(encoding="utf-8"))
        harmless["help centre, paragraphs"] += [text for text in paragraphs if len(text) > 40]
    return attacks, harmless


def half_of(texts: list[str], half: int) -> list[str]:
    return [text for text in texts if zlib.crc32(text.encode()) % 2 == half - 1]


def taken(texts: list[str], takes: Callable[[str], bool]) -> list[str]:
    return [text for text in texts if takes(text)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--half", type=int, choices=(1, 2), default=2)
    parser.add_argument("--show", action="store_true", help="print what is wrong")
    arguments = parser.parse_args()
    for name, sets in zip(("attacks found", "harmless taken for one"), read(arguments.data), strict=True):
        print(name)
        for kind, everything in sets.items():
            texts = half_of(everything, arguments.half)
            mine, theirs = taken(texts, rules), taken(texts, phrases)
            print(f"  {kind:24} {len(mine):4} of {len(texts):5} (list of phrases {len(theirs)})")
            if arguments.show:
                wrong = mine if name.startswith("harmless") else [each for each in texts if each not in mine]
                for text in wrong[:60]:
                    print("     ", " ".join(text.split())[:300])


if __name__ == "__main__":
    main()
