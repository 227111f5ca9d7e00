"""The process in which files are parsed: `python -m ragbot.ingest.worker`.

Says `{}` when it is ready, then reads one JSON request per line on standard input and answers each with one
JSON line on what was standard output. Bound by `limits.confine` before the first file; ends when its input
ends. Knows nothing of models, settings or the knowledge base.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from ragbot.ingest.document import parsed_to_json
from ragbot.ingest.limits import OUT_OF_MEMORY, Limits, Refused, confine, confine_cpu, too_hungry
from ragbot.ingest.load import parse_file

_RECURSION = 3000


def main() -> int:
    """Serve requests until standard input ends."""
    os.environ["OPENPYXL_LXML"] = "False"  # openpyxl then reads all XML through defusedxml
    answers = os.fdopen(os.dup(1), "wb")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)  # a parser that prints must not speak into the protocol
    os.dup2(quiet, 2)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(_RECURSION)
    answers.write(b"{}\n")  # ready
    answers.flush()
    limits: Limits | None = None
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if limits is None:
            limits = Limits.from_json(request["limits"])
            confine(limits)
        confine_cpu(limits)
        answer = _answer(Path(request["path"]), limits)
        answers.write(json.dumps(answer).encode("ascii") + b"\n")
        answers.flush()
        if answer.get("spent"):
            return 1
    return 0


def _answer(path: Path, limits: Limits) -> dict[str, Any]:  # noqa: PLR0911 - one per reason
    """`{"parsed": ...}` or `{"reason": ...}`; `spent` says that this process is no good any more."""
    try:
        return {"parsed": parsed_to_json(parse_file(path, limits))}
    except Refused as error:
        return {"reason": str(error)}
    except MemoryError:
        return {"reason": too_hungry(limits), "spent": True}
    except FileNotFoundError:
        return {"reason": "no longer exists; index again"}
    except PermissionError:
        return {"reason": "may not be read; change its permissions"}
    except RecursionError:
        return {"reason": "is nested too deep to be read; flatten it"}
    except Exception as error:  # a parser may break with anything; the file is skipped, the rest goes on
        if "memory" in str(error).casefold():  # libxml2 tells so in its own words
            return {"reason": too_hungry(limits), "spent": True}
        kind, first = type(error).__name__, (str(error).split("\n") or [""])[0][:120]
        return {"reason": f"cannot be read ({kind}: {first}); save it again or convert it"}


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except MemoryError:  # not even the answer fits any more
        os._exit(OUT_OF_MEMORY)
