"""Runs syncs and searches in processes that can be killed. Reads one JSON command a line, answers with one
JSON line. A command runs in a fork of this process, which has everything imported already: a run that is
killed costs no start.

    {"do": "sync", "kb": DIR, "shop": DIR, "step": NAME?, "delay": SECONDS?}   killed at that step, or then
    {"do": "preview", ...}, {"do": "publish", "kb": DIR}, {"do": "rollback", "kb": DIR}    the same, as sync
    {"do": "read", "kb": DIR, "seconds": S}                                    searches all the while
    {"do": "squeeze", "kb": DIR, "run": {COMMAND}, "bytes": N}                 runs with files of at most N bytes
    {"do": "look", "kb": DIR}                                                  as nobody, if we are root
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quick import DirectLoader, open_quick

from ragbot.errors import KnowledgeBaseError
from ragbot.index import check, dense
from ragbot.index.revise import publish_preview
from ragbot.index.rollback import rollback
from ragbot.ingest.preview import preview
from ragbot.ingest.sync import sync
from ragbot.text.language import detect
from ragbot.text.words import terms


def killer(command: dict[str, Any]) -> Callable[[str], None]:
    def step(name: str) -> None:
        if name == command.get("step"):
            os.kill(os.getpid(), signal.SIGKILL)

    return step


def run_sync(command: dict[str, Any]) -> dict[str, Any]:
    with open_quick(Path(command["kb"])) as kb:
        report = sync(kb, command["shop"], loader=DirectLoader(), step=killer(command))
    return {"chunks": report.chunks}


def run_preview(command: dict[str, Any]) -> dict[str, Any]:
    with (
        open_quick(Path(command["kb"])) as kb,
        preview(kb, command["shop"], loader=DirectLoader(), step=killer(command)) as made,
    ):
        return {"chunks": made.report.chunks, "embedded": made.report.embedded}


def run_publish(command: dict[str, Any]) -> dict[str, Any]:
    with open_quick(Path(command["kb"])) as kb, kb.previewed() as made:
        return {"revision": publish_preview(kb, made.stamp, step=killer(command))}


def run_rollback(command: dict[str, Any]) -> dict[str, Any]:
    with open_quick(Path(command["kb"])) as kb:
        return {"chunks": rollback(kb, step=killer(command)).chunks}


def run_read(command: dict[str, Any]) -> dict[str, Any]:
    """Threads that search until the time is over; every search must be of one version, whole."""
    problems: list[str] = []
    searches: list[int] = []
    end = time.monotonic() + float(command["seconds"])

    def work() -> None:
        count = 0
        try:
            while time.monotonic() < end:
                hits = kb.search("lamp parcel version", k=1000)
                versions = {hit.chunk.text.rsplit(" ", 1)[1] for hit in hits}
                sources = [hit.chunk.source for hit in hits]
                if len(versions) != 1 or len(sources) != command["documents"]:
                    problems.append(f"mixed: {versions} in {len(sources)} passages")
                kb.document(hits[0].chunk.document_id)
                count += 1
        except BaseException:  # the test wants to see whatever a reader sees
            problems.append(traceback.format_exc())
        searches.append(count)

    with open_quick(Path(command["kb"])) as kb:
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return {"problems": problems, "searches": sum(searches)}


def run_look(command: dict[str, Any]) -> dict[str, Any]:
    if os.getuid() == 0:
        with tempfile.TemporaryDirectory() as folder, open_quick(Path(folder)) as kb:
            sync(kb, command["shop"], loader=DirectLoader())  # imports what nobody may not read
            kb.search("lamp")
        os.setgid(65534)
        os.setuid(65534)
    with open_quick(Path(command["kb"])) as kb:
        found = [hit.chunk.source for hit in kb.search("lamp", k=100)]
        problem = ""
        try:
            sync(kb, command["shop"], loader=DirectLoader())
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        return {"sources": found, "problem": problem}


def run_squeeze(command: dict[str, Any]) -> dict[str, Any]:
    """A run that may not make any file larger than so many bytes: what a full disk does to it."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (command["bytes"], command["bytes"]))
    try:
        RUNS[command["run"]["do"]](command["run"])
    except Exception as error:
        return {"problem": f"{type(error).__name__}: {error}"}
    return {"problem": "OK"}


RUNS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "sync": run_sync,
    "preview": run_preview,
    "publish": run_publish,
    "rollback": run_rollback,
    "read": run_read,
    "look": run_look,
    "squeeze": run_squeeze,
}


def run(command: dict[str, Any]) -> dict[str, Any]:
    """The command's answer, or how the process that ran it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = RUNS[command["do"]](command)
        except KnowledgeBaseError as error:
            answer = {"problem": str(error)}
        except BaseException:
            answer = {"error": traceback.format_exc()}
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    if "delay" in command:
        time.sleep(command["delay"])
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    heard: dict[str, Any] = json.loads(content)
    return heard


def main() -> None:
    terms("warm up 预热")
    detect("a text that makes the language model load")
    dense._faiss()
    assert check
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
