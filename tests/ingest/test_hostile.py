"""Files that are broken, lie, or attack: each is skipped with its own reason or read with a note, and the good
files around it are read. All lie in one folder and are read by the same two processes.
"""

from __future__ import annotations

import io
import json
import os
import random
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from ingest_files import PNG, cyclic_pdf, docx, pdf, pptx, with_entry, xlsx, zipped

from ragbot.errors import InputError
from ragbot.ingest.blocks import Parsed, Skipped
from ragbot.ingest.files import Found, list_files, printable
from ragbot.ingest.limits import Limits
from ragbot.ingest.loader import Loader

LIMITS = Limits(file_seconds=20, file_memory_mb=1024, max_file_mb=30, max_unpacked_mb=60)
GOOD = "# Returns\n\nSend it back within 30 days.\n"
BOMB = b"<w:document>" + b" " * 50_000_000 + b"</w:document>"
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]><w:document>&j;</w:document>"
)
XXE = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document>&e;</w:document>'
)
TALL = with_entry(
    xlsx({"S": [["A", "B"], ["x", "y"]]}),
    "xl/worksheets/sheet1.xml",
    b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c>'
    b'<c r="B1" t="inlineStr"><is><t>Size</t></is></c></row><row r="1048576"><c r="A1048576" t="inlineStr"><is>'
    b"<t>lamp</t></is></c></row></sheetData></worksheet>",
)
ALIASES = "---\na: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)
)


def _many_entries() -> bytes:
    out = io.BytesIO(xlsx({"S": [["a"]]}))
    with zipfile.ZipFile(out, "a") as archive:
        for i in range(20_001):
            archive.writestr(f"xl/{i}", b"")
    return out.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes | str], str]] = {
    "empty.md": (lambda: b"", "is empty"),
    "blank.txt": (lambda: " \n\t\r\n ", "holds no text"),
    "bom-only.md": (lambda: b"\xef\xbb\xbf", "holds no text"),
    "nul-bytes.txt": (lambda: bytes(range(256)) * 40, "NUL bytes"),
    "noise.txt": (lambda: random.Random(5).randbytes(4000), "NUL bytes"),
    "only-comments.md": (lambda: "<!-- a -->\n<!-- b -->", "holds no text"),
    "only-script.html": (lambda: "<html><script>var a = 1</script></html>", "holds no readable text"),
    "cut.pdf": (lambda: pdf([["Title", "text"]])[:400], "damaged or cut-off PDF"),
    "no-pages.pdf": (lambda: b"%PDF-1.4\n%%EOF", "damaged or cut-off PDF"),
    "locked.pdf": (lambda: pdf([["Title", "text"]], password="s3cret"), "protected with a password"),
    "scanned.pdf": (lambda: pdf([["a"], ["b"]], image_only=True), "run OCR"),
    "cyclic.pdf": (cyclic_pdf, "PDF"),
    "no-header.pdf": (lambda: b"hello, I am text", "does not begin with %PDF"),
    "cut.docx": (lambda: docx()[:-3000], "damaged or cut-off archive"),
    "cut.xlsx": (lambda: xlsx({"S": [["a"]]})[:1500], "damaged or cut-off archive"),
    "bad-crc.docx": (lambda: _flip(docx()), "archive"),
    "no-body.docx": (lambda: with_entry(docx(), "word/document.xml", b"<nonsense"), "damaged Word document"),
    "bomb.docx": (lambda: with_entry(docx(), "word/document.xml", BOMB), "zip bomb"),
    "huge.docx": (
        lambda: with_entry(docx(), "word/media/a.bin", random.Random(1).randbytes(10) * 7_000_000),
        "unpacks",
    ),
    "laughs.docx": (lambda: with_entry(docx(), "word/document.xml", LAUGHS), "XML entities"),
    "xxe.docx": (lambda: with_entry(docx(), "word/document.xml", XXE), "XML entities"),
    "xxe.xlsx": (lambda: with_entry(xlsx({"S": [["a"]]}), "xl/sharedStrings.xml", XXE), "XML entities"),
    "nested-zip.docx": (
        lambda: zipped({"a.zip": zipped({"b.zip": zipped({"c": b"x"})})}),
        "not a Word document",
    ),
    "many-entries.xlsx": (_many_entries, "an archive of 200"),
    "no-text.pptx": (lambda: pptx([("", "")]), "holds no text"),
    "no-cells.xlsx": (lambda: xlsx({"S": []}), "no filled cells"),
    "old-word.docx": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "password-protected"),
    "picture.docx": (lambda: PNG, "PNG picture"),
    "is-pdf.txt": (lambda: pdf([["Title", "text"]]), "rename it to .pdf"),
    "is-png.md": (lambda: PNG, "is a PNG picture, not a text file"),
    "is-zip.csv": (lambda: zipped({"a.txt": b"a"}), "is a zip archive, not a text file"),
    "is-docx.txt": (docx, "rename it to .docx"),
    "is-xlsx.docx": (lambda: xlsx({"S": [["a"]]}), "is an Excel workbook, not a Word document"),
    "is-text.pptx": (lambda: "just words", "is not a PowerPoint file"),
    "all-broken.jsonl": (lambda: "{broken\n[also\n", "no line that can be read"),
    "deep.jsonl": (lambda: "[" * 200_000, "nested too deep"),
    "blank-rows.csv": (lambda: ",,\n,,\n", "no rows"),
    "too-large.txt": (lambda: b"a" * (31 << 20), "ingest.max_file_mb"),
}

