"""The pytest plugin, run as a company's CI runs it: in processes of its own, over a small knowledge base.

A `conftest.py` gives a bot without models; one slow test asks the real one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest
from quick import open_quick, quick_sync, write

ROOT = Path(__file__).parents[1]

CONFTEST = """
from scripted_bot import ScriptedBot

def pytest_ragbot_bot(folder, settings):
    return ScriptedBot()
"""
ROWS: list[dict[str, object]] = [
    {
        "id": "hello",
        "question": "hello",
        "expect": "smalltalk",
        "language": "en",
        "tags": ["greeting"],
    },
    {
        "id": "person",
        "question": "I want to talk to a person",
        "expect": "handoff",
        "tags": ["calls"],
    },
    {
        "id": "cars",
        "question": "Which cars do you sell?",
        "expect": "answered",
        "sources": ["returns.md"],
        "must_contain": [["red cars", "blue cars"]],
        "must_not_contain": ["green"],
        "reference": "Red ones.",
        "history": [{"role": "user", "text": "Good morning."}],
        "tags": ["calls"],
    },
]

OWN = """
import sys

def test_own(request):
    assert request.config.pluginmanager.hasplugin("ragbot")
    assert "ragbot.pytest_questions" not in sys.modules
    assert "numpy" not in sys.modules
"""


@dataclass(frozen=True)
class Ran:
    """What one run of pytest left."""

    code: int
    out: str
    err: str

    @property
    def outcomes(self) -> dict[str, int]:
        """How many tests did what, from the last line."""
        last = self.out.rstrip().rsplit("\n", 1)[-1]
        return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)(?=[, ])", last)}

    def shows(self, *lines: str) -> bool:
        """Whether the lines are printed, in this order; each may be a pattern as in file names."""
        printed = iter(self.out.split("\n"))
        return all(any(fnmatch(line, wanted) for line in printed) for wanted in lines)


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest in `tmp_path`, with the plugin whether or not this environment has it installed as such."""
    plugin = tmp_path / "plugin" / "ragbot_plugin-0.dist-info"
    plugin.mkdir(parents=True)
    (plugin / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: ragbot-plugin\nVersion: 0\n", encoding="utf-8"
    )
    (plugin / "entry_points.txt").write_text("[pytest11]\nragbot = ragbot.pytest_plugin\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'tests'}:{plugin.parent}")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins take seconds to load
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_ADDOPTS", "RAGBOT_KB"):
        monkeypatch.delenv(name, raising=False)
    documents = write(tmp_path / "docs", returns="# Returns\n\nYou can return any lamp within 30 days.\n")
    with open_quick(tmp_path / ".ragbot") as kb:
        quick_sync(kb, documents)
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    cases(tmp_path, ROWS)

    def run(*options: str) -> Ran:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-p",
            "ragbot",
            "-p",
            "xdist",
            "--rootdir",
            str(tmp_path),
            *options,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


def cases(folder: Path, rows: list[dict[str, object]], name: str = "cases.jsonl") -> Path:
    file = folder / name
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def test_each_question_is_a_test(run: Run) -> None:
    """Those that go wrong fail with all that is known of them in words, and no traceback."""
    result = run("--ragbot-testset", "cases.jsonl")
    assert result.outcomes == {"passed": 2, "failed": 1}
    assert result.code == 1
    assert result.shows(
        "*cases.jsonl: cars*",
        "abstained, not answered*",
        "before    user: Good morning.",
        "question  Which cars do you sell?",
        "expected  answered, saying 'red cars' or 'blue cars', not saying 'green', from returns.md, "
        "such as 'Red ones.'",
        "answer    I couldn't find that.  (abstained: scripted, confidence 0.00)",
        "found     nothing",
        "*3 questions asked, 1 went wrong*",
        "  right_rate             0.667  n=3*",
        "FAILED cases.jsonl::cars - abstained, not answered*",
    )
    assert "Traceback" not in result.out
    assert ".py:" not in result.out


@pytest.mark.slow
def test_questions_run_beside_a_companys_own_tests(run: Run, tmp_path: Path) -> None:
    """And are chosen by id, tag, language, status or marker, also under strict markers."""
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = --strict-markers --strict-config -W error\n", encoding="utf-8"
    )
    assert run("--ragbot-testset", "cases.jsonl", "-k", "not calls").outcomes == {
        "passed": 2,
        "deselected": 2,
    }
    assert run("--ragbot-testset", "cases.jsonl", "-k", "smalltalk and en").outcomes == {
        "passed": 1,
        "deselected": 3,
    }
    assert run("--ragbot-testset", "cases.jsonl", "-m", "ragbot", "-k", "person").outcomes == {
        "passed": 1,
        "deselected": 3,
    }
    result = run("--ragbot-testset", "cases.jsonl", "cases.jsonl::hello")
    assert result.outcomes == {"passed": 1}
    assert result.shows("1 of 3 questions asked, 0 went wrong")


