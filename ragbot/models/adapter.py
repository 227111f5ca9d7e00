"""Adapters: a small change to a model's weights in a file of its own, merged into them when the model is pulled.

Hu et al. 2021, "LoRA", equation 3: W becomes W + B A, where B is (out, rank), A is (rank, in) and the rank is small.
The file is safetensors: for each weight, under its own key in the model's `model.safetensors`, `KEY.A` and `KEY.B` in
float16, and in the header which weights it belongs to. It does not know how adapters are learnt or where they lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragbot.errors import ModelDamaged
from ragbot.models.manifest import file_sha256

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = "1"


def write_adapter(
    path: Path, pairs: Mapping[str, tuple[NDArray[Any], NDArray[Any]]], metadata: Mapping[str, str]
) -> str:
    """Write A (rank, in) and B (out, rank) of each weight to `path`; returns the file's SHA-256, in hex.

    `metadata` says what they were learnt on: `base`, the model's name in the catalogue, and `base_sha256`, the
    pinned SHA-256 of its weights' file; more is kept. Raises `ValueError` if it lacks either, if the shapes
    do not go together, or if a number does not fit into float16.
    """
    import numpy as np
    from safetensors.numpy import save_file

    if lacking := {"base", "base_sha256"} - set(metadata):
        raise ValueError(f"the metadata lacks {', '.join(sorted(lacking))}")
    arrays: dict[str, NDArray[np.float16]] = {}
    for key, pair in pairs.items():
        down, up = (np.ascontiguousarray(each, dtype=np.float16) for each in pair)
        if problem := _problem(down, up):
            raise ValueError(f"{key}: {problem}")
        arrays |= {f"{key}.A": down, f"{key}.B": up}
    save_file(arrays, path, metadata={**metadata, "format": FORMAT})
    return file_sha256(path)


def merge(adapter: Path, weights: Path, *, sha256: str, base: str, base_sha256: str) -> None:
    """Add the change in `adapter` to the safetensors file `weights`, computed in float32.

    `sha256` is what the adapter's file must have; `base` and `base_sha256` are what its header must name. Raises
    `ModelDamaged` if it is another file, unreadable, of another model, or does not fit the weights; they are then
    as they were.
    """
    import numpy as np
    from safetensors.numpy import load_file, save_file

    pairs = _read(adapter, sha256, base=base, base_sha256=base_sha256)
    merged = load_file(weights)
    for key, (down, up) in pairs.items():
        if key not in merged:
            raise _damaged(adapter, f"it changes {key}, which {base} does not have")
        shape = (up.shape[0], down.shape[1])
        if merged[key].shape != shape:
            raise _damaged(adapter, f"its change to {key} is {shape}, the weight {merged[key].shape}")
        changed = merged[key].astype(np.float32) + up.astype(np.float32) @ down.astype(np.float32)
        with np.errstate(over="ignore"):  # told below
            merged[key] = changed.astype(merged[key].dtype)
        if not np.isfinite(merged[key]).all():
            raise _damaged(adapter, f"its change makes numbers of {key} infinite")
    whole = weights.with_suffix(".merged")
    save_file(merged, whole, metadata={"format": "pt"})
    whole.replace(weights)


def _read(
    path: Path, sha256: str, *, base: str, base_sha256: str
) -> dict[str, tuple[NDArray[np.float16], NDArray[np.float16]]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise _damaged(path, "it is not there")
    if (found := file_sha256(path)) != sha256:
        raise _damaged(path, f"it has SHA-256 {found} instead of the pinned {sha256}")
    try:
        with safe_open(path, framework="numpy") as file:
            said = file.metadata() or {}
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise _damaged(path, str(error)) from error
    wanted = {"format": FORMAT, "base": base, "base_sha256": base_sha256}
    for key, value in wanted.items():
        if said.get(key) != value:
            raise _damaged(path, f"its {key} is {said.get(key)!r} instead of {value!r}")
    keys = {name.removesuffix(".A").removesuffix(".B") for name in arrays}
    if set(arrays) != {f"{key}.{half}" for key in keys for half in "AB"} or not keys:
        raise _damaged(path, f"its arrays are no pairs of A and B: {', '.join(sorted(arrays)) or 'none'}")
    pairs = {key: (arrays[f"{key}.A"], arrays[f"{key}.B"]) for key in sorted(keys)}
    for key, pair in pairs.items():
        if problem := _problem(*pair):
            raise _damaged(path, f"{key}: {problem}")
    return pairs


def _problem(down: NDArray[Any], up: NDArray[Any]) -> str:
    """What is wrong with A and B of one weight, or nothing."""
    import numpy as np

    if down.dtype != np.float16 or up.dtype != np.float16:
        return f"A is {down.dtype} and B {up.dtype}, not both float16"
    if down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1] or not down.shape[0]:
        return f"A is {down.shape} and B {up.shape}, not (rank, in) and (out, rank)"
    if not (np.isfinite(down).all() and np.isfinite(up).all()):
        return "it holds numbers that are not finite"
    return ""


def _damaged(path: Path, problem: str) -> ModelDamaged:
    return ModelDamaged(f"adapter {path.name} cannot be merged: {problem}; install ragbot again")
