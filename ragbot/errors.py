"""One tree of errors: catch `RagbotError` and nothing of ours escapes.

    RagbotError
    ├── SettingsError            ragbot.toml or the environment is wrong           exit 3
    ├── KnowledgeBaseError       the knowledge base cannot be opened or written    exit 4
    │   ├── KnowledgeBaseMismatch    made with another embedder or splitter
    │   └── KnowledgeBaseLocked      another process is writing
    ├── ModelError               a model is missing, damaged or cannot run         exit 5
    │   ├── ModelNotFound
    │   ├── ModelDamaged             a hash does not match
    │   └── GenerationError          the generator failed or its server did
    ├── InputError               what the caller gave cannot be used               exit 6
    │   └── TestsetError             malformed rows, each with its line
    └── GateFailed               an evaluation gate failed                         exit 7

Every message names the thing and the next step. A file that cannot be read while many are
indexed is no exception: it is a `Skipped` row in the report.
"""

from __future__ import annotations


class RagbotError(Exception):
    """Base of all errors that ragbot raises on purpose. `exit_code` is what the CLI ends with."""

    exit_code = 1


class SettingsError(RagbotError):
    """A setting is unknown, has the wrong type, or contradicts another."""

    exit_code = 3


class KnowledgeBaseError(RagbotError):
    """The knowledge base cannot be opened, read or written."""

    exit_code = 4


class KnowledgeBaseMismatch(KnowledgeBaseError):
    """The knowledge base was made with another embedder or splitter setting."""


class KnowledgeBaseLocked(KnowledgeBaseError):
    """Another process holds the writer's lock."""


class ModelError(RagbotError):
    """A model cannot be found, trusted or run."""

    exit_code = 5


class ModelNotFound(ModelError):
    """The model is not in the cache; the message names the command that fetches it."""


class ModelDamaged(ModelError):
    """A file's SHA-256 is not the pinned one."""


class GenerationError(ModelError):
    """The generator, or the server behind it, failed; `status` is the HTTP status if there was one."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class InputError(RagbotError):
    """What the caller gave cannot be used: a path that does not exist, k of 0, an empty question."""

    exit_code = 6


class TestsetError(InputError):
    """A test set has malformed rows; `problems` holds one line of text for each."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    def __init__(self, message: str, *, problems: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((message, *problems)))
        self.problems = problems


class GateFailed(RagbotError):
    """A figure of an evaluation lies below the gate that was asked for."""

    exit_code = 7
