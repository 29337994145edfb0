"""Outliers left out."""

from __future__ import annotations

import torch
from sklearn.ensemble import IsolationForest
from torch import Tensor

from mmbench import Sampling
from mmbench.data.part import Part
from mmbench.errors import BadParameter
from mmbench.tasks import Task

__all__ = ["AnomalyFiltered"]

_SEED = 0


class AnomalyFiltered(Sampling):
    """Samples that an isolation forest finds easiest to isolate in some modality count less or not.

    One forest a modality, fitted on the training part alone: on the raw values of tabular data, else
    on each channel's mean and spread over time or space. A sample's anomaly is its greatest rank over
    the modalities that it has, so `share` of the part is filtered, whatever their number. Ids of
    words are no numbers: text plays no part. Liu 2008, ICDM.

    Args:
        share: of the training part that is filtered, from 0 to below 1.
        by: `drop` leaves these samples out; `weights` counts them at a tenth.

    """

    def __init__(self, share: float = 0.05, by: str = "drop") -> None:
        if not 0 <= share < 1:
            raise BadParameter(f"Expected `share` to be at least 0 and below 1. Found {share}.")
        if by not in ("drop", "weights"):
            raise BadParameter(f"Expected `by` to be drop or weights. Found {by!r}.")
        self.share, self.by = share, by

    def fit(self, train: Part, task: Task) -> None:
        super().fit(train, task)
        anomaly = torch.zeros(len(train))
        for name, values in train.inputs.items():
            here = train.present.get(name, torch.ones(len(train), dtype=torch.bool)).cpu()
            if values.is_floating_point() and int(here.sum()) > 1:
                found = torch.zeros(len(train))
                found[here] = _ranks(_summary(values.cpu()[here]))
                anomaly = torch.maximum(anomaly, found)
        kept = len(train) - int(self.share * len(train))
        self.normal = torch.ones(len(train), dtype=torch.bool)
        self.normal[anomaly.argsort(stable=True)[kept:]] = False

    def epoch(self, generator: torch.Generator) -> Tensor:
        order = super().epoch(generator)
        return order[self.normal[order]] if self.by == "drop" else order

    def weights(self) -> Tensor | None:
        return torch.where(self.normal, 1.0, 0.1) if self.by == "weights" else None


def _summary(values: Tensor) -> Tensor:
    """(N, …) to (N, features): tabular data as they are, else mean and spread by channel."""
    values = values.float()
    if values.dim() == 2:
        return values
    channel = {3: 2, 4: 1, 5: 2}[values.dim()]  # as in `mmbench.Samples`
    flat = values.movedim(channel, 1).flatten(2)
    return torch.cat([flat.mean(dim=2), flat.std(dim=2, correction=0)], dim=1)


def _ranks(features: Tensor) -> Tensor:
    """How anomalous each sample is among all, from 0 to 1."""
    forest = IsolationForest(random_state=_SEED).fit(features.numpy())
    scores = torch.from_numpy(-forest.score_samples(features.numpy()))
    return scores.argsort(stable=True).argsort().float() / max(len(scores) - 1, 1)
