"""What is installed: complete, typed, and quick to import."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import ragbot

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    """Modules, `py.typed` and data files; no tests, no caches."""
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    files = (path.relative_to(ROOT) for path in (ROOT / "ragbot").rglob("*") if path.is_file())
    wanted = {path.as_posix() for path in files if path.suffix != ".pyc"}
    assert inside == wanted
    assert "ragbot/py.typed" in inside


def test_the_installed_wheel_runs(wheel: Path, tmp_path: Path) -> None:
    """In a fresh environment, where ragbot comes from the wheel and what it needs from this one."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--no-index",
        "-q",
    ]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    (site,) = venv.glob("lib/python3*/site-packages")
    (site / "what_it_needs.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    program = "import ragbot; print(ragbot.__file__); ragbot.Bot, ragbot.KnowledgeBase"
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.strip() == str(site / "ragbot" / "__init__.py"), done.stderr
    done = subprocess.run([venv / "bin" / "ragbot", "--version"], capture_output=True, text=True, check=False)
    assert done.stdout == f"ragbot {ragbot.__version__}\n"


def test_the_version_is_told_once() -> None:
    """The project file and the package agree."""
    assert f'version = "{ragbot.__version__}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_importing_loads_nothing_heavy() -> None:
    """`import ragbot` loads no third-party library, and the values and errors none either."""
    program = (
        "import sys; import ragbot; ragbot.Answer; ragbot.RagbotError; "
        "print({'torch', 'numpy', 'pydantic', 'faiss', 'transformers', 'onnxruntime'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_every_public_name_is_there() -> None:
    """`__all__`, `dir()` and what can be imported are the same."""
    assert dir(ragbot) == sorted(ragbot.__all__)
    for name in ragbot.__all__:
        assert getattr(ragbot, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Robot'"):
        _ = ragbot.Robot
