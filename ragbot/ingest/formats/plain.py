"""Plain text -> blocks: paragraphs at blank lines, underlined headings, lists, `Q:`/`A:` pairs."""

from __future__ import annotations

import re

from ragbot.ingest.blocks import Block, Parsed
from ragbot.ingest.decode import decode
from ragbot.ingest.formats.tables import faq_block

_RULE = re.compile(r"(=|-|~|\*|_)\1{2,}\s*")
_ITEM = re.compile(r"\s*(?:[-*•·–]|\d{1,3}[.)、]|[a-z]\))\s*\S")
_QUESTION = re.compile(r"(?:Q(?:uestion)?\s?\d*|问题?|提问)\s*[:：.]\s*", re.IGNORECASE)
_ANSWER = re.compile(r"(?:A(?:nswer)?\s?\d*|答案?|回答|答复)\s*[:：.]\s*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?。！？；;:：,，]\s*$")
_MAX_HEADING = 80


def parse(data: bytes, title: str) -> Parsed:
    """The first line is the title where it stands alone and is short."""
    decoded = decode(data)
    blocks = text_blocks(decoded.text)
    if blocks[0].kind == "text" and len(blocks) > 1 and _is_title(blocks[0].text):
        blocks[0] = Block(kind="heading", level=1, text=blocks[0].text)
    if blocks[0].kind == "heading":
        title = blocks[0].text
    return Parsed(title=title, blocks=tuple(blocks), notes=decoded.notes)


def _is_title(text: str) -> bool:
    return "\n" not in text and len(text) <= _MAX_HEADING and not _SENTENCE_END.search(text)


def text_blocks(text: str) -> list[Block]:
    """Paragraphs of `text` in order."""
    blocks: list[Block] = []
    for paragraph in re.split(r"\n[ \t]*\n", text):
        lines = [line.rstrip() for line in paragraph.strip("\n").split("\n")]
        blocks.extend(_paragraph([line for line in lines if line.strip()]))
    return blocks


def _paragraph(lines: list[str]) -> list[Block]:
    while lines and _RULE.fullmatch(lines[0].strip()):
        lines = lines[1:]
    if not lines:
        return []
    if (
        len(lines) > 1
        and (rule := _RULE.fullmatch(lines[1].strip()))
        and len(lines[0].strip()) <= _MAX_HEADING
    ):
        level = 1 if rule[1] == "=" else 2
        return [Block(kind="heading", level=level, text=lines[0].strip()), *_paragraph(lines[2:])]
    if faq := _faq(lines):
        return faq
    if all(_ITEM.match(line) or line.startswith((" ", "\t")) for line in lines) and _ITEM.match(lines[0]):
        return [Block(kind="list", text="\n".join(lines).strip())]
    return [Block(kind="text", text=_unwrap(lines))]


def _faq(lines: list[str]) -> list[Block]:
    """`Q: ...` followed by `A: ...`, several in a row; empty where the lines are something else."""
    pairs: list[tuple[list[str], list[str]]] = []
    answering = False
    for line in lines:
        if match := _QUESTION.match(line):
            pairs.append(([line[match.end() :]], []))
            answering = False
        elif not pairs:
            return []
        elif not answering and (match := _ANSWER.match(line)):
            pairs[-1][1].append(line[match.end() :])
            answering = True
        else:
            pairs[-1][answering].append(line)
    if not all(answer and "".join(question).strip() for question, answer in pairs):
        return []
    return [faq_block(" ".join(question), _unwrap(answer), meta={}) for question, answer in pairs]


def _unwrap(lines: list[str]) -> str:
    """Lines that were broken at a fixed width become one; other line breaks are meant."""
    lines = [line.strip() for line in lines]
    widths = [len(line) for line in lines[:-1]]
    wrapped = len(lines) > 1 and min(widths) >= 45 and max(widths) <= 120 and max(widths) - min(widths) <= 25
    if not wrapped or any(_ITEM.match(line) for line in lines):
        return "\n".join(lines)
    text = " ".join(lines)
    return re.sub("(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])", "", text)
