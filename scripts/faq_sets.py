"""FAQ entries and messages for `bench_faq.py`: each message with the only answer that would be right.

Entries are the sample company's, utterances of intents (BANKING77, CLINC150), and questions about places (DSTC10).
Messages are the entries' own questions typed otherwise, or changed so that they ask something else, and other
people's questions. Everything is halved by what entries share: an intent, a place, the entry itself.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragbot import KnowledgeBase
from ragbot.answer.stored.shortcut import stored_question
from ragbot.text.words import is_han

ENTRIES_AN_INTENT = 20
MESSAGES_AN_INTENT = 40
SEED = 11


@dataclass(frozen=True)
class Message:
    """One message, and what may be answered to it."""

    text: str
    kind: str
    wanted: str
    """The only right answer; empty where there is none."""
    half: str
    must_hit: bool = False


Entries = Sequence[tuple[str, str, str]]
"""Question, answer, and what halves the set: an intent, a place."""


def sets(data: Path, knowledge: Path, names: Sequence[str]) -> Iterator[tuple[str, Entries, list[Message]]]:
    """Name, entries, and other people's messages of each set."""
    for name in names:
        if name == "sample":
            yield name, sample(knowledge), []
        elif name == "dstc10":
            yield name, *places(data / "retrieval" / name / "corpus.jsonl")
        else:
            yield name, *intents(data / "intent" / name / "train.jsonl")


