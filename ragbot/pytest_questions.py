"""The questions of test sets as pytest items: what `pytest_plugin` starts where there are any.

test sets, gates and sources are checked as pytest starts: a malformed row is a usage error
items ask one bot a session, or one a worker under xdist
gates are measured over the questions that were asked, on the controller, after the last item
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ragbot import Bot, KnowledgeBase
from ragbot.errors import KnowledgeBaseError, RagbotError, TestsetError
from ragbot.evaluate.describe import describe
from ragbot.evaluate.gates import failures, parse_gates
from ragbot.evaluate.run import Asks, Searches, evaluate
from ragbot.evaluate.summary import read_report, summarise, to_json
from ragbot.evaluate.testset import Case, load_testset, resolve_sources
from ragbot.evaluate.values import EvalReport, Row
from ragbot.protocols import Verifier
from ragbot.settings import Settings, load_settings
from ragbot.types import Document, Hit, Turn

PLAN: pytest.StashKey[Plan] = pytest.StashKey()
_ROWS = "ragbot_rows"
"""Key of a worker's rows in what it hands to the controller."""


def start(config: pytest.Config, files: Sequence[str]) -> None:
    """Make the session ask the questions of `files`, read and checked here, before any model is loaded.

    Raises `RagbotError` where test sets, gates, settings or knowledge base cannot be used.
    """
    plan = _plan(config, [_absolute(config, name) for name in files])
    config.stash[PLAN] = plan
    config.pluginmanager.register(plan, "ragbot-plan")
    named = {_absolute(config, argument.split("::", 1)[0]) for argument in config.args}
    config.args = [*(str(path) for path in plan.cases if path not in named), *config.args]


def _absolute(config: pytest.Config, name: str) -> Path:
    return (config.invocation_params.dir / name).resolve()


def _plan(config: pytest.Config, files: Sequence[Path]) -> Plan:
    gates = (parse_gates(config.getoption(f"ragbot_{name}")) for name in ("min", "max"))
    minimum, maximum = gates
    cases = {file: load_testset(file) for file in dict.fromkeys(files)}
    _distinct(cases)
    kb = _kb(config)
    if not hasattr(config, "workerinput"):
        _check_sources(
            kb, config.getoption("ragbot_config"), [case for listed in cases.values() for case in listed]
        )
    return Plan(config=config, cases=cases, kb=kb, minimum=minimum, maximum=maximum)


def _kb(config: pytest.Config) -> Path:
    """The knowledge base; that there is one is checked here, for it is cheap."""
    kb = _absolute(config, config.getoption("ragbot_kb") or os.environ.get("RAGBOT_KB") or ".ragbot")
    if not (kb / "kb.sqlite").is_file():
        raise KnowledgeBaseError(f"there is no knowledge base at {kb}; make one: ragbot index PATH --kb {kb}")
    return kb


def _check_sources(kb: Path, config: str | None, cases: Sequence[Case]) -> None:
    """Raises `TestsetError` where a source is in no document; loads no model."""
    with KnowledgeBase.open(kb, settings=load_settings(config)) as opened:
        resolve_sources(cases, (document.source for document in opened.documents()))


def _distinct(cases: Mapping[Path, Sequence[Case]]) -> None:
    """Raises `TestsetError` where two files have a question of the same id: figures are over all of them."""
    seen: dict[str, Path] = {}
    for file, listed in cases.items():
        for case in listed:
            if case.id in seen:
                raise TestsetError(f"id {case.id!r} is in {seen[case.id]} and in {file}; rename one")
            seen[case.id] = file


