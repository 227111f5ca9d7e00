"""Fetch one revision of a repository from the model hub into a folder: `python -m ragbot.models.hub_download`.

A process of its own, because the hub's library decides once, when it is imported, whether it may use the
network, and elsewhere in ragbot it may not. Reads its arguments as JSON, prints its result as JSON. It does
not know about caches.
"""

from __future__ import annotations

import json
import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

WANTED = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
"""Weights as safetensors, configuration, tokenizers. No pickles, no code."""
_UNWANTED = ("onnx/*", "openvino/*", ".cache/*")


def download(repo: str, revision: str, target: Path, *, gguf: str, endpoint: str | None) -> dict[str, Any]:
    """Download; returns `{"commit": ..., "sha256": {path: hash}}`, the hashes as far as the hub states them.

    `gguf` names one GGUF file to take; without it a repository that has safetensors gives those, else its
    only GGUF file. Raises `LookupError` if it has no such weights, or the hub library's errors.
    """
    from huggingface_hub import HfApi, snapshot_download

    info = HfApi(endpoint=endpoint).model_info(repo, revision=revision, files_metadata=True)
    files = {each.rfilename: each for each in info.siblings or ()}
    chosen = _choose(repo, sorted(files), gguf)
    snapshot_download(repo, revision=info.sha, local_dir=target, allow_patterns=chosen, endpoint=endpoint)
    shutil.rmtree(target / ".cache", ignore_errors=True)
    missing = [name for name in chosen if not (target / name).is_file()]
    if missing:
        raise LookupError(f"{repo} at {info.sha} did not deliver {', '.join(missing)}")
    lfs = {name: files[name].lfs for name in chosen}
    return {
        "commit": info.sha,
        "sha256": {name: each.sha256 for name, each in lfs.items() if each is not None},
    }


def _choose(repo: str, names: list[str], gguf: str) -> list[str]:
    wanted = [
        name
        for name in names
        if any(fnmatch(name, pattern) for pattern in WANTED)
        and not any(fnmatch(name, pattern) for pattern in _UNWANTED)
    ]
    weights = [name for name in wanted if name.endswith(".safetensors")]
    if weights and not gguf:
        return wanted
    offered = [name for name in names if name.endswith(".gguf")]
    picked = [name for name in offered if gguf in ("", name)]
    if not picked:
        raise LookupError(f"{repo} has no {gguf or 'safetensors or GGUF weights, and ragbot loads no other'}")
    if len(picked) > 1:
        raise LookupError(f"{repo} has {len(picked)} GGUF files; name one as {repo}/{picked[0]}@REVISION")
    return [*(name for name in wanted if name not in weights), *picked]


def main() -> None:
    """Read `[repo, revision, target, gguf, endpoint]` from the first argument; print one JSON object."""
    from huggingface_hub.errors import HfHubHTTPError

    repo, revision, target, gguf, endpoint = json.loads(sys.argv[1])
    try:
        answer = download(repo, revision, Path(target), gguf=gguf, endpoint=endpoint)
    except (LookupError, ValueError) as error:
        answer = {"problem": "unknown", "message": str(error)}
    except HfHubHTTPError as error:  # repository or revision not found, no access, or the hub is unwell
        status = error.response.status_code if error.response is not None else 0
        answer = {"problem": "unknown" if status in (401, 403, 404) else "network", "message": str(error)}
    except OSError as error:
        answer = {"problem": "system", "message": str(error), "errno": error.errno}
    except Exception as error:
        answer = {"problem": "network", "message": f"{type(error).__name__}: {error}"}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
