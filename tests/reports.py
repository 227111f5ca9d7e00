"""Evaluation reports made by hand: a few rows of each kind, and any number of small ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ragbot.evaluate.summary import summarise
from ragbot.evaluate.values import EvalReport, Row, Timing
from ragbot.types import Citation, Claim, Turn

HASHES = {
    name: f"{place}" * 64 for place, name in enumerate(("code", "knowledge", "models", "settings", "testset"))
}


HOSTILE = (
    "</script><script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "\"><svg onload='window.pwned=1'>",
    "' autofocus onfocus='window.pwned=1",
    "javascript:window.pwned=1",
    "<!-- ]]> -->",
    "line\u2028separator\u2029and \u202egnirts\u202c \u2066isolate",
    "null\x00byte, half \ud800 a pair, \ufffe",
    "{{ 7 * 7 }} {% include 'style.css' %}",
    "x" * 500,
    "مرحبا بالعالم",
)
"""Texts that try to be markup, script, template or nothing printable."""


def row(id: str, **changes: Any) -> Row:
    """An answerable question that was answered rightly with one statement, cited from `returns.md`."""
    made = Row(
        id=id,
        cluster=id,
        language="en",
        tags=("returns",),
        question=f"How long do refunds take? ({id})",
        expected="answered",
        status="answered",
        reason="quoted",
        answer="Refunds take 5 days. [1]",
        confidence=0.8,
        retrieved=("returns.md",),
        claims=(Claim(text="Refunds take 5 days.", verdict="supported", support=0.97, citations=(1,)),),
        citations=(cited(1, "Hello. Refunds take  5 days. Gift cards take 7."),),
        measures={
            "right_rate": 1,
            "status_accuracy": 1,
            "answer_precision": 1,
            "supported_share": 1,
            "recall@5": 1,
        },
        reference="5 days",
    )
    return replace(made, **changes)


def cited(number: int, quote: str, *, source: str = "returns.md") -> Citation:
    """A citation from page 3."""
    return Citation(
        number=number,
        source=source,
        title="Returns",
        heading="Returns > Refunds",
        page=3,
        start=10,
        end=10 + len(quote),
        quote=quote,
    )


def mixed_rows() -> list[Row]:
    """Right, wrong, abstained rightly, abstained wrongly, small talk that is not judged, Chinese after a turn."""
    two = (
        Claim(
            text="Refunds take 9 days.",
            verdict="contradicted",
            support=0.03,
            citations=(1,),
            reason="number 9",
        ),
        Claim(text="We love you.", verdict="unsupported", support=0.2),
    )
    wrong = {
        "right_rate": 0,
        "status_accuracy": 1,
        "answer_precision": 0,
        "supported_share": 0,
        "recall@5": 1,
    }
    declined: dict[str, Any] = {
        "status": "abstained",
        "answer": "I do not know.",
        "claims": (),
        "citations": (),
    }
    return [
        row("right"),
        row(
            "wrong",
            question="A wrong one",
            answer="Refunds take 9 days. [1] We love you.",
            claims=two,
            measures=wrong,
            problems=("fact missing",),
            confidence=0.6,
        ),
        row(
            "declined",
            question="Do you sell bicycles?",
            expected="abstained",
            confidence=0.1,
            measures={"right_rate": 1, "status_accuracy": 1, "abstention_rate": 1, "false_answer_rate": 0},
            tags=("off-topic",),
            **declined,
        ),
        row(
            "missed",
            question="Bring me the answer that you have",
            confidence=0.2,
            measures={"right_rate": 0, "status_accuracy": 0, "recall@5": 0},
            problems=("abstained, not answered", "source not found"),
            **declined,
        ),
        row(
            "open", question="Hello!", expected=None, status="smalltalk", claims=(), citations=(), measures={}
        ),
        row(
            "chinese",
            question="退款需要多久？",
            language="zh",
            answer="退款需要5天。[1]",
            claims=(Claim(text="退款需要5天。", verdict="supported", support=0.9, citations=(1,)),),
            citations=(cited(1, "退款需要5天。", source="退货.md"),),
            history=(Turn(role="user", text="你好"), Turn(role="assistant", text="您好！")),
            confidence=0.7,
        ),
    ]


def report(rows: Sequence[Row] | None = None, *, answer_ms: float = 40.0) -> EvalReport:
    """The report of these rows, or of `mixed_rows`; each took a little longer than the one before."""
    rows = mixed_rows() if rows is None else rows
    timings = [Timing(id=each.id, answer_ms=answer_ms + place) for place, each in enumerate(rows)]
    return summarise(rows, timings, hashes=HASHES)


def hostile_report() -> EvalReport:
    """Every text of a row is hostile."""
    rows = [
        row(
            text,
            cluster=text,
            question=text,
            answer=f"{text} {text}",
            reason=text,
            reference=text,
            language=text,
            tags=(text,),
            problems=(text,),
            retrieved=(text,),
            claims=(Claim(text=text, verdict="supported", support=1.0, citations=(1,), reason=text),),
            citations=(replace(cited(1, text, source=text), heading=text, title=text),),
        )
        for text in HOSTILE
    ]
    return replace(report(rows), hashes=dict.fromkeys(HOSTILE, HOSTILE[0]))
