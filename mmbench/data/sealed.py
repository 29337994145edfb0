"""The test part behind a seal: training sees `TrainingData`, evaluation breaks the seal once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from mmbench.data.part import Part
from mmbench.data.preparation import InputSpec, Preparation
from mmbench.data.samples import Samples
from mmbench.data.split import Split
from mmbench.errors import DataError, MmbenchError
from mmbench.tasks import Task

__all__ = ["SealedTest", "TrainingData", "Vault", "prepare"]


@dataclass(frozen=True)
class TrainingData:
    """All that code which trains or tunes may see.

    Nothing in here refers to the raw dataset, to the split or to the test part.
    """

    train: Part
    validation: Part
    specs: Mapping[str, InputSpec]

    def to(self, device: str) -> TrainingData:
        """The same data on another device."""
        return TrainingData(self.train.to(device), self.validation.to(device), self.specs)


class SealedTest:
    """The test part; opens once, for the one evaluation of the selected model."""

    def __init__(self, part: Part) -> None:
        self.__part: Part | None = part

    def open(self) -> Part:
        """The test part.

        Raises:
            MmbenchError: if it has been opened before.

        """
        part, self.__part = self.__part, None
        if part is None:
            raise MmbenchError(
                "Expected the test part to be opened once, for the selected model. Found a second attempt."
            )
        return part


@dataclass(frozen=True)
class Vault:
    """A dataset prepared for one split, kept between the jobs that share it."""

    training: TrainingData
    task: Task
    split_hash: str
    sizes: Mapping[str, int]
    _test: Part = field(repr=False)

    @property
    def nbytes(self) -> int:
        return sum(p.nbytes for p in (self.training.train, self.training.validation, self._test))

    def seal(self) -> SealedTest:
        """A fresh seal for one job."""
        return SealedTest(self._test)


def prepare(
    samples: Samples,
    split: Split,
    task: Task,
    preparations: Mapping[str, Callable[[], Preparation]],
) -> Vault:
    """Fit every statistic on the training part, and turn all parts into tensors.

    Args:
        samples: the raw dataset.
        split: which sample belongs to which part.
        task: fitted here, on the training targets.
        preparations: modality -> factory of its preparation; these modalities take part.

    Raises:
        DataError: if a modality cannot be prepared; the message names it.

    """
    fitted = {name: _fit(samples, name, split.train, make()) for name, make in preparations.items()}
    fitted_task = task.fit(samples.targets[split.train], samples.targets)
    parts = {
        name: _part(samples, index, fitted, fitted_task)
        for name, index in (
            ("train", split.train),
            ("validation", split.validation),
            ("test", split.test),
        )
    }
    specs = {name: preparation.spec for name, preparation in fitted.items()}
    training = TrainingData(parts["train"], parts["validation"], specs)
    sizes = {name: len(part) for name, part in parts.items()}
    return Vault(training, fitted_task, split.hash, sizes, parts["test"])


def _fit(
    samples: Samples, name: str, index: npt.NDArray[Any], preparation: Preparation
) -> Preparation:
    if name in samples.present:
        index = index[samples.present[name][index]]
    if len(index) == 0:
        raise DataError(f"Expected modality {name!r} in at least one training sample. Found none.")
    with _naming(name):
        return preparation.fit(samples.inputs[name][index], _mask(samples, name, index))


@contextmanager
def _naming(modality: str) -> Iterator[None]:
    """Say of which modality the data is wrong."""
    try:
        yield
    except DataError as error:
        raise DataError(f"Modality {modality!r}: {error}") from error


def _part(
    samples: Samples, index: npt.NDArray[Any], fitted: Mapping[str, Preparation], task: Task
) -> Part:
    inputs, masks, present = {}, {}, {}
    for name, preparation in fitted.items():
        with _naming(name):
            mask = _mask(samples, name, index)
            prepared = preparation.transform(samples.inputs[name][index], mask)
        inputs[name] = prepared.values
        if prepared.mask is not None:
            masks[name] = prepared.mask
        if name in samples.present:
            here = torch.from_numpy(samples.present[name][index])
            present[name] = here
            inputs[name] = _blank(inputs[name], here)
            if name in masks:
                masks[name] = masks[name] & here[:, None]
    return Part(inputs, masks, present, task.encode(samples.targets[index]))


def _mask(samples: Samples, name: str, index: npt.NDArray[Any]) -> npt.NDArray[np.bool_] | None:
    if name not in samples.lengths:
        return None
    steps = np.arange(samples.inputs[name].shape[1])
    real: npt.NDArray[np.bool_] = steps[None, :] < samples.lengths[name][index][:, None]
    return real


def _blank(values: torch.Tensor, here: torch.Tensor) -> torch.Tensor:
    """Zeros where the modality is absent."""
    shape = (-1,) + (1,) * (values.dim() - 1)
    return torch.where(here.reshape(shape), values, torch.zeros_like(values))