READ: dict[str, tuple[Callable[[], bytes | str], str]] = {
    "mixed.txt": (lambda: "ü ö 中文 text ".encode() + b"\xe4\xff end", "read as"),
    "latin.txt": (lambda: "Größe und Maße".encode("cp1252"), ""),
    "html.txt": (lambda: "<p>text with tags</p>", ""),
    "ragged.csv": (lambda: "a,b\n1,2\n3\n4,5,6\n", "line 3 has 1 fields, the header 2"),
    "giant-field.csv": (lambda: "name,text\nx," + "word " * 100_000 + "\n", ""),
    "open-quote.csv": (lambda: 'name,text\nx,"never closed\n' + "y,z\n" * 400, "never closed"),
    "broken-line.jsonl": (lambda: '{"text": "good"}\n{oops\n{"text": "fine"}\n', "line 2 is no valid JSON"),
    "surrogates.jsonl": (lambda: '{"text": "lone \\ud800 surrogate"}', ""),
    "one-line.txt": (lambda: "long line " * 2_000_000, ""),
    "divs.html": (lambda: "<body>" + "<div>" * 50_000 + "deep text" + "</div>" * 50_000, "nested"),
    "quotes.md": (lambda: ">" * 5_000 + " deep quote", ""),
    "lists.md": (lambda: "".join("  " * i + "- item\n" for i in range(400)), "nested"),
    "brackets.md": (lambda: "[" * 4_000 + "x" + "]" * 4_000, ""),
    "aliases.md": (lambda: ALIASES + "---\nBody text.\n", "YAML aliases"),
    "list-front.md": (lambda: "---\n- a\n- b\n---\nBody text.\n", "is a list"),
    "open-front.md": (lambda: "---\ntitle: x\n\nBody text.\n", "no closing ---"),
    "bad-front.md": (lambda: "---\na: [1,\n---\nBody text.\n", "no valid YAML"),
    "python-front.md": (
        lambda: "---\na: !!python/object/apply:os.system [id]\n---\nBody.\n",
        "no valid YAML",
    ),
    "tall.xlsx": (lambda: TALL, ""),
    "emoji-😀-名字.md": (lambda: GOOD, ""),
    ("n" * 240) + ".md": (lambda: GOOD, ""),
}


def _flip(data: bytes) -> bytes:
    middle = data.index(b"word/document.xml") + 200
    return data[:middle] + bytes(byte ^ 255 for byte in data[middle : middle + 40]) + data[middle + 40 :]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parsed | Skipped]:
    """What became of every file of the folder, by name."""
    folder = tmp_path_factory.mktemp("hostile")
    for i, (name, (make, _)) in enumerate({**REFUSED, **READ}.items()):
        data = make()
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
        if i % 10 == 0:
            (folder / f"good-{i}.md").write_text(GOOD)
    found: dict[str, Parsed | Skipped] = {}
    files = [each for each in list_files(folder, limits=LIMITS) if not _note(each, found)]
    with Loader(LIMITS, workers=2) as loader:
        for path, result in loader.load_many(each.path for each in files if isinstance(each, Found)):
            found[path.name] = result
    return found


