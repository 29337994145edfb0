"""Datasets of the Hugging Face library `datasets`, from Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench.errors import BadParameter, DataError
from mmbench_datasets.formats.faults import Faults
from mmbench_datasets.formats.parameters import at_least
from mmbench_datasets.own.columns import KINDS, Column, streams
from mmbench_datasets.own.sides import read_groups, read_split
from mmbench_datasets.own.streams import to_samples
from mmbench_datasets.own.targets import Target, read_target
from mmbench_datasets.own.values import Decoder, kind_of

__all__ = ["from_huggingface"]

_FILE = "dataset"
"""What problems are reported of: there is no file."""


def from_huggingface(
    dataset: Any,
    target: str,
    columns: Mapping[str, str] | None = None,
    group: str = "",
    task: str = "",
    size: int = 64,
    rate: int = 16000,
    seconds: float = 10.0,
    bands: int = 40,
) -> Samples:
    """Samples of a `datasets.Dataset`, or of a `datasets.DatasetDict` in the split that its keys name.

    The library itself is not needed: whatever has `column_names`, `features` and `dataset[column]` will
    do. Values are pictures of Pillow, sounds as `{"array", "sampling_rate"}` or undecoded `{"bytes"}`,
    text, numbers, or lists of numbers; None is unknown.

    Args:
        dataset: the dataset, or its parts by name.
        target: column of targets; the names of its classes are kept where the dataset has them.
        columns: column -> image, audio, text, number, category or array. Without it all other columns
            are taken for what their first known value is.
        group: column of groups, if any.
        task: what the targets are, where it is not to be inferred.
        size: of images, in pixels.
        rate: of audio, samples a second.
        seconds: of audio that are kept.
        bands: of the log-mel spectrogram; 0 keeps the samples.

    Raises:
        BadParameter: if a column does not exist or a kind is none.
        DataError: naming the column, and what is wrong with its values.

    """
    at_least(1, size=size, rate=rate)
    at_least(0, seconds=seconds, bands=bands)
    parts = dict(dataset) if isinstance(dataset, Mapping) else {"": dataset}
    values = {name: _values(parts, name) for name in next(iter(parts.values())).column_names}
    kinds = columns or {name: "" for name in values if name not in (target, group)}
    _check(kinds, [target, *kinds, *filter(None, [group])], values)
    problems = Problems(Path())
    decoder = Decoder(size, rate, seconds, bands)
    decoded = [_column(problems, decoder, name, kinds[name], values[name]) for name in kinds]
    groups = read_groups(problems, _FILE, group, _raw(values[group])) if group else None
    split = None
    if isinstance(dataset, Mapping):
        named = np.repeat(list(parts), [len(part) for part in parts.values()])
        split = read_split(problems, _FILE, "split", named, groups)
    answer = _target(problems, parts, target, values[target], task)
    if answer is None:
        raise DataError(f"Expected targets in column {target!r}. Found none.")
    return to_samples(streams(problems, _FILE, decoded), answer, groups, split)


def _values(parts: Mapping[str, Any], name: str) -> list[Any]:
    return [value for part in parts.values() for value in part[name]]


def _raw(values: list[Any]) -> npt.NDArray[Any]:
    return np.array(["" if value is None else str(value) for value in values], dtype=object)


def _check(kinds: Mapping[str, str], asked: list[str], values: Mapping[str, Any]) -> None:
    for name in asked:
        if name not in values:
            raise BadParameter(
                f"Expected a column of the dataset: {', '.join(values)}. Found {name!r}."
            )
    for name, kind in kinds.items():
        if kind and kind not in KINDS:
            raise BadParameter(
                f"Expected column {name!r} to be one of {', '.join(KINDS)}. Found {kind!r}."
            )


def _column(
    problems: Problems, decoder: Decoder, name: str, kind: str, values: list[Any]
) -> Column:
    kind = kind or kind_of(next((value for value in values if value is not None), ""))
    decode, decoded = getattr(decoder, kind), list[Any]()
    faults = Faults(problems, _FILE, len(values))
    for row, value in enumerate(values):
        try:
            decoded.append(None if value is None else decode(value))
        except (TypeError, ValueError, KeyError) as error:
            faults.note(name, f"{kind} or None", f"{type(value).__name__} in row {row} {error}")
    faults.report()
    return Column(name, kind, "tabular" if kind in ("category", "number") else name, decoded)


def _target(
    problems: Problems, parts: Mapping[str, Any], name: str, values: list[Any], task: str
) -> Target | None:
    """The targets, with the names of their classes where the dataset has them; there, -1 is unknown."""
    classes = getattr(next(iter(parts.values())).features[name], "names", None)
    faults = Faults(problems, _FILE, len(values))
    for row, value in enumerate(values):
        if value is None or (classes and value == -1):
            faults.note(name, "a target in each row", f"row {row}")
    faults.report()
    found = read_target(problems, _FILE, name, np.array(values), task)
    if found is not None and classes and found.task == "classification":
        names = tuple(classes[int(code)] for code in found.names)
        return Target(found.values, names, found.task, found.why)
    return found
