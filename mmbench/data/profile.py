"""What a dataset is like, before any model is trained on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench.data.profile_faults import Outliers, Repeated, repeated
from mmbench.data.profile_material import Material, Pair
from mmbench.data.profile_targets import Balance, balance, memberships
from mmbench.data.samples import PARTS, Samples
from mmbench.data.split import make_split
from mmbench.registrations import Dataset
from mmbench.tasks import TASKS

__all__ = ["ModalityProfile", "Profile", "profile"]

FEW_GROUPS = 5
EXAMPLES = 8

Index: TypeAlias = npt.NDArray[np.int64]
Members: TypeAlias = Mapping[str, npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class ModalityProfile:
    """One modality.

    Attributes:
        kind: image, text, …
        dtype: of the raw values.
        shape: of one sample; empty for text.
        lengths: shortest, median and longest, where they differ.
        absent: part -> share of its samples without the modality.
        absent_by_class: class, label or quarter of a real target -> share of its training samples without
            the modality; empty where it is always there.
        unknown: share of NaN in the training samples that have it.
        probe: score of a linear model on the validation samples that have it; None where it is not defined.
        outliers: of the samples looked into.

    """

    kind: str
    dtype: str
    shape: tuple[int, ...]
    lengths: tuple[int, ...]
    absent: dict[str, float]
    absent_by_class: dict[str, float]
    unknown: float
    probe: float | None
    outliers: Outliers


@dataclass(frozen=True)
class Profile:
    """A dataset on the split of one seed.

    Attributes:
        dataset: its name.
        task: classification, …
        seed: of the split.
        split: its hash.
        sizes: part -> samples.
        groups: part -> groups; empty where there are none.
        looked_into: part -> samples that probes, outliers and interactions come from.
        targets: how they are spread.
        modalities: by name.
        metric: of the probes.
        prior: score without any input; None where it is not defined.
        together: score of a linear model of all modalities.
        pairs: interactions of every two modalities.
        repeated: equal samples, and equal values of one modality, in two parts.
        warnings: what to look at first.

    """

    dataset: str
    task: str
    seed: int
    split: str
    sizes: dict[str, int]
    groups: dict[str, int]
    looked_into: dict[str, int]
    targets: Balance
    modalities: dict[str, ModalityProfile]
    metric: str
    prior: float | None
    together: float | None
    pairs: tuple[Pair, ...]
    repeated: tuple[Repeated, ...]
    warnings: tuple[str, ...] = ()


def profile(samples: Samples, dataset: Dataset, seed: int = 0) -> Profile:
    """Describe a dataset on the split that a run of this seed has, where its budget allows all samples.

    What is learned is fitted on the training part and scored on validation; interactions are fitted and
    scored crosswise over the two. Of the test part sizes, counts, absences and equal samples are told.

    Args:
        samples: the dataset.
        dataset: its registration: the task, and the modalities that take part.
        seed: of the split and of everything that is drawn.

    Raises:
        DataError: if the dataset cannot be split, or is not of its task.

    """
    task = TASKS[dataset.task]()
    split = make_split(samples, seed, 2 * len(samples), stratify=task.stratify)
    parts = dict(zip(PARTS, (split.train, split.validation, split.test), strict=True))
    task.fit(samples.targets[split.train], samples.targets)
    names = tuple(dataset.modalities)
    material = Material(samples, task, parts, names, seed)
    members = memberships(samples, task.name, split.train)
    found = Profile(
        dataset=dataset.name,
        task=task.name,
        seed=seed,
        split=split.hash,
        sizes={part: len(index) for part, index in parts.items()},
        groups=_groups(samples, parts),
        looked_into={"train": len(material.train), "validation": len(material.held)},
        targets=balance(samples, task.name, parts),
        modalities={
            name: _modality(samples, name, dataset.modality(name).kind, parts, members, material)
            for name in names
        },
        metric=task.primary,
        prior=material.prior(),
        together=material.probe(*names),
        pairs=material.pairs(),
        repeated=tuple(repeated(samples, names, parts)),
    )
    return replace(found, warnings=tuple(_warnings(found)))


def _groups(samples: Samples, parts: Mapping[str, Index]) -> dict[str, int]:
    if samples.groups is None:
        return {}
    return {part: len(np.unique(samples.groups[index])) for part, index in parts.items()}


def _modality(
    samples: Samples,
    name: str,
    kind: str,
    parts: Mapping[str, Index],
    members: Members,
    material: Material,
) -> ModalityProfile:
    values: npt.NDArray[Any] = samples.inputs[name]
    here = samples.present.get(name, np.ones(len(samples), dtype=bool))
    train = parts["train"]
    of_class = {label: mask[train] for label, mask in members.items() if mask[train].any()}
    lengths = np.quantile(samples.lengths[name], (0, 0.5, 1)) if name in samples.lengths else ()
    known = values[train[here[train]]]
    return ModalityProfile(
        kind=kind,
        dtype=str(values.dtype),
        shape=values.shape[1:],
        lengths=tuple(int(length) for length in lengths),
        absent={part: float((~here[index]).mean()) for part, index in parts.items()},
        absent_by_class={
            label: float((~here[train][mask]).mean()) for label, mask in of_class.items()
        }
        if not here.all()
        else {},
        unknown=float(np.isnan(known).mean()) if known.dtype.kind == "f" and known.size else 0.0,
        probe=material.probe(name),
        outliers=material.outliers(name),
    )


def _warnings(found: Profile) -> Iterator[str]:
    for name, modality in found.modalities.items():
        if modality.absent["train"] == 1:
            yield f"No training sample has modality {name!r}: a run cannot use it."
    unseen = [label for label, counts in found.targets.counts.items() if not counts["train"]]
    if unseen:
        some = ", ".join(unseen[:EXAMPLES]) + (", …" if len(unseen) > EXAMPLES else "")
        yield f"Classes without a training sample cannot be learned: {some}."
    for part, groups in found.groups.items():
        if groups < FEW_GROUPS:
            yield f"Groups in the {part} part: only {groups}. Scores depend on which they are."
    for one in found.repeated:
        if not one.modality:
            yield (
                f"{one.samples} of {found.sizes[one.later]} samples of the {one.later} part equal one of "
                f"{one.earlier} in all modalities: leakage. Give equal samples one group, or remove them."
            )