def _note(each: Found | Skipped, found: dict[str, Parsed | Skipped]) -> bool:
    if isinstance(each, Skipped):
        found[each.source] = each
        return True
    return False


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_its_reason(results: dict[str, Parsed | Skipped], name: str) -> None:
    """The reason names what is wrong, on one line."""
    result = results[name]
    assert isinstance(result, Skipped), result
    assert REFUSED[name][1] in result.reason
    assert "\n" not in result.reason
    json.dumps([result.source, result.reason]).encode()


@pytest.mark.parametrize("name", READ)
def test_read_with_its_note(results: dict[str, Parsed | Skipped], name: str) -> None:
    """What can be read is read, and what was wrong is noted."""
    result = results[name]
    assert isinstance(result, Parsed), result
    assert READ[name][1] in " ".join(result.notes)
    text = "\n".join(block.text for block in result.blocks)
    assert text.strip()
    assert "\x00" not in text
    text.encode("utf-8")


def test_good_neighbours_are_read(results: dict[str, Parsed | Skipped]) -> None:
    """Whatever lies beside it, a good file is read."""
    good = {name: result for name, result in results.items() if name.startswith("good-")}
    assert len(good) >= 5
    for result in good.values():
        assert isinstance(result, Parsed)
        assert result.blocks[1].text == "Send it back within 30 days."


def test_ragged_rows_keep_all_fields(results: dict[str, Parsed | Skipped]) -> None:
    """A field beyond the header is not lost."""
    result = results["ragged.csv"]
    assert isinstance(result, Parsed)
    assert [block.text for block in result.blocks] == ["a: 1; b: 2", "a: 3", "a: 4; b: 5; 6"]


def test_names_and_special_files(tmp_path: Path) -> None:
    """Pipes, sockets, links and odd names each have their reason; hidden names none at all."""
    (tmp_path / "good.md").write_text(GOOD)
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "folder.md" / "inner.md").write_text(GOOD)
    (tmp_path / "inside-link.md").symlink_to(tmp_path / "good.md")
    (tmp_path / ".hidden.md").write_text(GOOD)
    (tmp_path / "_draft.md").write_text(GOOD)
    (tmp_path / "clip.mp4").write_bytes(b"\0")
    (tmp_path / "README").write_text("x")
    (tmp_path / "line\nbreak.md").write_text(GOOD)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/bytes-\xff.md")).write_text(GOOD)
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "out.md").symlink_to("/etc/passwd")
    (tmp_path / "dangling.md").symlink_to(tmp_path / "nowhere.md")
    (tmp_path / "loop.md").symlink_to(tmp_path / "loop.md")
    (tmp_path / "up").symlink_to(tmp_path)
    with socket.socket(socket.AF_UNIX) as unix:
        here = Path.cwd()
        os.chdir(tmp_path)  # a socket's path may have 100 characters at most
        unix.bind("socket.md")
        os.chdir(here)
        each = list(list_files(tmp_path))
    assert [f.source for f in each if isinstance(f, Found)] == [
        "folder.md/inner.md",
        "good.md",
        "inside-link.md",
    ]
    reasons = {f.source: f.reason for f in each if isinstance(f, Skipped)}
    for source, fragment in {
        "clip.mp4": "files of type .mp4",
        "README": "files without a suffix",
        "line\\nbreak.md": "control characters",
        "bytes-\\xff.md": "not UTF-8",
        "pipe.md": "a pipe",
        "socket.md": "a socket",
        "out.md": "points out of the folder",
        "dangling.md": "does not exist",
        "loop.md": "leads back to itself",
        "up": "folder above itself",
    }.items():
        assert fragment in reasons.pop(source)
    assert reasons == {}
    assert [f.source for f in each if isinstance(f, Skipped) and f.unsupported] == ["README", "clip.mp4"]
    json.dumps([f.source for f in each], ensure_ascii=False).encode()


def test_listing_is_the_same_every_time(tmp_path: Path) -> None:
    """Files come sorted, folder by folder."""
    for name in ("b.md", "a.txt", "c/z.md", "c/a.md", "中.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [each.source for each in list_files(tmp_path)] == ["a.txt", "b.md", "c/a.md", "c/z.md", "中.md"]


def test_a_missing_path_is_the_callers_mistake(tmp_path: Path) -> None:
    """A path that was given and does not exist is an error, not a skipped file."""
    with pytest.raises(InputError, match="no longer exists"):
        list(list_files(tmp_path / "nothing"))


def test_printable_names_are_json() -> None:
    """Any name can be written to a report."""
    assert printable("a\n\u202eb\udcff") == "a\\n\\u202eb\\xff"
