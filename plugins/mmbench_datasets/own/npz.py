"""One `.npz` file: an array a modality, and `y`."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench.errors import DataError
from mmbench.registrations import Dataset
from mmbench_datasets.own.describing import registration
from mmbench_datasets.own.layouts import NPZ
from mmbench_datasets.own.npz_streams import Arrays, streams_of
from mmbench_datasets.own.sides import read_groups, read_split
from mmbench_datasets.own.streams import to_samples
from mmbench_datasets.own.targets import Target, read_target

__all__ = ["describe", "read"]


def read(root: Path, problems: Problems) -> Samples | None:
    """The samples of the file; kinds and task are inferred as `guess` and `read_target` say.

    Args:
        root: the file, or a folder that holds one `.npz` and no other.
        problems: where faults are reported.

    """
    file = _file(root, problems)
    arrays = {} if file is None else _arrays(problems, file)
    if file is None or not arrays:
        return None
    streams, target = streams_of(problems, file, arrays), _target(problems, file, arrays)
    groups = read_groups(problems, file, "group", arrays["group"]) if "group" in arrays else None
    split = (
        read_split(problems, file, "split", arrays["split"], groups) if "split" in arrays else None
    )
    if problems.found or target is None:
        return None
    return to_samples(streams, target, groups, split)


def describe(path: Path) -> Dataset:
    """The dataset that a file, or the one in a folder, holds.

    Raises:
        DataError: if it is no such file.

    """
    problems = Problems(path)
    file = _file(path, problems) or path
    arrays = _arrays(problems, file)
    kinds = {name: one.guess for name, one in streams_of(problems, file, arrays).items()}
    target = _target(problems, file, arrays)
    if target is None:
        raise DataError(f"Expected targets in {file}. Found none.")
    return registration(
        file.stem, "mmbench_datasets.own.npz:read", NPZ, target.task, target.why, kinds, [file]
    )


def _file(root: Path, problems: Problems) -> Path | None:
    if not root.is_dir():
        return root if problems.require(root.exists(), root, "", "this file", "nothing") else None
    files = sorted(root.glob("*.npz"))
    single = problems.require(len(files) == 1, root, "", "one .npz in this folder", f"{len(files)}")
    return files[0] if single else None


def _arrays(problems: Problems, file: Path) -> Arrays:
    """All arrays of the file; none where one of them is at fault or of another length than `y`."""
    arrays: Arrays = {}
    with problems.reading(file, "a readable .npz"):
        if not zipfile.is_zipfile(file):
            raise ValueError("no whole archive of arrays")
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as archive:
            for name in archive.files:
                try:
                    arrays[name] = archive[name]
                except (ValueError, EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
                    problems.add(file, name, "an array of numbers or text", str(error))
    if problems.found:
        return {}
    if not problems.require("y" in arrays, file, "y", "the targets", f"only {', '.join(arrays)}"):
        return {}
    rows = arrays["y"].shape[:1]
    for name, values in arrays.items():
        ok = values.shape[:1] == rows != (0,) and values.ndim > 0
        problems.require(ok, file, name, f"as many rows as y, {rows}", f"{values.shape}")
    return {} if problems.found else arrays


def _target(problems: Problems, file: Path, arrays: Arrays) -> Target | None:
    return read_target(problems, file, "y", arrays["y"]) if arrays else None
