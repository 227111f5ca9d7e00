"""The house's rules: who may import whom, where each library lives, and the form of the values."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import pytest
from fakes import KeywordEmbedder, ScriptedGenerator
from passages import passage
from quick import HashedEmbedder

import ragbot
from ragbot import errors, types
from ragbot.answer.check.verifier import GroundingVerifier
from ragbot.protocols import Embedder, Generator, Verifier
from ragbot.types import Answer, Citation, Claim, Evidence, Turn, Understanding

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ragbot"

HOMES = {
    "Stemmer": ("text/words.py",),
    "accelerate": ("models/",),
    "charset_normalizer": ("ingest/decode.py",),
    "dateparser": ("dialogue/forms/dates.py",),
    "defusedxml": ("ingest/",),
    "docx": ("ingest/formats/office.py",),
    "faiss": ("index/dense.py",),
    "filelock": ("index/stage.py", "models/"),
    "gguf": ("models/",),
    "httpx": ("dialogue/handover/webhook.py", "models/remote.py"),
    "huggingface_hub": ("models/",),
    "jinja2": ("evaluate/page/page.py",),
    "langchain_text_splitters": ("ingest/split.py",),
    "lxml": ("ingest/formats/markup.py",),
    "markdown_it": ("ingest/formats/markdown.py",),
    "numpy": (
        "answer/",
        "dialogue/",
        "evaluate/resample.py",
        "gaps/",
        "index/",
        "ingest/staging.py",
        "models/",
        "protocols.py",
    ),
    "onnx": ("models/",),
    "onnxruntime": ("models/",),
    "openpyxl": ("ingest/formats/sheet.py",),
    "phonenumbers": ("dialogue/forms/fields.py",),
    "platformdirs": ("models/",),
    "pptx": ("ingest/formats/office.py",),
    "py3langid": ("text/language.py",),
    "pydantic": ("evaluate/summary.py", "settings.py"),
    "pydantic_settings": ("settings.py",),
    "pypdf": ("ingest/formats/pdf.py",),
    "pytest": ("pytest_plugin.py", "pytest_questions.py"),
    "rich": ("cli/", "evaluate/calibration_report.py", "evaluate/report.py"),
    "rapidfuzz": (
        "answer/check/align.py",
        "dialogue/forms/options.py",
        "text/slips.py",
    ),
    "regex": ("dialogue/forms/fields.py",),
    "rjieba": (
        "text/names.py",
        "text/words.py",
    ),
    "safetensors": ("models/",),
    "sklearn": ("index/leaning.py",),
    "tantivy": ("index/lexical.py",),
    "scipy": (
        "dialogue/classify/likeness.py",
        "dialogue/classify/ridge.py",
        "evaluate/resample.py",
        "gaps/cluster.py",
    ),
    "sentence_transformers": ("models/",),
    "tenacity": ("models/remote.py",),
    "tokenizers": ("models/",),
    "torch": ("models/",),
    "trafilatura": ("ingest/formats/web.py",),
    "transformers": ("models/",),
    "typer": ("cli/",),
    "yaml": ("evaluate/dialogues.py", "ingest/formats/markdown.py"),
}
"""Where a library may be imported: files and folders. Each has one home, but for these: numpy's arrays travel between
stages; generators and webhooks are both reached by HTTP; the store and the model cache are both locked against other
processes; front matter and dialogues are both YAML; slips are told in words of documents and in names of
options, and the words of a claim are aligned with a passage's; jieba cuts words and knows which are names;
settings and reports are both checked as they are read; pytest's
options are read always, its items made only where there is a test set."""

FOUNDATIONS = frozenset({"database", "durable", "errors", "protocols", "settings", "text", "types"})
"""What lies under all stages."""

BELOW: Mapping[str, frozenset[str]] = {
    "types": frozenset(),
    "durable": frozenset(),
    "database": frozenset({"errors"}),
    "errors": frozenset(),
    "protocols": frozenset({"types"}),
    "settings": frozenset({"errors"}),
    "trace": frozenset(),
    "text": frozenset({"errors", "types"}),
    "models": FOUNDATIONS - {"text"},
    "index": FOUNDATIONS | {"models"},
    "ingest": FOUNDATIONS | {"models", "index"},
    "dialogue": FOUNDATIONS | {"models"},
    "answer": FOUNDATIONS | {"models", "index", "trace"},
    "fingerprint": FOUNDATIONS | {"models", "index"},
    "calibration": FOUNDATIONS | {"models", "index", "fingerprint"},
    "inquiry": FOUNDATIONS | {"index", "trace"},
    "desk": FOUNDATIONS | {"dialogue", "inquiry"},
    "reception": FOUNDATIONS | {"index", "dialogue", "answer", "inquiry", "desk"},
    "consult": FOUNDATIONS | {"index", "dialogue", "answer", "calibration", "inquiry", "desk", "reception"},
    "bot": FOUNDATIONS
    | {"models", "index", "dialogue", "answer", "trace", "inquiry", "desk", "reception", "consult"},
    "evaluate": FOUNDATIONS,
    "gaps": FOUNDATIONS | {"models", "index", "dialogue"},
    "preview": FOUNDATIONS | {"evaluate"},
    "doctor": FOUNDATIONS | {"models", "index", "ingest", "dialogue", "answer", "calibration"},
    "cli": FOUNDATIONS
    | {
        "models",
        "index",
        "ingest",
        "dialogue",
        "answer",
        "bot",
        "evaluate",
        "calibration",
        "doctor",
        "fingerprint",
        "gaps",
        "preview",
        "__init__",
    },
    "__init__": FOUNDATIONS | {"bot", "dialogue", "index"},
    "pytest_questions": FOUNDATIONS | {"evaluate", "__init__"},
    "pytest_plugin": FOUNDATIONS | {"pytest_questions", "__init__"},
    "__main__": frozenset({"cli"}),
}
"""Which rooms each room may know. A knowledge base is filled by ingest, so ingest knows the index."""

UPWARD = {
    ("index/knowledge_base.py", "ragbot.ingest.sync"),
    ("index/knowledge_base.py", "ragbot.ingest.report"),
    ("index/knowledge_base.py", "ragbot.ingest.preview"),
}
"""The one way up: `KnowledgeBase.sync` and `preview`, shortcuts, know at call time (and for its types) who fills it."""


@dataclasses.dataclass(frozen=True)
class Import:
    """One import statement of the package."""

    file: str
    """Relative to `ragbot/`."""
    module: str
    deferred: bool
    """Whether it stands in a function, or serves type checkers alone."""


def _imports(node: ast.AST, file: str, deferred: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(file, each.name, deferred) for each in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module == "ragbot":
            yield from (Import(file, f"ragbot.{each.name}", deferred) for each in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.module, f"{file} has a relative import"
            yield Import(file, child.module, deferred)
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        yield from _imports(child, file, deferred or inside or typing)


@lru_cache(maxsize=1)
def imports() -> tuple[Import, ...]:
    """Every import of the package, wherever it stands."""
    found: list[Import] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += _imports(tree, path.relative_to(PACKAGE).as_posix(), deferred=False)
    return tuple(found)


def libraries() -> Iterator[Import]:
    for each in imports():
        if each.module.split(".")[0] not in sys.stdlib_module_names | {"ragbot"}:
            yield each


def room(name: str) -> str:
    """`index/dense.py` and `ragbot.index.dense` lie in `index`; names of the package itself in `__init__`."""
    first = re.split(r"[./]", name.removeprefix("ragbot."))[0]
    return first if first in BELOW else "__init__"


def test_each_library_has_its_home() -> None:
    """A library is imported in its home only, in functions too."""
    strays = [
        f"{each.file}: {each.module}"
        for each in libraries()
        if not any(
            each.file == home or (home.endswith("/") and each.file.startswith(home))
            for home in HOMES.get(each.module.split(".")[0], ())
        )
    ]
    assert strays == []


def test_every_library_is_declared() -> None:
    """What is imported is a dependency of the project or of its extra, not a guest of another one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = project["dependencies"] + extras["remote"] + extras["pytest"]
    declared = {re.split(r"[\[<>=;~! ]", each)[0].lower().replace("-", "_") for each in asked}
    named = {
        "Stemmer": "pystemmer",
        "docx": "python_docx",
        "faiss": "faiss_cpu",
        "markdown_it": "markdown_it_py",
        "phonenumbers": "phonenumberslite",
        "pptx": "python_pptx",
        "sklearn": "scikit_learn",
        "yaml": "pyyaml",
    }
    used = {each.module.split(".")[0] for each in libraries()}
    assert {named.get(library, library) for library in used} <= declared