def test_without_the_option_nothing_happens(run: Run, tmp_path: Path) -> None:
    """No file is taken for a test set, nothing of the bot is imported, and nothing is printed."""
    (tmp_path / "test_own.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "conftest.py").unlink()
    result = run("-W", "error")
    assert result.outcomes == {"passed": 1}
    assert "questions" not in result.out


@pytest.mark.slow
def test_a_gate_decides(run: Run) -> None:
    """With one, a question that goes wrong is an expected failure, and the figure over all fails the run or not."""
    held = run("--ragbot-testset", "cases.jsonl", "--ragbot-min", "right_rate=0.6", "-rx")
    assert held.outcomes == {"passed": 2, "xfailed": 1}
    assert held.code == 0
    assert held.shows("all gates hold", "XFAIL cases.jsonl::cars*abstained, not answered*")
    failed = run(
        "--ragbot-testset", "cases.jsonl", "--ragbot-min", "right_rate=0.9", "--ragbot-max", "answer_rate=0.5"
    )
    assert failed.outcomes == {"passed": 2, "xfailed": 1}
    assert failed.code == 1
    assert failed.shows("gate failed: right_rate is 0.6667 (n=3), below 0.9")
    strict = run("--ragbot-testset", "cases.jsonl", "--ragbot-min", "right_rate=0.6", "--ragbot-strict")
    assert strict.outcomes == {"passed": 2, "failed": 1}


@pytest.mark.slow
def test_a_gate_without_questions_fails(run: Run) -> None:
    """What was not measured was not reached."""
    result = run("--ragbot-testset", "cases.jsonl", "--ragbot-min", "abstention_rate=0.1", "-k", "hello")
    assert result.code == 1
    assert result.shows("gate failed: abstention_rate has no questions to be measured on")


@pytest.mark.slow
def test_workers_share_the_questions_and_the_controller_counts(run: Run) -> None:
    """Under xdist, figures and gates are over the answers of all workers."""
    result = run("--ragbot-testset", "cases.jsonl", "--ragbot-min", "right_rate=0.9", "-n", "2")
    assert result.outcomes == {"passed": 2, "xfailed": 1}
    assert result.code == 1
    assert result.shows(
        "3 questions asked, 1 went wrong", "gate failed: right_rate is 0.6667 (n=3), below 0.9"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([{"id": "a"}, {"id": "b", "question": "q", "x": 1}], (), "line 2: unknown key 'x'"),
        (
            [{"id": "a", "question": "q", "sources": ["none.md"]}],
            (),
            "'none.md' is not in the knowledge base",
        ),
        (ROWS, ("--ragbot-min", "speed=1"), "names no figure"),
        (ROWS, ("--ragbot-kb", "nowhere"), "there is no knowledge base at"),
        (ROWS, ("--ragbot-config", "none.toml"), "none.toml does not exist"),
        (ROWS, ("--ragbot-testset", "more.jsonl"), "id 'hello' is in"),
        (ROWS, ("--ragbot-testset", "none.jsonl"), "cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(
    run: Run, tmp_path: Path, rows: list[dict[str, object]], options: tuple[str, ...], message: str
) -> None:
    """Told before any test runs, with lines, and without a traceback."""
    cases(tmp_path, rows)
    cases(tmp_path, ROWS[:1], "more.jsonl")
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n", encoding="utf-8")
    result = run("--ragbot-testset", "cases.jsonl", *options)
    assert result.code == 4
    assert message in result.err
    assert "Traceback" not in result.err
    assert "passed" not in result.out


@pytest.mark.slow
def test_an_error_of_the_bot_is_told_in_words(run: Run, tmp_path: Path) -> None:
    """The next step is named; no question counts as asked."""
    broken = CONFTEST.replace(
        "return ScriptedBot()", "raise ModelNotFound('no model; run: ragbot models pull')"
    )
    (tmp_path / "conftest.py").write_text(f"from ragbot import ModelNotFound\n{broken}", encoding="utf-8")
    result = run("--ragbot-testset", "cases.jsonl", "-k", "hello")
    assert result.outcomes == {"failed": 1, "deselected": 2}
    assert result.shows("no model; run: ragbot models pull")
    assert "Traceback" not in result.out
    assert "questions asked" not in result.out


def test_the_plugin_is_light() -> None:
    """pytest loads it always: importing it loads nothing but the package's own small module."""
    program = (
        "import sys, pytest, ragbot, typing, pathlib\n"
        "before = {*sys.modules}\n"
        "import ragbot.pytest_plugin\n"
        "print(sorted({*sys.modules} - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "['ragbot.pytest_plugin']\n"


@pytest.mark.slow
@pytest.mark.usefixtures("models_cache")
def test_the_real_bot_answers(run: Run, tmp_path: Path) -> None:
    """Without a `conftest.py`, the bot of the settings is asked."""
    (tmp_path / "conftest.py").unlink()
    command = [sys.executable, "-m", "ragbot", "index", "docs", "--kb", "real"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    row: dict[str, object] = {
        "id": "lamp",
        "question": "How long can I return a lamp?",
        "sources": ["returns.md"],
        "must_contain": [["30 days"]],
    }
    cases(tmp_path, [row])
    result = run("--ragbot-testset", "cases.jsonl", "--ragbot-kb", "real")
    assert result.outcomes == {"passed": 1}
    assert re.search(r"right_fact_rate +1\.000", result.out)
