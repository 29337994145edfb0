"""One training as one of several that share a pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor

from mmbench.contracts import JacobianWeighting, LossWeighting, Sampling, Term
from mmbench.data.part import Part
from mmbench.data.sealed import TrainingData
from mmbench.errors import NonFiniteError
from mmbench.model import FusionModel
from mmbench.seeding import derive
from mmbench.tasks import Task
from mmbench.training.alike import alike
from mmbench.training.curves import Curves, note, require_finite
from mmbench.training.loop import Fitted, all_terms, initialise
from mmbench.training.step import Settings

__all__ = ["Lane", "Member", "matching", "shareable"]

WATCHES = ("begin", "choose", "observe", "rates", "after_step")
"""What a weighting may override to see or change more than the terms' losses and gradients."""


@dataclass(frozen=True)
class Lane:
    """What `fit` is given for one training."""

    model: FusionModel
    make_weighting: Callable[[tuple[Term, ...]], LossWeighting]
    data: TrainingData
    task: Task
    settings: Settings
    sampling: Sampling


def shareable(weighting: object) -> bool:
    """Whether a weighting's class only combines losses or gradients, and so can be asked lane by lane."""
    if not (isinstance(weighting, type) and issubclass(weighting, LossWeighting)):
        return False
    own = any(getattr(weighting, name) is not getattr(LossWeighting, name) for name in WATCHES)
    shared = weighting.backward in (LossWeighting.backward, JacobianWeighting.backward)
    return shared and not own and weighting.rounds == 1


def matching(first: Lane, second: Lane) -> bool:
    """Whether two lanes are of one shape."""
    return (
        alike(first.model, second.model)
        and _sizes(first.data.train) == _sizes(second.data.train)
        and _sizes(first.data.validation) == _sizes(second.data.validation)
        and _common(first.settings) == _common(second.settings)
    )


def _sizes(part: Part) -> list[object]:
    """The shapes of all that is stacked."""
    named = {**part.inputs, **{f"mask {name}": mask for name, mask in part.masks.items()}}
    shapes = {name: values.shape for name, values in named.items()}
    return [shapes, sorted(part.present), part.targets.shape]


def _common(settings: Settings) -> Settings:
    """What lanes may not differ in."""
    return replace(settings, lr=0.0, weight_decay=0.0, seed=0)


class Member:
    """One lane on its way: its weighting, its random draws, and its best epoch so far."""

    def __init__(self, place: int, lane: Lane, terms: tuple[Term, ...]) -> None:
        self.place, self.lane = place, lane
        self.curves = Curves()
        with torch.random.fork_rng(devices=[]):
            initialise(lane.model, lane.task, lane.data, lane.settings.seed)
            torch.manual_seed(derive(lane.settings.seed, "dropout"))
            before = dict(lane.model.named_buffers())
            self.terms = all_terms(lane.model, terms, lane.data, lane.task)
            after = dict(lane.model.named_buffers())
            # What a forward pass puts in a buffer's place, under `vmap`, is lost.
            self.replaces_buffers = any(after[name] is not b for name, b in before.items())
            self.weighting = lane.make_weighting(self.terms).to(lane.data.train.targets.device)
            self._random = torch.get_rng_state()
        part = lane.data.train
        lane.sampling.fit(part, lane.task)
        weights = lane.sampling.weights()
        self.part = (
            part if weights is None else replace(part, weights=weights.to(part.targets.device))
        )
        self.order = torch.Generator().manual_seed(derive(lane.settings.seed, "order"))
        self.best, self.since_best, self.failed = -math.inf, 0, False
        self.best_state: dict[str, Tensor] = {}

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """What the weighting draws, it draws from a stream of this lane."""
        outside = torch.get_rng_state()
        torch.set_rng_state(self._random)
        yield
        self._random = torch.get_rng_state()
        torch.set_rng_state(outside)

    def update(
        self, losses: dict[str, Tensor], gradients: dict[str, dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """What the weighting descends; nothing, and `failed`, where something is not finite."""
        weighting = cast("JacobianWeighting", self.weighting)
        with self.drawing():
            try:
                return weighting.update(losses, gradients)
            except NonFiniteError:
                self.failed = True
                return {}

    def close(self, means: dict[str, float], found: dict[str, float], score: float) -> None:
        """End an epoch, as `fit` does.

        Raises:
            NonFiniteError: if a loss is NaN or infinite.

        """
        epoch = len(self.curves.train_loss)
        require_finite("training loss", means, epoch)
        metric = self.lane.task.oriented(score)
        self.curves.validation_score.append(metric)
        self.curves.validation_loss.append(found.get("joint", math.nan))
        require_finite("validation loss", {**found, "score": score}, epoch)
        note(self.curves, means, self.weighting.weights())
        with self.drawing():
            self.weighting.end_epoch(means, found)
        self.since_best += 1

    def result(self, cost: tuple[float, float], lanes: int) -> Fitted | None:
        if self.failed:
            return None
        self.curves.backward_passes, self.curves.batch_seconds = cost
        self.lane.model.load_state_dict(self.best_state, strict=False)
        return Fitted(self.lane.model, self.best, self.curves, lanes)