@dataclass(eq=False)  # pytest keeps plugins in sets
class Plan:
    """One session's test sets, its bot, and what it answered. Registered as a plugin, so that its hooks are called
    only where there is a test set."""

    config: pytest.Config
    cases: Mapping[Path, Sequence[Case]]
    kb: Path
    minimum: Mapping[str, float]
    maximum: Mapping[str, float]
    rows: list[Row] = field(default_factory=list)
    failed_gates: list[str] = field(default_factory=list)
    report: EvalReport | None = None
    _open: ExitStack = field(default_factory=ExitStack)
    _asked: _Asked | None = None

    @property
    def lenient(self) -> bool:
        """Whether gates decide, and not each question."""
        return bool(self.minimum or self.maximum) and not self.config.getoption("ragbot_strict")

    @pytest.hookimpl(trylast=True)
    def pytest_ragbot_bot(self, folder: Path, settings: Settings) -> Bot:
        """The bot of the settings, where no `conftest.py` gives another."""
        return Bot(KnowledgeBase.open(folder, settings=settings), settings=settings)

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> Questions | None:
        """The test sets, and no other file."""
        path = file_path.resolve()
        return Questions.from_parent(parent, path=file_path) if path in self.cases else None

    def ask(self, case: Case) -> Row:
        """What the bot makes of a question; the bot is loaded for the first one."""
        if self._asked is None:
            self._asked = self._open.enter_context(_opened(self.config, self.kb))
        asked = self._asked
        (row,) = evaluate(asked.bot, asked.kb, [case], verifier=asked.verifier).rows
        self.rows.append(row)
        return row

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Closes the bot; a worker hands over its rows, everybody else measures the gates."""
        self._open.close()
        output: dict[str, Any] | None = getattr(self.config, "workeroutput", None)
        if output is not None:
            output[_ROWS] = _pack(self.rows)
            return
        if not self.rows:
            return
        order = {case.id: place for place, case in enumerate(self._all())}
        self.report = summarise(sorted(self.rows, key=lambda row: order[row.id]))
        self.failed_gates = failures(self.report, minimum=self.minimum, maximum=self.maximum)
        if self.failed_gates and session.exitstatus in (
            pytest.ExitCode.OK,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Takes the rows of an xdist worker that has ended."""
        packed = getattr(node, "workeroutput", {}).get(_ROWS)
        if packed:
            self.rows.extend(_unpack(packed))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The figures of all questions, and the gates."""
        if self.report is None:
            return
        terminalreporter.section("ragbot")
        wrong = sum(bool(row.problems) for row in self.report.rows)
        known = len(list(self._all()))
        of = "" if len(self.rows) == known else f" of {known}"
        terminalreporter.write_line(f"{len(self.rows)}{of} questions asked, {wrong} went wrong")
        for name, figure in self.report.overall.figures.items():
            if figure.value is None:
                continue
            between = "" if figure.low is None else f"  {figure.low:.3f} – {figure.high:.3f}"
            terminalreporter.write_line(f"  {name:22} {figure.value:.3f}  n={figure.n}{between}")
        for failed in self.failed_gates:
            terminalreporter.write_line(f"gate failed: {failed}", red=True, bold=True)
        if (self.minimum or self.maximum) and not self.failed_gates:
            terminalreporter.write_line("all gates hold", green=True)

    def _all(self) -> Iterator[Case]:
        for cases in self.cases.values():
            yield from cases


class Questions(pytest.File):
    """A test set as pytest collects it."""

    def collect(self) -> Iterable[Question]:
        """One item a case, named by its id."""
        plan = self.config.stash[PLAN]
        for case in plan.cases[self.path.resolve()]:
            yield Question.from_parent(self, name=case.id, case=case, plan=plan)


class Question(pytest.Item):
    """One question. Its tags, language and expected status can be chosen with -k."""

    def __init__(self, *, case: Case, plan: Plan, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case
        self.plan = plan
        self.add_marker("ragbot")
        self.extra_keyword_matches.update((*case.tags, case.language, case.expect or "unjudged"))

    def runtest(self) -> None:
        """Ask it. Raises `WentWrong` with what happened, or an expected failure where gates decide."""
        row = self.plan.ask(self.case)
        if row.problems:
            if self.plan.lenient:
                raise pytest.xfail.Exception(f"{self.case.question!r}: {'; '.join(row.problems)}")
            raise WentWrong(describe(self.case, row))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What went wrong in words; a traceback only for what nobody expected."""
        if isinstance(excinfo.value, WentWrong | RagbotError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it stands, and its name in headings."""
        return self.path, None, f"{self.path.name}: {self.name}"


class WentWrong(Exception):
    """The bot's answer is not as expected; the message says all there is to know."""


@dataclass(frozen=True)
class _Asked:
    """The parts that a question needs."""

    bot: Asks
    kb: Searches
    verifier: Verifier


@contextmanager
def _opened(config: pytest.Config, folder: Path) -> Iterator[_Asked]:
    """The bot of the hook. Raises `RagbotError` where it cannot be made."""
    bot: Bot = config.hook.pytest_ragbot_bot(
        folder=folder, settings=load_settings(config.getoption("ragbot_config"))
    )
    with closing(bot.kb), closing(bot):
        yield _Asked(bot=bot, kb=_ReadOnce(bot.kb), verifier=bot.verifier)


class _ReadOnce:
    """A knowledge base whose documents are read once, not for each question."""

    def __init__(self, kb: Searches) -> None:
        self._kb = kb
        self._documents: Sequence[Document] | None = None

    def documents(self) -> Sequence[Document]:
        if self._documents is None:
            self._documents = self._kb.documents()
        return self._documents

    def search(self, question: str, *, k: int, history: Sequence[Turn] = ()) -> list[Hit]:
        return self._kb.search(question, k=k, history=history)


def _pack(rows: Sequence[Row]) -> str:
    return to_json(summarise(rows)) if rows else ""


def _unpack(packed: str) -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.json"
        file.write_text(packed, encoding="utf-8")
        return read_report(file).rows