def test_stages_import_downwards() -> None:
    """Data goes one way; a stage knows nothing of those above it or beside it."""
    wrong = [
        f"{each.file}: {each.module}"
        for each in imports()
        if each.module.startswith("ragbot.")
        and room(each.module) not in BELOW[room(each.file)] | {room(each.file)}
        and not (each.deferred and (each.file, each.module) in UPWARD)
    ]
    assert wrong == []


def test_the_rooms_have_an_order() -> None:
    """No two rooms may know each other."""
    placed: set[str] = set()
    while len(placed) < len(BELOW):
        ready = {name for name, below in BELOW.items() if name not in placed and below <= placed}
        if "__init__" not in placed:
            ready |= {
                name for name in ("cli",) if name not in placed and BELOW[name] - {"__init__"} <= placed
            }
        assert ready, f"in a circle: {set(BELOW) - placed}"
        placed |= ready


@pytest.mark.parametrize("module", ["types", "errors", "protocols", "trace"])
def test_the_lowest_floor_stands_alone(module: str) -> None:
    """Values, errors and seams import no library; arrays are named for type checkers only."""
    own = [each for each in libraries() if each.file == f"{module}.py"]
    assert all(each.deferred and each.module.split(".")[0] == "numpy" for each in own)


def test_importing_ragbot_loads_the_standard_library_only() -> None:
    """In a fresh process, with values, errors and seams."""
    program = (
        "import sys; before = {*sys.modules}\n"
        "import ragbot, ragbot.types, ragbot.errors, ragbot.protocols\n"
        "new = {name.split('.')[0] for name in {*sys.modules} - before}\n"
        "print(sorted(new - {*sys.stdlib_module_names} - {'ragbot'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        (
            "ragbot.bot",
            {"torch", "transformers", "onnxruntime", "langchain_text_splitters", "typer", "httpx"},
        ),
        ("ragbot.cli", {"torch", "transformers", "onnxruntime", "numpy", "faiss", "pydantic"}),
        ("ragbot.evaluate.run", {"torch", "numpy", "faiss", "transformers"}),
        ("ragbot.answer.quote", {"torch", "transformers", "faiss"}),
        ("ragbot.dialogue.sessions", {"numpy", "torch", "pydantic"}),
    ],
)
def test_heavy_libraries_wait_until_they_are_needed(module: str, unwanted: set[str]) -> None:
    """Importing a room does not load what only some of its uses need."""
    program = f"import sys, {module}; print(sorted({unwanted!r} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_error_is_in_the_tree_with_its_exit_code() -> None:
    """One `except RagbotError` catches all of them, and each ends the command line with its own code."""
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    tree = [each for each in classes if issubclass(each, errors.RagbotError)]
    assert tree == classes
    drawn = dict(re.findall(r"── (\w+)\s+.*exit (\d)", errors.__doc__ or ""))
    assert {name: int(code) for name, code in drawn.items()} == {
        each.__name__: each.exit_code for each in tree if each.__base__ is errors.RagbotError
    }
    public = {name for name in ragbot.__all__ if name.endswith("Error") or hasattr(errors, name)}
    assert public == {each.__name__ for each in tree}


