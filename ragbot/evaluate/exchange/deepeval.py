"""DeepEval rows: the fields of `LLMTestCase` and `Golden`, in snake case as in Python or camel case as in its files.

    input, actual_output, expected_output, retrieval_context, context, name, tags, source_file, additional_metadata

`EvaluationDataset.add_test_cases_from_json_file` and `add_goldens_from_json_file` read what `write` gives; the first
wants `actual_output`, which a test set has with a report only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ragbot.evaluate.exchange.rows import BadRow, text_of, texts_of, to_array
from ragbot.evaluate.exchange.sample import Sample, folded, unfolded

KEYS = frozenset(
    {
        "actual_output",
        "actualOutput",
        "expected_output",
        "expectedOutput",
        "retrieval_context",
        "retrievalContext",
    }
)
"""Any of these tells a DeepEval row, and so does `input`."""


def read(row: Mapping[str, Any]) -> Sample:
    """A row as a sample. Raises `BadRow`."""
    asked = text_of(row, "input")
    if not asked:
        raise BadRow("input is missing")
    question, history = unfolded(asked)
    more = row.get("additional_metadata", row.get("additionalMetadata"))
    meta = more if isinstance(more, Mapping) else {}
    source = text_of(row, "source_file", "sourceFile")
    return Sample(
        id=text_of(row, "name"),
        question=question,
        history=history,
        answer=text_of(row, "actual_output", "actualOutput") or None,
        reference=text_of(row, "expected_output", "expectedOutput"),
        found=texts_of(row, "retrieval_context", "retrievalContext"),
        right=texts_of(row, "context"),
        sources=texts_of(meta, "sources") or ((source,) if source else ()),
        tags=texts_of(row, "tags"),
        language=text_of(meta, "language") or "und",
    )


def write(samples: Iterable[Sample]) -> str:
    """One JSON list of test cases; a conversation stands in `input` before the question."""
    return to_array([_row(sample) for sample in samples])


def _row(sample: Sample) -> dict[str, Any]:
    row: dict[str, Any] = {"name": sample.id, "input": folded(sample)}
    if sample.answer is not None:
        row["actual_output"] = sample.answer
    if sample.reference:
        row["expected_output"] = sample.reference
    if sample.found is not None:
        row["retrieval_context"] = list(sample.found)
    if sample.right:
        row["context"] = list(sample.right)
    if sample.tags:
        row["tags"] = list(sample.tags)
    meta = {"language": sample.language, "sources": list(sample.sources)}
    row["additional_metadata"] = meta
    return row
