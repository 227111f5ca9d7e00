"""`ragbot testset`: check test sets, bring them in and out, and draft a first one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb, open_filled, read_settings
from ragbot.cli.output import say, say_json, warn
from ragbot.errors import InputError

if TYPE_CHECKING:
    from ragbot.evaluate.exchange.convert import ExportFormat, ImportFormat
    from ragbot.evaluate.testset import Case
    from ragbot.types import Document

_MOST_SHOWN = 30

File = Annotated[Path, typer.Argument(metavar="TESTSET", help="JSON Lines, one question a line.")]
Out = Annotated[Path, typer.Option("-o", "--output", metavar="PATH", help="Where to write.")]
Documents = Annotated[
    Path | None,
    typer.Option("--kb", envvar="RAGBOT_KB", help="Folder of the knowledge base with the documents."),
]
Force = Annotated[bool, typer.Option("--force", help="Write over what is there.")]


def check(file: File, kb: Documents = None, config: Config = None, json: Json = False) -> None:
    """Check a test set: malformed rows, each with its line; how many questions of what; and what is doubtful.

    With --kb also whether its sources exist, whether they say the facts, and whether a question stands in a document
    word for word. Ends with 6 where a row is malformed or a source unknown, else with 0.
    """
    from ragbot.evaluate.remarks import counts, remarks
    from ragbot.evaluate.testset import load_testset, resolve_sources

    cases: Sequence[Case] = load_testset(file)
    documents = _documents(kb, config)
    if documents is not None:
        cases = resolve_sources(cases, (document.source for document in documents))
    count, found = counts(cases), remarks(cases, documents)
    if json:
        say_json({"counts": count, "remarks": found})
        return
    say(f"{count.questions} questions, well formed")
    for name, numbers in (
        ("language", count.by_language),
        ("expected", count.by_expected),
        ("tag", count.by_tag),
    ):
        if numbers:
            say(f"  by {name}: " + ", ".join(f"{key} {number}" for key, number in numbers.items()))
    lines = _lines(file, cases)
    for remark in found[:_MOST_SHOWN]:
        where = f"line {', '.join(str(lines[id]) for id in remark.ids[:3])}: " if remark.ids else ""
        warn(f"{remark.kind:13} {where}{remark.message}")
    if len(found) > _MOST_SHOWN:
        warn(f"{len(found) - _MOST_SHOWN} more; --json has all")


def import_testset(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="A file, or the folder of a BEIR set.")],
    output: Out,
    *,
    format: Annotated[
        str, typer.Option("--format", help="beir, ragas, deepeval or csv; default: told by the content.")
    ] = "",
    kb: Documents = None,
    corpus: Annotated[
        Path | None,
        typer.Option(
            "--corpus", metavar="DIR", help="Of a BEIR set: also write its passages here, to be indexed."
        ),
    ] = None,
    unanswerable: Annotated[
        bool,
        typer.Option("--unanswerable", help="Of a BEIR set: questions without a passage expect silence."),
    ] = False,
    force: Force = False,
    config: Config = None,
) -> None:
    """Make a test set of another tool's.

    RAGAS and DeepEval rows know texts where ragbot knows documents: with --kb, they are looked up.
    """
    from ragbot.evaluate.exchange.convert import import_testset as convert
    from ragbot.evaluate.exchange.convert import write_corpus
    from ragbot.evaluate.exchange.native import to_text
    from ragbot.evaluate.exchange.rows import write

    chosen = _import_format(format)
    _must_be_new(output, force=force)
    imported = convert(source, format=chosen, documents=_documents(kb, config), unanswerable=unanswerable)
    if corpus is not None and imported.format != "beir":
        raise InputError(f"--corpus is for BEIR sets, and {source} is {imported.format}")
    if corpus is not None:
        warn(f"{write_corpus(source, corpus)} passages in {corpus}; next: ragbot index {corpus}")
    write(output, to_text(imported.cases))
    for note in imported.notes:
        warn(note)
    warn(f"{len(imported.cases)} questions ({imported.format}) written to {output}")


def export_testset(
    file: File,
    output: Out,
    *,
    format: Annotated[str, typer.Option("--format", help="trec, beir, ragas or deepeval.")],
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="FILE", help="What `ragbot eval --json` wrote: adds what the bot did."
        ),
    ] = None,
    kb: Documents = None,
    force: Force = False,
    config: Config = None,
) -> None:
    """Write a test set, and with --report what the bot found and said, in another tool's format.

    With --kb, sources are named as there, a BEIR folder gets its corpus, and RAGAS and DeepEval rows the passages that
    the bot finds; without, the quotes that its answers cite.
    """
    from ragbot.evaluate.exchange.convert import export_testset as convert
    from ragbot.evaluate.summary import read_report
    from ragbot.evaluate.testset import load_testset, resolve_sources

    chosen = _export_format(format)
    _must_be_new(output, force=force)
    cases: Sequence[Case] = load_testset(file)
    read = read_report(report) if report is not None else None
    documents: Sequence[Document] = ()
    contexts: Mapping[str, Sequence[str]] = {}
    if kb is not None:
        settings = read_settings(config)
        with open_filled(kb, settings) as opened:
            documents = opened.documents()
            cases = resolve_sources(cases, (document.source for document in documents))
            if chosen in ("ragas", "deepeval"):
                contexts = {
                    case.id: [
                        hit.chunk.text
                        for hit in opened.search(case.question, k=settings.search.k, history=case.history)
                    ]
                    for case in cases
                }
    written = convert(cases, chosen, output, report=read, documents=documents, contexts=contexts)
    warn(f"{len(cases)} questions written to {', '.join(map(str, written))}")


def score(
    file: File,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A TREC run: query Q0 document rank score tag.")],
    json: Json = False,
) -> None:
    """Measure how well another search finds the sources of a test set.

    The formulas are those of `ragbot eval`; it counts passages, a run documents.
    """
    from ragbot.evaluate.exchange.score import score as measure
    from ragbot.evaluate.exchange.trec import read_run
    from ragbot.evaluate.judge import DEPTH
    from ragbot.evaluate.testset import load_testset

    found = measure(load_testset(file), read_run(run), depth=DEPTH)
    if json:
        say_json(found)
        return
    for name, value in found.figures.items():
        say(f"{name:10} {value:.3f}")
    say(f"{found.questions} questions with sources, first {DEPTH} documents")
    if found.missing:
        warn(f"{found.missing} of them are not in the run and count as not found")


def draft(
    output: Out,
    *,
    n: Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many questions.")] = 50,
    language: Annotated[
        str, typer.Option("--language", help="Only documents in this language: en, zh, ...")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", help="The same seed and documents give the same draft.")] = 0,
    force: Force = False,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
) -> None:
    """Let the generator of the settings propose questions out of the documents, for people to edit.

    Kept is what rests on words of its passage. Each has the tag `draft` until somebody has read it.
    """
    from ragbot.evaluate.drafting import draft as propose
    from ragbot.evaluate.exchange.native import to_text
    from ragbot.evaluate.exchange.rows import write
    from ragbot.models.generate import load_generator

    _must_be_new(output, force=force)
    settings = read_settings(config)
    with open_filled(kb, settings) as opened:
        generator = load_generator(settings.generator, settings.models)
        cases = propose(opened, generator, n, language=language, seed=seed)
    write(output, to_text(cases))
    warn(f"{len(cases)} questions written to {output}")
    if len(cases) < n:
        warn(f"the documents gave no more than that; {n} were asked for")
    warn("next: read each, correct or delete it, take its tag `draft` away, and run `ragbot testset check`")


def _documents(kb: Path | None, config: Path | None) -> list[Document] | None:
    if kb is None:
        return None
    with open_filled(kb, read_settings(config)) as opened:
        return opened.documents()


def _lines(file: Path, cases: Sequence[Case]) -> dict[str, int]:
    """Line of each case: cases are the lines that are not blank, in order."""
    filled = [number for number, line in enumerate(file.read_bytes().split(b"\n"), 1) if line.strip()]
    return {case.id: number for case, number in zip(cases, filled, strict=True)}


def _must_be_new(output: Path, *, force: bool) -> None:
    if output.exists() and not force:
        raise InputError(f"{output} is there already; name another path, or give --force")


def _import_format(name: str) -> ImportFormat | None:
    from typing import get_args

    from ragbot.evaluate.exchange.convert import ImportFormat

    found = next((each for each in get_args(ImportFormat) if each == name), None)
    if name and found is None:
        raise typer.BadParameter(
            f"{name!r} is none of {', '.join(get_args(ImportFormat))}", param_hint="--format"
        )
    return found


def _export_format(name: str) -> ExportFormat:
    from typing import get_args

    from ragbot.evaluate.exchange.convert import ExportFormat

    found: ExportFormat | None = next((each for each in get_args(ExportFormat) if each == name), None)
    if found is None:
        raise typer.BadParameter(
            f"{name!r} is none of {', '.join(get_args(ExportFormat))}", param_hint="--format"
        )
    return found
