"""pytest runs a test set: `pytest --ragbot-testset cases.jsonl`. One item a question, gates over all of them.

pytest loads this module always: it holds the options only, imports nothing, and does nothing without them. The rest is
in `pytest_questions`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ragbot import Bot
    from ragbot.settings import Settings


class _Hooks:
    """What a `conftest.py` may define."""

    @pytest.hookspec(firstresult=True)
    def pytest_ragbot_bot(self, folder: Path, settings: Settings) -> Bot | None:
        """The bot that is asked, for a company that gives it functions, models or a verifier of its own.

        `folder` is that of the knowledge base; the bot's knowledge base is closed after the last question.
        """


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Makes the hook known."""
    pluginmanager.add_hookspecs(_Hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("ragbot", "ragbot: questions to a bot as tests")
    group.addoption(
        "--ragbot-testset",
        metavar="FILE",
        action="append",
        default=[],
        help="Test set (JSON Lines); may be repeated.",
    )
    group.addoption(
        "--ragbot-kb", metavar="DIR", help="Folder of the knowledge base; default: RAGBOT_KB or .ragbot."
    )
    group.addoption("--ragbot-config", metavar="FILE", help="Settings; default: ragbot.toml if it exists.")
    for name, word in (("min", "lower"), ("max", "higher")):
        group.addoption(
            f"--ragbot-{name}",
            metavar="METRIC=VALUE",
            action="append",
            default=[],
            help=f"Fail the run if this figure of all questions is {word}. With a gate, a question that goes wrong is "
            "an expected failure: the gate decides.",
        )
    group.addoption(
        "--ragbot-strict",
        action="store_true",
        help="With gates too, each question that goes wrong is a failure.",
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Reads the test sets and gates. Raises `pytest.UsageError` where they cannot be used."""
    config.addinivalue_line("markers", "ragbot: a question of --ragbot-testset")
    files = config.getoption("ragbot_testset")
    if not files:
        return
    from ragbot.errors import RagbotError
    from ragbot.pytest_questions import start

    try:
        start(config, files)
    except RagbotError as error:
        raise pytest.UsageError(str(error)) from error
