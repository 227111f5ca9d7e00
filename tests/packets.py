"""A hand-over as tests need one."""

from __future__ import annotations

from typing import Any

from ragbot.types import Handover, Profile, Turn


def packet(identity: str = "h-1", *, at: float = 1000.0, **changed: Any) -> Handover:
    """What a customer without a refund leaves."""
    values: dict[str, Any] = {
        "id": identity,
        "at": at,
        "trigger": "asked",
        "reason": "asked for a person",
        "summary": "The customer asks: Where is my refund?",
        "intent": "refund",
        "language": "en",
        "fields": {"order_number": "4711"},
        "sources": ("returns.md",),
        "sentiment": -0.5,
        "urgency": 0.0,
        "transcript": (Turn(role="user", text="Where is my secret refund?", at=at),),
        "suggested_reply": "Hello Ada,",
        "profile": Profile(name="Ada"),
        "session": "c-17",
        "trace_id": "00ff",
    }
    return Handover(**values | changed)
