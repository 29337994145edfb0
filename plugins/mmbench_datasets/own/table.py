"""A folder with a `dataset.toml` that names a CSV or Parquet file and the kind of each column."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench.errors import DataError
from mmbench.registrations import Dataset
from mmbench_datasets.formats.audio import features
from mmbench_datasets.formats.decoding import inside
from mmbench_datasets.formats.images import read_image
from mmbench_datasets.formats.parameters import at_least
from mmbench_datasets.own.columns import streams
from mmbench_datasets.own.config import FILE, Config, read_config
from mmbench_datasets.own.describing import registration
from mmbench_datasets.own.frame import known, read_frame, target
from mmbench_datasets.own.layouts import TABLE
from mmbench_datasets.own.sides import read_groups, read_split
from mmbench_datasets.own.streams import to_samples
from mmbench_datasets.own.table_columns import Readers, kinds_of, read_array, read_column

__all__ = ["describe", "read"]


def read(
    root: Path,
    problems: Problems,
    size: int = 64,
    rate: int = 16000,
    seconds: float = 10.0,
    bands: int = 40,
) -> Samples | None:
    """The samples of a table, one a row.

    Each column of images, audio, arrays (`.npy`) or text is a modality of its name. Numbers and
    categories are one, `tabular`, unless `column = {kind = "number", modality = "vitals"}` says
    otherwise. Where a path or a text is empty the modality is absent; an empty number is NaN.

    Args:
        root: the folder, or its `dataset.toml`.
        problems: where faults are reported.
        size: of images, in pixels.
        rate: of audio, samples a second.
        seconds: of audio that are kept.
        bands: of the log-mel spectrogram; 0 keeps the samples.

    """
    at_least(1, size=size, rate=rate)
    at_least(0, seconds=seconds, bands=bands)
    here = _in_folder(root, problems.strict)
    config, frame = _opened(here)
    samples = None
    if config is not None and frame is not None:
        readers: Readers = {
            "array": read_array,
            "audio": partial(features, rate=rate, seconds=seconds, bands=bands),
            "image": partial(read_image, size=size),
        }
        samples = _samples(here, config, frame, readers)
    problems.found += here.found
    return samples


def describe(path: Path) -> Dataset:
    """The dataset that a folder, or its `dataset.toml`, describes.

    Raises:
        DataError: if it is at fault.

    """
    problems = _in_folder(path, strict=True)
    config, frame = _opened(problems)
    found = None if config is None or frame is None else target(problems, frame, config)
    if config is None or frame is None or found is None:
        raise DataError(f"Expected a {FILE} with its table in {problems.root}. Found none.")
    named = [
        inside(problems.root, str(value))
        for name, (kind, _) in config.columns.items()
        if kind in ("array", "audio", "image")
        for value in known(frame[name])
        if value is not None
    ]
    files = [path for path in named if path is not None and path.is_file()]
    kinds = kinds_of(problems, config, frame)
    return registration(
        config.name or problems.root.resolve().name,
        "mmbench_datasets.own.table:read",
        TABLE,
        found.task,
        found.why,
        kinds,
        {problems.root / FILE, problems.root / config.table, *files},
        config.licence,
        config.source,
        config.gallery,
    )


def _in_folder(root: Path, strict: bool) -> Problems:
    return Problems(root.parent if root.is_file() else root, strict)


def _opened(problems: Problems) -> tuple[Config | None, pd.DataFrame | None]:
    path = problems.path(FILE, needed="which table, and the kind of each column")
    config = None if path is None else read_config(problems, path)
    return config, None if config is None else read_frame(problems, config)


def _samples(
    problems: Problems, config: Config, frame: pd.DataFrame, readers: Readers
) -> Samples | None:
    file = config.table
    columns = [read_column(problems, config, frame, name, readers) for name in config.columns]
    found = streams(problems, file, [column for column in columns if column is not None])
    answer = target(problems, frame, config)
    groups = split = None
    if config.group:
        groups = read_groups(problems, file, config.group, _raw(frame, config.group))
    if config.split:
        split = read_split(problems, file, config.split, _raw(frame, config.split), groups)
    return None if problems.found or answer is None else to_samples(found, answer, groups, split)


def _raw(frame: pd.DataFrame, name: str) -> npt.NDArray[Any]:
    return np.array(["" if value is None else value for value in known(frame[name])], dtype=object)
