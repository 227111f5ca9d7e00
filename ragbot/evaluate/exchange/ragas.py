"""RAGAS rows. `EvaluationDataset.from_jsonl` reads what `write` gives.

    user_input, retrieved_contexts, response, reference, reference_contexts     SingleTurnSample, since RAGAS 0.2
    question, contexts, answer, ground_truth                                    before

`user_input` may be a list of messages (MultiTurnSample: `content`, and `type` human, ai or tool).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ragbot.evaluate.exchange.rows import BadRow, first_of, text_of, texts_of, to_lines
from ragbot.evaluate.exchange.sample import Sample, folded, unfolded
from ragbot.types import Turn

KEYS = frozenset({"user_input", "retrieved_contexts", "reference_contexts", "ground_truth", "ground_truths"})
"""Any of these tells a RAGAS row."""


def read(row: Mapping[str, Any]) -> Sample:
    """A row as a sample. Raises `BadRow`."""
    name, asked = first_of(row, "user_input", "question")
    if asked is None:
        raise BadRow("user_input (or question) is missing")
    question, history = _conversation(asked, name)
    truths = texts_of(row, "ground_truths")
    return Sample(
        id=text_of(row, "id"),
        question=question,
        history=history,
        answer=text_of(row, "response", "answer") or None,
        reference=text_of(row, "reference", "ground_truth") or "\n".join(truths[:1]),
        found=texts_of(row, "retrieved_contexts", "contexts"),
        right=texts_of(row, "reference_contexts"),
    )


def _conversation(value: Any, name: str) -> tuple[str, tuple[Turn, ...]]:
    if isinstance(value, str):
        return unfolded(value.strip())
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise BadRow(f"{name} must be a text or a list of messages, not {value!r}")
    turns = []
    for message in value:
        role, text = message.get("type", message.get("role")), message.get("content")
        if role in ("human", "user") and isinstance(text, str):
            turns.append(Turn(role="user", text=text))
        elif role in ("ai", "assistant") and isinstance(text, str):
            turns.append(Turn(role="assistant", text=text))
        elif role != "tool":
            raise BadRow(f"each message of {name} must have a content and the type human, ai or tool")
    while turns and turns[-1].role != "user":
        turns.pop()
    if not turns:
        raise BadRow(f"{name} has no message of the user")
    return turns[-1].text, tuple(turns[:-1])


def write(samples: Iterable[Sample]) -> str:
    """Rows of single turns, one a line; a conversation stands in `user_input` before the question. `id` is ours:
    RAGAS passes over it."""
    return to_lines(_row(sample) for sample in samples)


def _row(sample: Sample) -> dict[str, Any]:
    row: dict[str, Any] = {"id": sample.id, "user_input": folded(sample)}
    if sample.found is not None:
        row["retrieved_contexts"] = list(sample.found)
    if sample.right:
        row["reference_contexts"] = list(sample.right)
    if sample.answer is not None:
        row["response"] = sample.answer
    if sample.reference:
        row["reference"] = sample.reference
    return row
