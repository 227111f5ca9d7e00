"""pytest runs a test set: `pytest --ragbot-testset cases.jsonl`. One item a question, gates over all of them.

    rows are read and checked as pytest starts: a malformed one is a usage error, before any model is loaded
    items ask one bot a session, or one a worker under xdist
    gates are measured over the questions that were asked, on the controller, after the last item

pytest loads this module always, so it imports nothing heavy, and without the option it does nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ragbot.evaluate.run import Asks, Searches
    from ragbot.evaluate.testset import Case
    from ragbot.evaluate.values import EvalReport, Row
    from ragbot.protocols import Verifier
    from ragbot.types import Document, Hit, Turn

_ROWS = "ragbot_rows"
"""Key of a worker's report in what it hands to the controller."""


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

    try:
        plan = _plan(config, [_absolute(config, name) for name in files])
    except RagbotError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[PLAN] = plan
    config.pluginmanager.register(plan, "ragbot-plan")
    named = {_absolute(config, argument.split("::", 1)[0]) for argument in config.args}
    config.args = [*(str(path) for path in plan.cases if path not in named), *config.args]


def _absolute(config: pytest.Config, name: str) -> Path:
    return (config.invocation_params.dir / name).resolve()


def _plan(config: pytest.Config, files: Sequence[Path]) -> Plan:
    from ragbot.evaluate.gates import parse_gates
    from ragbot.evaluate.testset import load_testset

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
    import os

    from ragbot.errors import KnowledgeBaseError

    kb = _absolute(config, config.getoption("ragbot_kb") or os.environ.get("RAGBOT_KB") or ".ragbot")
    if not (kb / "kb.sqlite").is_file():
        raise KnowledgeBaseError(f"there is no knowledge base at {kb}; make one: ragbot index PATH --kb {kb}")
    return kb


def _check_sources(kb: Path, config: str | None, cases: Sequence[Case]) -> None:
    """Raises `TestsetError` where a source is in no document; loads no model."""
    from ragbot import KnowledgeBase
    from ragbot.evaluate.testset import resolve_sources
    from ragbot.settings import load_settings

    with KnowledgeBase.open(kb, settings=load_settings(config)) as opened:
        resolve_sources(cases, (document.source for document in opened.documents()))


def _distinct(cases: Mapping[Path, Sequence[Case]]) -> None:
    """Raises `TestsetError` where two files have a question of the same id: figures are over all of them."""
    from ragbot.errors import TestsetError

    seen: dict[str, Path] = {}
    for file, listed in cases.items():
        for case in listed:
            if case.id in seen:
                raise TestsetError(f"id {case.id!r} is in {seen[case.id]} and in {file}; rename one")
            seen[case.id] = file


@dataclass
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

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> Questions | None:
        """The test sets, and no other file."""
        path = file_path.resolve()
        return Questions.from_parent(parent, path=file_path) if path in self.cases else None

    def ask(self, case: Case) -> Row:
        """What the bot makes of a question; the bot is loaded for the first one."""
        from ragbot.evaluate.run import evaluate

        if self._asked is None:
            self._asked = self._open.enter_context(_opened(self.kb, self.config.getoption("ragbot_config")))
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
        from ragbot.evaluate.gates import failures
        from ragbot.evaluate.summary import summarise

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
            from ragbot.evaluate.describe import describe

            raise WentWrong(describe(self.case, row))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What went wrong in words; a traceback only for what nobody expected."""
        from ragbot.errors import RagbotError

        if isinstance(excinfo.value, WentWrong | RagbotError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it stands, and its name in headings."""
        return self.path, None, f"{self.path.name}: {self.name}"


class WentWrong(Exception):
    """The bot's answer is not as expected; the message says all there is to know."""


PLAN: pytest.StashKey[Plan] = pytest.StashKey()


@dataclass(frozen=True)
class _Asked:
    """The parts that a question needs."""

    bot: Asks
    kb: Searches
    verifier: Verifier


@contextmanager
def _opened(kb: Path, config: str | None) -> Iterator[_Asked]:
    """The bot of a knowledge base. Raises `RagbotError` where it cannot be made."""
    from ragbot import Bot, KnowledgeBase
    from ragbot.settings import load_settings

    settings = load_settings(config)
    with KnowledgeBase.open(kb, settings=settings) as opened:
        bot = Bot(opened, settings=settings)
        yield _Asked(bot=bot, kb=_ReadOnce(opened), verifier=bot.verifier)


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
    from ragbot.evaluate.summary import summarise, to_json

    return to_json(summarise(rows)) if rows else ""


def _unpack(packed: str) -> tuple[Row, ...]:
    from ragbot.evaluate.summary import read_report

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.json"
        file.write_text(packed, encoding="utf-8")
        return read_report(file).rows