def rows(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def sample(knowledge: Path) -> Entries:
    with tempfile.TemporaryDirectory() as folder:
        kb = KnowledgeBase.open(Path(folder) / "kb")
        kb.sync([knowledge / "faq", knowledge / "zh"])
        chunks = [chunk for document in kb.documents() for chunk in kb.chunks(document.id)]
        return [
            (stored_question(c), c.text[int(c.meta["answer_start"]) :], stored_question(c))
            for c in chunks
            if stored_question(c) and int(c.meta["answer_start"])
        ]


def intents(file: Path) -> tuple[Entries, list[Message]]:
    """Some utterances of every other intent are entries, whose answer is the intent; all others are messages."""
    said: dict[str, list[str]] = defaultdict(list)
    for row in rows(file):
        if row["label"] != "oos":
            said[row["label"]].append(row["text"])
    entries: list[tuple[str, str, str]] = []
    others: list[Message] = []
    for label in sorted(said):
        random.Random(SEED).shuffle(said[label])
        unknown = _half(label + "?") == "chosen on"
        if not unknown:
            entries += [(text, f"About {label}.", label) for text in said[label][:ENTRIES_AN_INTENT]]
        kind = "others, intent without entry" if unknown else "others, intent with entries"
        wanted = "" if unknown else f"About {label}."
        rest = said[label][ENTRIES_AN_INTENT:][:MESSAGES_AN_INTENT]
        others += [Message(text, kind, wanted, _half(label)) for text in rest]
    return entries, others


def places(file: Path) -> tuple[Entries, list[Message]]:
    """Questions about places; a message names the place behind the question, another place, or none."""
    picker = random.Random(SEED)
    asked: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows(file):
        if row["entity"]:
            question = row["title"].removeprefix(f"{row['entity']}: ")
            asked[row["entity"]].setdefault(question, row["text"])
    entities = sorted(asked)
    entries = [
        (f"{place}: {question}", asked[place][question], place)
        for place in asked
        for question in asked[place]
    ]
    others: list[Message] = []
    for place, answers in asked.items():
        for question, answer in answers.items():
            half = _half(place)
            if place.casefold() not in question.casefold():
                text = f"{question.rstrip('? .')} at {place.title()}?"
                others.append(Message(text, "= place behind", answer, half, must_hit=True))
            others.append(Message(question, "x no place named", "", half))
            drawn = picker.sample(entities, min(50, len(entities)))
            elsewhere = [each for each in drawn if question not in asked[each]]
            if elsewhere:
                others.append(Message(f"{elsewhere[0].title()}: {question}", "x another place", "", half))
    return entries, others


def _half(name: str) -> str:
    return "held out" if random.Random(f"{SEED}{name}").random() < 0.5 else "chosen on"


def write(file: Path, entries: Entries) -> Path:
    """The entries as a file that sync reads."""
    lines = [
        json.dumps({"question": question, "answer": answer}, ensure_ascii=False)
        for question, answer, _ in entries
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def limited(messages: Sequence[Message], most: int) -> Iterator[Message]:
    """At most `most` of each kind, drawn at random."""
    kinds: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        kinds[message.kind].append(message)
    for found in kinds.values():
        yield from random.Random(SEED).sample(found, min(most, len(found)))


def _chinese(text: str) -> bool:
    return any(is_han(char) for char in text)


def _slip(text: str, pick: random.Random) -> str:
    """Two neighbouring letters of a long word exchanged, or one left out."""
    words = list(re.finditer(r"[a-z]{6,}", text))
    if not words:
        return ""
    word = pick.choice(words)
    at = pick.randrange(word.start() + 1, word.end() - 2)
    if pick.random() < 0.5 or text[at] == text[at + 1]:
        return text[:at] + text[at + 1 :]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _turned(text: str) -> str:
    """`Can I order by phone in Europe?` -> `in Europe, Can I order by phone?`"""
    found = re.match(r"^(.{12,}?) ((?:in|at|during|on) (?:the )?[A-Za-z]+)[?.]?$", text)
    return f"{found[2]}, {found[1]}?" if found else ""


def _denied(text: str) -> str:
    if _chinese(text):
        return ""
    pattern = r"\b(can|does|do|is|are|will|did|could|should) (i|you|the|my|it|they|there|this|we)\b"
    found = re.search(pattern, text, re.IGNORECASE)
    return f"{text[: found.end()]} not{text[found.end() :]}" if found else ""


def _swapped(text: str) -> str:
    for word, other in _SWAPS:
        pattern = word if _chinese(word) else rf"\b{word}\b"
        if re.search(pattern + r"(?!['’])", text, re.IGNORECASE) and other not in text.lower():
            return re.sub(pattern, other, text, count=1, flags=re.IGNORECASE)
    return ""


def _refigured(text: str) -> str:
    found = re.search(r"\d+", text)
    return f"{text[: found.start()]}{int(found[0]) + 1}{text[found.end() :]}" if found else ""


def _conditioned(text: str, pick: random.Random) -> str:
    language = "zh" if _chinese(text) else "en"
    condition = pick.choice(_CONDITIONS[language])
    return f"{condition}{text}" if language == "zh" else f"{text.rstrip('?. ')} {condition}?"


def _renamed(text: str, pick: random.Random) -> str:
    """Another capital word in the place of one within the sentence."""
    found = list(re.finditer(r"(?<=[a-z] )[A-Z][a-z]{2,}\b", text))
    if not found or _chinese(text):
        return ""
    name = pick.choice(found)
    other = pick.choice([each for each in ("Norway", "Visa", "Siri", "Rotterdam", "Plus") if each != name[0]])
    return text[: name.start()] + other + text[name.end() :]


_COURTESIES = {
    "en": (
        "hi, {} thanks",
        "Hello there, can you please tell me: {}",
        "Quick question, {}",
        "{} Please advise asap",
    ),
    "zh": ("你好，请问{}", "想问一下{}谢谢", "麻烦问下，{}"),
}
_FULL = {ord(str(n)): chr(0xFF10 + n) for n in range(10)}
_SWAPS = (
    ("can", "cannot"),
    ("how do i", "how do i not"),
    ("before", "after"),
    ("with", "without"),
    ("open", "close"),
    ("on", "off"),
    ("add", "remove"),
    ("remove", "add"),
    ("buy", "sell"),
    ("increase", "decrease"),
    ("free", "paid"),
    ("cancel", "renew"),
    ("send", "receive"),
    ("deposit", "withdrawal"),
    ("activate", "block"),
    ("breakfast", "dinner"),
    ("pets", "children"),
    ("能", "不能"),
    ("可以", "不可以"),
    ("打开", "关闭"),
    ("摄像头", "门铃"),
    ("添加", "删除"),
)
_CONDITIONS = {
    "en": (
        "in Europe",
        "in the US",
        "without a receipt",
        "after 30 days",
        "for a business",
        "on the yearly plan",
    ),
    "zh": ("在欧洲", "没有发票", "超过30天", "企业用户"),
}

Change = Callable[[str, random.Random], str]

SAME: dict[str, Change] = {
    "as it is": lambda text, _: text,
    "case and marks": lambda text, _: text.upper().rstrip("?.！？。") + " !!",
    "courtesies": lambda text, pick: pick.choice(_COURTESIES["zh" if _chinese(text) else "en"]).format(
        text if _chinese(text) else text[:1].lower() + text[1:]
    ),
    "a slip": _slip,
    "small words": lambda text, _: re.sub(r"\b(?:the|a|an|my|any)\s", "", text, flags=re.IGNORECASE),
    "full width": lambda text, _: text.replace("?", "？").replace(",", "，").translate(_FULL),
    "last words first": lambda text, _: _turned(text),
}
DIFFERENT: dict[str, Change] = {
    "a not": lambda text, _: _denied(text),
    "opposite or other word": lambda text, _: _swapped(text),
    "another figure": lambda text, _: _refigured(text),
    "a condition more": _conditioned,
    "a name changed": _renamed,
}


def typed_otherwise(entries: Entries) -> Iterator[Message]:
    """Every entry's question in every other form that differs from it; questions that two entries share are left
    out where their answers differ."""
    answers: dict[str, set[str]] = defaultdict(set)
    for question, answer, _ in entries:
        answers[question.casefold()].add(answer)
    for number, (question, answer, group) in enumerate(entries):
        if len(answers[question.casefold()]) > 1:
            continue
        for kind, change in SAME.items():
            text = change(question, random.Random(f"{SEED}{number}{kind}"))
            if text and (text != question or kind == "as it is"):
                yield Message(text, f"= {kind}", answer, _half(group), must_hit=True)


def changed(entries: Entries) -> Iterator[Message]:
    """Every entry's question, changed so that it asks something else and is no other entry's."""
    known = {question.casefold().strip(" ?") for question, _, _ in entries}
    for number, (question, _, group) in enumerate(entries):
        for kind, change in DIFFERENT.items():
            text = change(question, random.Random(f"{SEED}{number}{kind}"))
            if text and text != question and text.casefold().strip(" ?") not in known:
                yield Message(text, f"x {kind}", "", _half(group))
