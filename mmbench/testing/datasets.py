"""Properties of datasets."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.samples import Samples
from mmbench.data.split import make_split
from mmbench.data.vendored import verify
from mmbench.errors import DataError
from mmbench.registrations import Dataset
from mmbench.tasks import TASKS
from mmbench.testing.results import NotTested, expect

__all__ = ["PROPERTIES"]

_RANKS = {
    "image": 4,
    "text": 1,
    "audio": 3,
    "video": 5,
    "motion": 3,
    "sensor": 3,
    "tabular": 2,
    "omics": 2,
}
_MAX_TRAIN = 1000


def licence_and_source_are_named(dataset: Dataset) -> str:
    """The registration names the licence of the data and where it comes from."""
    for what in ("licence", "source"):
        expect(
            bool(getattr(dataset, what).strip()),
            f"the {what} of dataset {dataset.name!r} to be named",
            "nothing",
            f"Pass `{what}=`; of generated data it is that of the generator.",
        )
    return f"{dataset.licence}; {dataset.source}"


def modalities_are_what_is_registered(dataset: Dataset) -> str:
    """Loading gives Samples with every registered modality, shaped as its kind says."""
    samples = _load(dataset)
    missing = sorted(set(dataset.modalities) - set(samples.inputs))
    expect(
        not missing,
        f"inputs of {', '.join(dataset.modalities)}",
        f"no {', '.join(missing)}",
        "Register what `inputs` holds.",
    )
    for name in dataset.modalities:
        kind, values = dataset.modality(name).kind, samples.inputs[name]
        expect(
            values.ndim == _RANKS[kind],
            f"{name!r}, of kind {kind}, to have {_RANKS[kind]} axes",
            f"shape {values.shape}",
            "See mmbench.Samples for the shape of each kind.",
        )
        expect(
            (values.dtype.kind in "UOT") == (kind == "text"),
            f"{name!r}, of kind {kind}, to hold {'strings' if kind == 'text' else 'numbers'}",
            f"{values.dtype}",
            "Convert it, or register another kind.",
        )
    shapes = ", ".join(f"{name} {samples.inputs[name].shape}" for name in dataset.modalities)
    return f"{len(samples)} samples: {shapes}"


def numbers_are_finite(dataset: Dataset) -> str:
    """No value is infinite, and only tabular values and omics may be unknown (NaN)."""
    samples, unknown = _load(dataset), []
    for name in dataset.modalities:
        kind, values = dataset.modality(name).kind, samples.inputs[name]
        if values.dtype.kind != "f":
            continue
        expect(
            not np.isinf(values).any(),
            f"finite values in {name!r}",
            "infinity",
            "Clip, or leave the sample out.",
        )
        if np.isnan(values).any():
            expect(
                kind in ("tabular", "omics"),
                f"no NaN in {name!r}, of kind {kind}",
                "NaN",
                "Fill gaps in the dataset's code, or set `present` where all of it is missing.",
            )
            unknown.append(f"{name} {np.isnan(values).mean():.1%}")
    return f"unknown: {', '.join(unknown) or 'nothing'}"


def targets_fit_the_task(dataset: Dataset) -> str:
    """The registered task accepts the targets, and names fit their number."""
    samples = _load(dataset)
    task = TASKS[dataset.task]().fit(samples.targets, samples.targets)
    encoded = task.encode(samples.targets)
    names = samples.target_names
    if dataset.task in ("classification", "multilabel") and names:
        expect(
            len(names) == task.head_size,
            f"{task.head_size} target names, one a class or label",
            f"{len(names)}",
            "Name every one, in the order of the targets.",
        )
    return f"{dataset.task}: {tuple(encoded.shape)}, head of {task.head_size}"


def loading_twice_gives_the_same(dataset: Dataset) -> str:
    """Two loads are equal, value by value."""
    first, second = _load(dataset), _load(dataset)
    for name in first.inputs:
        expect(
            name in second.inputs and _equal(first.inputs[name], second.inputs[name]),
            f"the same values of {name!r} at every load",
            "others",
            "Seed every generator, and sort what a folder or a set gives in any order.",
        )
    expect(
        _equal(first.targets, second.targets),
        "the same targets at every load",
        "others",
        "Seed every generator.",
    )
    return f"{len(first)} samples, equal"


def splits_can_be_drawn(dataset: Dataset) -> str:
    """Three disjoint parts with samples in each can be drawn, and groups do not straddle them."""
    samples, stratify = _load(dataset), TASKS[dataset.task].stratify
    split = make_split(samples, 0, _MAX_TRAIN, stratify)
    parts = (split.train, split.validation, split.test)
    if samples.groups is not None:
        groups = [set(samples.groups[part].tolist()) for part in parts]
        shared = (groups[0] & groups[1]) | (groups[0] & groups[2]) | (groups[1] & groups[2])
        expect(
            not shared,
            "no group in two parts",
            f"{', '.join(map(str, sorted(shared)[:3]))}",
            "A dataset's own `split` must keep each group in one part.",
        )
    return " + ".join(str(len(part)) for part in parts)


def _load(dataset: Dataset) -> Samples:
    if dataset.layout:
        raise NotTested("it lies on disk; `mmbench data validate` reads it there")
    try:
        verify(dataset.files)
        samples = dataset.load()()
    except DataError as error:
        if dataset.embedded:
            raise
        raise NotTested(f"it is not embedded, and its files are not here: {error}") from error
    expect(
        isinstance(samples, Samples),
        f"dataset {dataset.name!r} to give mmbench.Samples",
        type(samples).__name__,
        "Return mmbench.Samples.",
    )
    loaded: Samples = samples
    return loaded


def _equal(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> bool:
    return np.array_equal(first, second, equal_nan=first.dtype.kind == "f")


PROPERTIES = (
    licence_and_source_are_named,
    modalities_are_what_is_registered,
    numbers_are_finite,
    targets_fit_the_task,
    loading_twice_gives_the_same,
    splits_can_be_drawn,
)