def test_values_are_frozen_slotted_and_named() -> None:
    """A change makes a new value; fields are given by name."""
    values = [value for value in vars(types).values() if dataclasses.is_dataclass(value)]
    assert len(values) >= 13
    for value in values:
        assert isinstance(value, type)
        assert value.__dataclass_params__.frozen, value  # type: ignore[attr-defined]
        assert not hasattr(value, "__dict__") or "__slots__" in vars(value), value
        assert all(field.kw_only for field in dataclasses.fields(value)), value
    turn = Turn(role="user", text="hi")
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(turn, "text", "bye")  # noqa: B010 - mypy forbids it too


def an_answer() -> Answer:
    hit = passage("Refunds take 5 days.", title="Rückgabe", tags=["a", "退款"])
    citation = Citation(
        number=1,
        source="returns.md",
        title="Rückgabe",
        heading="",
        page=None,
        start=0,
        end=20,
        quote="Refunds take 5 days.",
    )
    claim = Claim(
        text="Refunds take 5 days.",
        verdict="supported",
        support=1.0,
        citations=(1,),
        evidence=Evidence(passage=1, start=0, end=20),
    )
    understanding = Understanding(
        question="How long?", standalone="How long?", language="en", entities=("Hub 2",)
    )
    return Answer(
        text="Refunds take 5 days. [1]",
        status="answered",
        reason="quoted",
        understanding=understanding,
        claims=(claim,),
        citations=(citation,),
        hits=(hit,),
        timings_ms={"search": 1.5, "total": 2.0},
    )


def test_an_answer_is_json_with_the_designs_names() -> None:
    """`to_dict` has these fields and no others, down to the passages, and survives a round trip."""
    plain = an_answer().to_dict()
    assert json.loads(json.dumps(plain, ensure_ascii=False)) == plain
    assert list(plain) == [
        "text",
        "status",
        "reason",
        "understanding",
        "claims",
        "citations",
        "hits",
        "confidence",
        "options",
        "related",
        "state",
        "handover",
        "session",
        "trace_id",
        "timings_ms",
    ]
    assert list(plain["understanding"]) == [
        "question",
        "standalone",
        "language",
        "intent",
        "intent_confidence",
        "sentiment",
        "urgency",
        "entities",
    ]
    assert set(plain["citations"][0]) == {
        "number",
        "source",
        "title",
        "heading",
        "page",
        "start",
        "end",
        "quote",
        "chunk_id",
    }
    assert {"text", "verdict", "support", "citations"} <= set(plain["claims"][0])
    assert set(plain["hits"][0]) == {
        "chunk",
        "score",
        "dense_rank",
        "dense_score",
        "lexical_rank",
        "lexical_score",
        "rerank_score",
        "sentence",
    }
    assert set(plain["hits"][0]["chunk"]) == {
        "id",
        "document_id",
        "source",
        "title",
        "heading",
        "text",
        "start",
        "end",
        "page",
        "meta",
    }
    assert plain["hits"][0]["chunk"]["meta"]["tags"] == ["a", "退款"]


def test_the_fakes_fit_the_seams() -> None:
    """What tests plug in has the shape that the protocols ask for; type checkers read this."""
    embedders: list[Embedder] = [KeywordEmbedder("refund"), HashedEmbedder()]
    generator: Generator = ScriptedGenerator("Hello.")
    verifier: Verifier = GroundingVerifier()
    for embedder in embedders:
        assert embedder.embed(["refund"], kind="query").shape == (1, embedder.dimension)
    assert generator.count_tokens([]) == 0
    assert verifier.verify("", []) == []
