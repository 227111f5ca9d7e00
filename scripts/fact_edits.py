"""Pairs of a claim and the passage it is held against, where one single thing may be false: a seeded generator.

    python scripts/fact_edits.py DATA [--folder DOCUMENTS]... [--seed 1] [--out PAIRS.jsonl] [--show 20 [--kind K]]

DATA holds retrieval sets (`corpus.jsonl` in any folder below it), DOCUMENTS are folders of files that ragbot reads.
A sentence of a passage that holds a fact is changed in one thing (`edits_en`, `edits_en_sense`, `edits_zh`): a number,
unit, date, time, name, negation, modality, condition, or a value swapped with one that belongs to something else;
every other word stays. The controls are true: the same statement in other words (`paraphrases_en`, `paraphrases_zh`),
in equal number. The evidence is the whole passage, so that other values of the same kind stand beside the right one.

Pairs are grounding items: {id, source, kind, claim, evidence, label}, `supported` for the controls, `unsupported` for
the edits. The same seed and data give the same pairs.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import edits_en
import edits_en_sense
import edits_zh
import paraphrases_en
import paraphrases_zh
from edits_en import Place, Rule
from fact_passages import Passage, clean, read_passages
from grounding_sets import Item, Part, of_part
from paraphrases_en import Rewording
from ragbot.text.sentences import sentences

SET = "fact-edits"
PER_KIND = {"en": 150, "zh": 60}
"""Most pairs of each kind of edit."""
_PER_SOURCE = 2
"""Most pairs of one kind out of one document."""
_LENGTHS = {"en": (35, 280), "zh": (12, 110)}
_ITEM_MARK = re.compile(r"^(?:[-*•] |\d{1,2}[.)] |[（(]?[一二三四五六七八九十\d]+[）)、] ?)")
_ANSWER = re.compile(r"^(?:Yes|No|Sure|Absolutely|Sorry|Unfortunately)\s?(?:[,.!]\s+|(?=The ))")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """A sentence that can be changed."""

    sentence: str
    passage: Passage


def generate(
    passages: Sequence[Passage], *, seed: int = 1, per_kind: Mapping[str, int] = PER_KIND
) -> list[Item]:
    """Edits and as many controls, in the order of language and kind; ids are unique."""
    names = _names(passages)
    items: list[Item] = []
    for language, (edits, rewordings) in _RULES.items():
        spots = list(_spots([each for each in passages if each.language == language]))
        made = [
            item
            for kind, rule in edits.items()
            for item in _edits(
                kind,
                rule,
                spots,
                names=names,
                rng=Random(f"{seed}{language}{kind}"),
                most=per_kind[language],
            )
        ]
        wanted = Counter(item.set for item in made)
        items += made + _controls(rewordings, spots, wanted, Random(f"{seed}{language}"))
    return items


_RULES: Mapping[str, tuple[Mapping[str, Rule], Mapping[str, Rewording]]] = {
    "en": ({**edits_en.RULES, **edits_en_sense.RULES}, paraphrases_en.RULES),
    "zh": (edits_zh.RULES, paraphrases_zh.RULES),
}


def _spots(passages: Sequence[Passage]) -> Iterator[_Spot]:
    for passage in passages:
        least, most = _LENGTHS[passage.language]
        for found in sentences(passage.text):
            sentence = _ANSWER.sub("", _ITEM_MARK.sub("", found.text))
            sentence = sentence[:1].upper() + sentence[1:]
            if least <= len(sentence) <= most and _is_statement(sentence):
                yield _Spot(sentence=sentence, passage=passage)


def _is_statement(sentence: str) -> bool:
    """A whole sentence or a row of a table, without markup, without an open quotation or bracket."""
    whole = sentence.endswith((".", "!", "。", "！")) or sentence.count(": ") > 1
    paired = all(
        sentence.count(a) == sentence.count(b) for a, b in ("()", "（）", "“”", "《》", "「」", "[]")
    )
    return whole and paired and sentence.count('"') % 2 == 0 and clean(sentence) and "?" not in sentence


def _names(passages: Sequence[Passage]) -> dict[str, dict[tuple[str, int], list[str]]]:
    """Set -> (word before, words) -> names that stand so, in a fixed order."""
    found: dict[str, dict[tuple[str, int], dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    for passage in passages:
        if passage.language == "zh":
            for sign, name in edits_zh.names_in(passage.text):
                found[passage.set][sign, 1][name] = None
            continue
        for before, match in edits_en.names_in(passage.text):
            found[passage.set][before, len(match.group().split())][match.group()] = None
    return {name: {key: list(each) for key, each in pools.items()} for name, pools in found.items()}


def _by_turns(spots: Sequence[_Spot], rng: Random) -> Iterator[_Spot]:
    """The spots of each set in random order, one set after the other, so that no set fills a kind."""
    queues: dict[str, list[_Spot]] = defaultdict(list)
    for spot in rng.sample(spots, len(spots)):
        queues[spot.passage.set].append(spot)
    while queues:
        for name in list(queues):
            yield queues[name].pop()
            if not queues[name]:
                del queues[name]


def _edits(
    kind: str,
    rule: Rule,
    spots: Sequence[_Spot],
    *,
    names: Mapping[str, Mapping[tuple[str, int], Sequence[str]]],
    rng: Random,
    most: int,
) -> list[Item]:
    made: list[Item] = []
    used: Counter[str] = Counter()
    turns: Counter[str] = Counter()
    for spot in _by_turns(spots, rng):
        passage = spot.passage
        if len(made) == most:
            break
        if used[passage.source] == _PER_SOURCE or turns[passage.set] > most // 3:
            continue
        place = Place(passage=passage.text, names=names.get(passage.set, {}))
        claim = rule(spot.sentence, place, rng)
        if claim is None or claim == spot.sentence or _plain(claim) in _plain(passage.text):
            continue
        used[passage.source] += 1
        turns[passage.set] += 1
        made.append(_item(f"{passage.language}-{kind}-{len(made)}", kind, claim, passage, "unsupported"))
    return made


def _controls(
    rules: Mapping[str, Rewording], spots: Sequence[_Spot], wanted: Counter[str], rng: Random
) -> list[Item]:
    """As many as there are edits, from the same sets in the same shares where the rules allow, the kinds in turn."""
    made: list[Item] = []
    used: set[str] = set()
    left = Counter(wanted)
    for patient in (True, False):
        for spot in _by_turns(spots, rng):
            passage = spot.passage
            if len(made) == wanted.total():
                return made
            if spot.sentence in used or (patient and left[passage.set] <= 0):
                continue
            kinds = Counter(item.kind for item in made)
            for kind in sorted(rules, key=lambda each: kinds[f"true-{each}"]):
                claim = rules[kind](spot.sentence, rng)
                if claim is not None and _plain(claim) != _plain(spot.sentence):
                    used.add(spot.sentence)
                    left[passage.set] -= 1
                    name = f"{passage.language}-true-{len(made)}"
                    made.append(_item(name, f"true-{kind}", claim, passage, "supported"))
                    break
    return made


def _item(name: str, kind: str, claim: str, passage: Passage, label: str) -> Item:
    return Item(
        id=name,
        set=passage.set,
        source=passage.source,
        kind=kind,
        claim=claim,
        passage=passage.text,
        label=label,
    )


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def load(data: Path, folders: Sequence[Path], part: Part, *, seed: int = 1) -> list[Item]:
    """The pairs of one half (by document or article), or all of them."""
    return of_part(generate(read_passages(data, folders), seed=seed), part)


def main() -> None:
    """Generate, write, count; `--show` prints some at random to be read."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--folder", type=Path, action="append", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--kind", default="")
    asked = parser.parse_args()
    items = generate(read_passages(asked.data, asked.folder), seed=asked.seed)
    if asked.out:
        rows = [
            {
                "id": each.id,
                "set": each.set,
                "source": each.source,
                "kind": each.kind,
                "claim": each.claim,
                "evidence": [each.passage],
                "label": each.label,
            }
            for each in items
        ]
        asked.out.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
        )
    for (kind, language), count in sorted(Counter((each.kind, each.id[:2]) for each in items).items()):
        print(f"{kind:16} {language} {count:5}")
    print(
        f"{len(items)} pairs, {sum(each.held_out for each in items)} held out, of {Counter(e.set for e in items)}"
    )
    chosen = [each for each in items if each.kind.startswith(asked.kind)]
    for each in Random(asked.seed).sample(chosen, min(asked.show, len(chosen))):
        print(f"\n{each.id} [{each.kind}, {each.label}] {each.set}/{each.source}\n  claim: {each.claim}")
        print(f"  passage: {each.passage[:1500]}")


if __name__ == "__main__":
    main()
