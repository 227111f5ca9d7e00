"""Customer-service answers from a company's own documents: cited, checked, or not given.

    from ragbot import Bot, KnowledgeBase

The names below load what they need when they are first used; importing this module loads no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ragbot.bot import Bot
    from ragbot.dialogue.forms.functions import Call, Reply
    from ragbot.errors import (
        GateFailed,
        GenerationError,
        InputError,
        KnowledgeBaseError,
        KnowledgeBaseLocked,
        KnowledgeBaseMismatch,
        ModelDamaged,
        ModelError,
        ModelNotFound,
        RagbotError,
        SettingsError,
        TestsetError,
    )
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.settings import Settings, load_settings
    from ragbot.types import Answer, Chunk, Citation, Claim, Document, Handover, Hit, Profile, State, Turn

_HOME = {
    "Bot": "bot",
    **dict.fromkeys(("Call", "Reply"), "dialogue.forms.functions"),
    "KnowledgeBase": "index.knowledge_base",
    "Settings": "settings",
    "load_settings": "settings",
    **dict.fromkeys(
        ("Answer", "Chunk", "Citation", "Claim", "Document", "Handover", "Hit", "Profile", "State", "Turn"),
        "types",
    ),
    **dict.fromkeys(
        (
            "GateFailed",
            "GenerationError",
            "InputError",
            "KnowledgeBaseError",
            "KnowledgeBaseLocked",
            "KnowledgeBaseMismatch",
            "ModelDamaged",
            "ModelError",
            "ModelNotFound",
            "RagbotError",
            "SettingsError",
            "TestsetError",
        ),
        "errors",
    ),
}

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "Bot",
    "Call",
    "Chunk",
    "Citation",
    "Claim",
    "Document",
    "GateFailed",
    "GenerationError",
    "Handover",
    "Hit",
    "InputError",
    "KnowledgeBase",
    "KnowledgeBaseError",
    "KnowledgeBaseLocked",
    "KnowledgeBaseMismatch",
    "ModelDamaged",
    "ModelError",
    "ModelNotFound",
    "Profile",
    "RagbotError",
    "Reply",
    "Settings",
    "SettingsError",
    "State",
    "TestsetError",
    "Turn",
    "load_settings",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"ragbot.{_HOME[name]}"), name)
    raise AttributeError(f"module 'ragbot' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
