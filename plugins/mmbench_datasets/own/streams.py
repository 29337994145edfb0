"""One modality of a user's own data, and samples made of several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.samples import Samples
from mmbench_datasets.own.kinds import Guess
from mmbench_datasets.own.targets import Target

__all__ = ["Stream", "blank", "to_samples"]


@dataclass(frozen=True)
class Stream:
    """Values (N, …) as `mmbench.Samples` wants them, what they are, and where they are real.

    Attributes:
        values: with zeros, or empty text, where the modality is absent.
        guess: their kind.
        present: (N,) bool, where some are absent.
        lengths: (N,) where series are padded.

    """

    values: npt.NDArray[Any]
    guess: Guess
    present: npt.NDArray[np.bool_] | None = None
    lengths: npt.NDArray[np.int64] | None = None


def blank(values: npt.NDArray[Any], present: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """The values, with zeros or empty text in rows that are absent."""
    blanked = values.copy()
    blanked[~present] = "" if values.dtype == object else 0
    return blanked


def to_samples(
    streams: Mapping[str, Stream],
    target: Target,
    groups: npt.NDArray[Any] | None,
    split: npt.NDArray[np.str_] | None,
) -> Samples:
    """The samples of several modalities."""
    present = {name: one.present for name, one in streams.items() if one.present is not None}
    lengths = {name: one.lengths for name, one in streams.items() if one.lengths is not None}
    inputs = {name: one.values for name, one in streams.items()}
    return Samples(inputs, target.values, target.names, groups, lengths, present, split)
