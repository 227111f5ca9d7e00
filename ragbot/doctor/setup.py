"""The settings, and how hand-overs reach a person."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ragbot.doctor.findings import Finding, problem
from ragbot.errors import SettingsError

if TYPE_CHECKING:
    from ragbot.settings import Settings


def settings_source(config: Path | None) -> str:
    """Where the settings come from, in words."""
    from ragbot.settings import DEFAULT_FILE

    if config is not None:
        return f"read from {config}"
    return f"read from {DEFAULT_FILE}" if Path(DEFAULT_FILE).is_file() else "defaults (no ragbot.toml here)"


def handover(settings: Settings) -> Iterator[Finding]:
    """The form of the office hours and of the webhook; nothing is sent."""
    from ragbot.dialogue.handover import hours, webhook

    wanted = settings.handover
    try:
        hours.check(wanted)
        if not wanted.webhook:
            where = "hand-overs wait in the outbox: ragbot handovers list"
            yield Finding(about="hand-over", level="ok", message=where)
            return
        webhook.check_url(wanted.webhook)
    except SettingsError as error:
        yield problem("hand-over", error)
        return
    where = "hand-overs are sent to the webhook"
    if os.environ.get(wanted.secret_env):
        yield Finding(about="hand-over", level="ok", message=f"{where}, signed")
        return
    unsigned = f"{where}; {wanted.secret_env} is not set, so nothing is signed"
    yield Finding(about="hand-over", level="note", message=unsigned)
