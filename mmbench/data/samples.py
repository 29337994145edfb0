"""What a dataset gives: raw values per modality, targets, and what is known about the samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mmbench.errors import DataError

__all__ = ["PARTS", "Samples"]

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Samples:
    """N samples of a dataset, before any split.

    Attributes:
        inputs: modality -> raw values with N along the first axis. Images are `(N, C, H, W)`, video
            `(N, T, C, H, W)`, series (audio, motion, sensor) `(N, T, C)`, tabular and omics `(N, F)` with NaN
            where a value is unknown, text an array of N strings.
        targets: classification `(N,)` whole numbers from 0; multilabel `(N, K)` of 0 and 1; regression `(N,)`
            or `(N, K)` reals; retrieval `(N,)` whole numbers that name the item each sample shows.
        target_names: names of the classes or labels.
        groups: `(N,)` subject or speaker of each sample; one group never straddles a split.
        lengths: modality -> `(N,)` true lengths along T, where samples are padded at the end.
        present: modality -> `(N,)` bool, where a modality can be absent.
        split: `(N,)` of "train", "validation", "test", where the dataset comes with a split of its own.

    """

    inputs: Mapping[str, npt.NDArray[np.generic]]
    targets: npt.NDArray[np.generic]
    target_names: tuple[str, ...] = ()
    groups: npt.NDArray[np.generic] | None = None
    lengths: Mapping[str, npt.NDArray[np.integer]] = field(default_factory=dict)
    present: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    split: npt.NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        if not self.inputs:
            raise DataError("Expected at least one modality in `inputs`. Found none.")
        self._check_modalities()
        self._check_counts()
        if self.split is not None and not set(np.unique(self.split)) <= set(PARTS):
            raise DataError(
                f"Expected `split` to name {', '.join(PARTS)} only. "
                f"Found {', '.join(map(str, np.unique(self.split)))}."
            )
        if self.targets.dtype.kind == "f" and not np.isfinite(self.targets).all():
            bad = int(np.argmax(~np.isfinite(self.targets.reshape(len(self), -1)).all(axis=1)))
            raise DataError(f"Expected finite targets. Found {self.targets[bad]} at sample {bad}.")

    def _check_modalities(self) -> None:
        for where, named in (("lengths", self.lengths), ("present", self.present)):
            for name in sorted(set(named) - set(self.inputs)):
                raise DataError(
                    f"Expected `{where}` to speak of {', '.join(sorted(self.inputs))}. Found {name!r}."
                )
        for name, values in self.present.items():
            if values.dtype != np.bool_:  # whole numbers would select samples 0 and 1
                raise DataError(
                    f"Expected `present[{name!r}]` to be bool. Found {values.dtype}. Pass `.astype(bool)`."
                )

    def _check_counts(self) -> None:
        per_sample = {f"inputs[{name!r}]": values for name, values in self.inputs.items()}
        per_sample |= {f"lengths[{name!r}]": values for name, values in self.lengths.items()}
        per_sample |= {f"present[{name!r}]": values for name, values in self.present.items()}
        if self.groups is not None:
            per_sample["groups"] = self.groups
        if self.split is not None:
            per_sample["split"] = self.split
        for where, values in per_sample.items():
            if len(values) != len(self.targets):
                raise DataError(
                    f"Expected `{where}` to hold {len(self.targets)} samples, as `targets` does. "
                    f"Found {len(values)}."
                )

    def __len__(self) -> int:
        return len(self.targets)
