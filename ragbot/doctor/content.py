"""What the indexed documents say: everything that would make an answer wrong, or that nobody meant to publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ragbot.doctor.conflicts import conflicts
from ragbot.doctor.findings import Finding
from ragbot.doctor.hidden import hidden
from ragbot.doctor.instructions import instructions
from ragbot.doctor.pieces import read_all
from ragbot.doctor.shape import shape
from ragbot.doctor.stale import stale
from ragbot.errors import RagbotError

if TYPE_CHECKING:
    from ragbot.settings import Settings
