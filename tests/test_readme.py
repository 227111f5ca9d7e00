"""The README's own examples run as they stand, and its tables agree with the code."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ragbot import errors
from ragbot.evaluate.measures import MEASURES
from ragbot.evaluate.testset import load_testset
from ragbot.settings import load_settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ASKS_BACK = ("How many days do I have for returns?",)
"""Questions that depend on what the customer has not said."""
NEEDS_NETWORK = ("scripts/", "pip install", "ragbot models pull")


def blocks(language: str) -> list[str]:
    """The code blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands() -> list[list[str]]:
    """Every shell command of the README as a list of arguments."""
    lines = "".join(blocks("sh")).splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample documents, as the checkout has them."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "knowledge", folder / "knowledge")
    return folder


def test_the_scripts_it_names_are_there() -> None:
    """The first two commands can be started."""
    scripts = [command[0] for command in commands() if command[0].startswith("scripts/")]
    assert scripts == ["scripts/demo", "scripts/test"]
    assert all(os.access(ROOT / script, os.X_OK) for script in scripts)


def test_the_settings_example_is_the_defaults(tmp_path: Path) -> None:
    """Every key exists and shows its default, but for the contact, which has none."""
    (example,) = blocks("toml")
    file = tmp_path / "ragbot.toml"
    file.write_text(example, encoding="utf-8")
    shown = load_settings(file).model_dump()
    defaults = load_settings(**{}).model_dump()
    assert shown["answer"].pop("contact")
    defaults["answer"].pop("contact")
    assert shown == defaults
    assert set(tomllib.loads(example)) <= set(defaults)


def test_the_test_set_example_loads(tmp_path: Path) -> None:
    """Written on one line, it is a row."""
    (example,) = blocks("json")
    file = tmp_path / "set.jsonl"
    file.write_text(json.dumps(json.loads(example)), encoding="utf-8")
    (case,) = load_testset(file)
    assert case.must_contain == (("45 days", "45-day"),)


def test_the_tables_name_every_figure_and_exit_code() -> None:
    """Nothing is missing and nothing is made up."""
    first_cells = " ".join(re.findall(r"^\| (`.*?) \|", README, re.MULTILINE))
    assert set(re.findall(r"`([^`]+)`", first_cells)) == set(MEASURES)
    codes = {int(code) for code in re.findall(r"^\| (\d) \|", README, re.MULTILINE)}
    tree = (each for each in vars(errors).values() if isinstance(each, type))
    classes = [each for each in tree if issubclass(each, errors.RagbotError)]
    assert codes == {0, 2} | {each.exit_code for each in classes if each is not errors.RagbotError}


@pytest.mark.slow
def test_the_python_example_runs(folder: Path) -> None:
    """As a program of its own, on the sample documents."""
    (example,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "answered" in done.stdout


@pytest.mark.slow
def test_the_commands_run(folder: Path) -> None:
    """One after the other, on the sample documents, but for those that need a network."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for command in commands():
        if " ".join(command).startswith(NEEDS_NETWORK):
            continue
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        if command[1] == "ask":
            said = "Which region" if command[2] in ASKS_BACK else "[1]"
            assert said in done.stdout, f"{command} was not answered: {done.stdout}"
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["overall"]["n"] > 300
