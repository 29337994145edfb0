"""The registration of a user's own files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from mmbench.registrations import Dataset, Modality
from mmbench_datasets.own.kinds import Guess

__all__ = ["registration"]

_BLOCK = 1 << 20


def registration(
    name: str,
    target: str,
    layout: str,
    task: str,
    why: str,
    kinds: Mapping[str, Guess],
    files: Iterable[Path],
    licence: str = "",
    source: str = "",
    gallery: str = "",
) -> Dataset:
    """A dataset of these files; its summary says how its kinds and its task were inferred.

    Args:
        name: the file's or folder's; what a name may not hold becomes `_`.
        target: `"module:attribute"` of its `read`.
        layout: what it needs on disk.
        task: of its targets.
        why: it is this task.
        kinds: modality -> kind, and what that was inferred from.
        files: that it reads; their hashes make a job run again when they change.
        licence: of the data, if known.
        source: of the data, if known.
        gallery: in retrieval, the modality that is retrieved.

    """
    reasons = [f"{modality}: {found.why}" for modality, found in sorted(kinds.items())]
    return Dataset(
        re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip("_.-") or "own",
        target,
        task=task,  # type: ignore[arg-type]  # checked by Dataset itself
        modalities={modality: Modality(found.kind) for modality, found in kinds.items()},
        layout=layout,
        files={str(path): _sha256(path) for path in sorted(files)},
        summary="; ".join([*reasons, f"target: {why}"]),
        licence=licence or "not stated",
        source=source or name,
        gallery=gallery,
        embedded=False,
    )


def _sha256(path: Path) -> str:
    state = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            state.update(block)
    return state.hexdigest()
