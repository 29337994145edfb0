"""One modality of a model trained by itself: the teacher and the yardstick of joint training."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from mmbench.contracts import LossWeighting, Term
from mmbench.data.part import Part
from mmbench.data.sealed import TrainingData
from mmbench.errors import NotApplicable
from mmbench.model import FusionModel
from mmbench.tasks import Task
from mmbench.training.step import Settings

__all__ = ["fit_alone"]


class _Only(nn.Module):
    """The fusion of one modality: its feature."""

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        (feature,) = features.values()
        return feature


def fit_alone(
    model: FusionModel,
    data: TrainingData,
    task: Task,
    fit: Callable[..., Any],
    modality: str,
    settings: Settings,
) -> FusionModel:
    """Train a copy of a modality's encoder and unimodal head, from where they are now.

    Args:
        model: has the encoder and the head; in retrieval the gallery's too.
        data: training and validation part.
        task: owns the loss.
        fit: the training loop.
        modality: that is trained.
        settings: how it trains.

    Raises:
        NotApplicable: if the model has no head for the modality.

    """
    if f"@{modality}" not in model.unimodal_heads:
        raise NotApplicable(
            f"Expected a unimodal head of {modality!r} to train that modality alone. "
            f"Found heads of {', '.join(name[1:] for name in model.unimodal_heads) or 'none'}."
        )
    kept = [name for name in (modality, model.gallery) if name]
    encoders = {name: copy.deepcopy(model.encoders[f"@{name}"]) for name in kept}
    heads = {name: copy.deepcopy(model.unimodal_heads[f"@{name}"]) for name in kept}
    head = heads.pop(modality)
    copied = FusionModel(
        encoders, _Only(), "pooled", head, heads, gallery=model.gallery, precision=model.precision
    )
    terms = (Term("joint"),)
    with torch.random.fork_rng():
        fitted = fit(copied, LossWeighting, terms, _only(data, modality, kept), task, settings)
    trained: FusionModel = fitted.model
    return trained


def _only(data: TrainingData, modality: str, kept: list[str]) -> TrainingData:
    """The samples that have the modality, without the other modalities."""
    train, validation = (_part(part, modality, kept) for part in (data.train, data.validation))
    return TrainingData(train, validation, {name: data.specs[name] for name in kept})


def _part(part: Part, modality: str, kept: list[str]) -> Part:
    inputs, masks, present = (
        {name: values for name, values in found.items() if name in kept}
        for found in (part.inputs, part.masks, part.present)
    )
    here = present.pop(modality, None)
    only = Part(inputs, masks, present, part.targets, part.weights)
    return only if here is None else only.take(here.nonzero()[:, 0])
