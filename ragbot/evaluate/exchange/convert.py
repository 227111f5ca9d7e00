"""From a file or folder of another tool to cases, and from cases and a report to such files.

The one place that knows all formats; each format knows only itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ragbot.errors import InputError
from ragbot.evaluate.exchange import beir, deepeval, ragas, table, trec
from ragbot.evaluate.exchange.naming import as_retrieved
from ragbot.evaluate.exchange.rows import BadRow, Numbered, Problems, read_rows, write
from ragbot.evaluate.exchange.sample import Places, from_case, to_case
from ragbot.evaluate.testset import Case
from ragbot.evaluate.values import EvalReport
from ragbot.types import Document

ImportFormat = Literal["beir", "ragas", "deepeval", "csv"]
ExportFormat = Literal["trec", "beir", "ragas", "deepeval"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Cases, and what a person should know about how they came to be."""

    format: ImportFormat
    cases: tuple[Case, ...]
    notes: tuple[str, ...] = ()


def detect(path: Path) -> ImportFormat:
    """The format of a file or folder. Raises `InputError` where it is none of those known."""
    if path.is_dir():
        if beir.is_folder(path):
            return "beir"
        raise InputError(
            f"{path} is no BEIR folder: it needs {beir.QUERIES} and {' or '.join(beir.QRELS[:2])}"
        )
    keys = {key for numbered in read_rows(path)[:20] for key in numbered.row}
    if keys & ragas.KEYS or {"question", "contexts"} <= keys:
        return "ragas"
    if keys & deepeval.KEYS or "input" in keys:
        return "deepeval"
    if path.suffix.lower() in (".csv", ".tsv"):
        return "csv"
    raise InputError(
        f"{path} is of no known format (its rows have {', '.join(sorted(keys)[:10])}); say which with --format"
    )


def import_testset(
    path: Path,
    *,
    format: ImportFormat | None = None,
    documents: Iterable[Document] | None = None,
    unanswerable: bool = False,
) -> Imported:
    """The cases of a file or folder. With `documents`, the texts that RAGAS and DeepEval rows name as holding the
    answer are looked up in them. `unanswerable`: see `beir.read_queries`.

    Raises `InputError` for what cannot be read, `TestsetError` with every malformed row.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist")
    chosen = format or detect(path)
    if chosen == "beir":
        found = beir.read_queries(path, unanswerable=unanswerable)
        left = f"{found.unjudged} queries without a relevant passage were left out"
        return Imported(format="beir", cases=found.cases, notes=(left,) if found.unjudged else ())
    places = Places(documents) if documents is not None else None
    cases = _cases(path, chosen, places)
    return Imported(
        format=chosen, cases=cases, notes=tuple(_notes(cases, chosen, located=places is not None))
    )


def _cases(path: Path, format: ImportFormat, places: Places | None) -> tuple[Case, ...]:
    problems = Problems(path)
    cases: list[Case] = []
    lines: dict[str, int] = {}
    for count, numbered in enumerate(read_rows(path), 1):
        try:
            case = _one(numbered, format, f"{path.stem}-{count:04}", places)
        except BadRow as error:
            problems.add(numbered.line, error)
            continue
        if case.id in lines:
            problems.add(numbered.line, f"id {case.id!r} is already used in line {lines[case.id]}")
        lines.setdefault(case.id, numbered.line)
        cases.append(case)
    problems.raise_any()
    return tuple(cases)


def _one(numbered: Numbered, format: ImportFormat, id: str, places: Places | None) -> Case:
    if format == "csv":
        return table.read(numbered.row, id=id)
    read = ragas.read if format == "ragas" else deepeval.read
    return to_case(read(numbered.row), id=id, places=places)


def _notes(cases: Sequence[Case], format: ImportFormat, *, located: bool) -> Iterable[str]:
    without = sum(1 for case in cases if case.expect == "answered" and not case.sources)
    if without and located:
        yield f"{without} of {len(cases)} questions have no document that holds their texts"
    elif without and format != "csv":
        yield f"{without} of {len(cases)} questions name no document; --kb looks their texts up in one"
    unknown = sum(1 for case in cases if case.expect is None)
    if unknown:
        yield f"{unknown} of {len(cases)} questions have nothing that tells a right answer; give them `expect`"


def export_testset(
    cases: Sequence[Case],
    format: ExportFormat,
    out: Path,
    *,
    report: EvalReport | None = None,
    documents: Sequence[Document] = (),
    contexts: Mapping[str, Sequence[str]] | None = None,
) -> list[Path]:
    """Write the cases to `out`, a file (ragas, deepeval) or a folder (trec, beir); the files written.

    A `report` adds what the bot retrieved and said, `documents` the corpus of a BEIR folder, `contexts` (case id ->
    passages) the texts that the bot was given. Raises `InputError` where the report is of another test set.
    """
    rows = {row.id: row for row in report.rows} if report is not None else {}
    if report is not None and not {case.id for case in cases} & set(rows):
        raise InputError("the report has none of the test set's questions; is it of another one?")
    if format in ("ragas", "deepeval"):
        samples = [from_case(case, rows.get(case.id), contexts or {}) for case in cases]
        text = ragas.write(samples) if format == "ragas" else deepeval.write(samples)
        return _written({out: text})
    named = as_retrieved(cases, [source for row in rows.values() for source in row.retrieved])
    if format == "beir":
        files = {
            out / beir.QUERIES: beir.write_queries(named),
            out / beir.QRELS[0]: beir.write_qrels(named),
        }
        return _written(files | ({out / beir.CORPUS: beir.write_corpus(documents)} if documents else {}))
    qrels = {case.id: dict.fromkeys(case.sources, 1) for case in named if case.sources}
    files = {out / "qrels.txt": trec.write_qrels(qrels)}
    if report is not None:
        run = {case.id: trec.ranking(rows[case.id].retrieved) for case in named if case.id in rows}
        files[out / "run.txt"] = trec.write_run(run)
    return _written(files)


def _written(files: Mapping[Path, str]) -> list[Path]:
    for path, text in files.items():
        write(path, text)
    return list(files)


def write_corpus(folder: Path, out: Path) -> int:
    """Write each passage of a BEIR folder as a file into `out`, a new or empty folder; how many."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is not empty; name a folder that does not exist")
    count = 0
    for name, text in beir.passages(folder):
        write(out / name, text)
        count += 1
    return count
