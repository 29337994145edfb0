"""Reading a dataset on disk to find everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmbench.data.loading import described
from mmbench.data.problems import Problem, Problems
from mmbench.data.samples import Samples
from mmbench.errors import MmbenchError, UsageError
from mmbench.jobs import Pick
from mmbench.registrations import Dataset

__all__ = ["Validated", "validated"]


@dataclass(frozen=True)
class Validated:
    """What was found: the faults, and lines about the contents where it could be read."""

    problems: list[Problem]
    contents: list[str]


def validated(
    registration: Dataset, root: Path, params: Mapping[str, Any] | None = None
) -> Validated:
    """Read the folder or file, collecting faults instead of stopping at the first.

    Args:
        registration: of the dataset.
        root: what is read.
        params: of the dataset.

    Raises:
        UsageError: if it is no dataset on disk, or `root` does not exist.

    """
    if not registration.layout:
        raise UsageError(
            f"Expected a dataset that lies on disk. Found {registration.name!r}, which comes with its package."
        )
    if not root.exists():
        raise UsageError(
            f"Expected the files of dataset {registration.name!r} in {root}. Found nothing there. "
            f"It needs: {registration.layout}"
        )
    problems = Problems(root, strict=False)
    try:
        known = described(registration, Pick(registration.name, {"root": str(root)}))
        samples = registration.load()(root, problems, **(params or {}))
    except MmbenchError as error:
        problems.add(root, "", "a dataset that can be read", str(error).rstrip("."))
        return Validated(problems.found, [])
    contents = [] if samples is None else _contents(known, samples)
    return Validated(problems.found, [*problems.notes, *contents])


def _contents(registration: Dataset, samples: Samples) -> list[str]:
    lines = [f"{len(samples)} samples, task {registration.task}"]
    for name, values in samples.inputs.items():
        here = samples.present.get(name)
        absent = "" if here is None else f", absent in {int((~here).sum())}"
        lines.append(f"  {name}: {values.dtype} {values.shape[1:]}{absent}")
    if samples.split is not None:
        parts, counts = np.unique(samples.split, return_counts=True)
        lines.append(
            f"  split: {', '.join(f'{p} {n}' for p, n in zip(parts, counts, strict=True))}"
        )
    if samples.groups is not None:
        lines.append(f"  groups: {len(np.unique(samples.groups))}")
    return lines
