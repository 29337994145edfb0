"""The training loop: one loop for every fusion and every weighting."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from mmbench.contracts import LossWeighting, Term
from mmbench.data.part import Part
from mmbench.data.sealed import TrainingData
from mmbench.errors import NonFiniteError
from mmbench.model import FusionModel
from mmbench.objective import losses
from mmbench.seeding import derive
from mmbench.tasks import Task

__all__ = ["Curves", "Fitted", "Settings", "fit", "predict"]

EVALUATION_BATCH = 512


@dataclass(frozen=True)
class Settings:
    """How one trial trains.

    Attributes:
        epochs: at most.
        patience: epochs without a better validation score before it stops.
        batch_size: samples per step.
        lr: peak learning rate of AdamW under a one-cycle schedule.
        weight_decay: of AdamW.
        clip: gradients are scaled to at most this norm.
        seed: of the order of data and of dropout.

    """

    epochs: int
    patience: int
    batch_size: int
    lr: float
    weight_decay: float
    seed: int
    clip: float = 5.0


@dataclass
class Curves:
    """One value per epoch."""

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_score: list[float] = field(default_factory=list)
    terms: dict[str, list[float]] = field(default_factory=dict)
    weights: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fitted:
    """A trained model, at its epoch of best validation score (oriented: greater is better)."""

    model: FusionModel
    score: float
    curves: Curves


def fit(
    model: FusionModel,
    make_weighting: Callable[[tuple[Term, ...]], LossWeighting],
    terms: tuple[Term, ...],
    data: TrainingData,
    task: Task,
    settings: Settings,
    on_epoch: Callable[[float], None] = lambda done: None,
) -> Fitted:
    """Train, and keep the weights of the epoch with the best validation score.

    Args:
        model: freshly initialised, on the device of the data.
        make_weighting: from all terms, the fusion's `aux` ones included, to the weighting.
        terms: of the objective.
        data: training and validation part.
        task: owns the loss and the score.
        settings: see `Settings`.
        on_epoch: called with the fraction done.

    Raises:
        NonFiniteError: if a loss or a validation prediction is NaN or infinite.

    """
    initialise = getattr(model.fusion, "initialise", None)
    if initialise is not None:
        torch.manual_seed(derive(settings.seed, "initialise"))
        initialise(task, data.train.targets.clone())  # a copy: the part is shared between jobs
    curves = Curves()
    if not any(parameter.requires_grad for parameter in model.parameters()):
        return Fitted(model, _validate(model, data, task, terms, curves)[0], curves)
    torch.manual_seed(derive(settings.seed, "dropout"))
    weighting = make_weighting(_all_terms(model, terms, data, task)).to(data.train.targets.device)
    trainer = _Trainer(model, weighting, terms, task, settings, len(data.train))
    best, best_state, since_best = -math.inf, copy.deepcopy(model.state_dict()), 0
    for epoch in range(settings.epochs):
        means = trainer.epoch(data.train)
        _require_finite("training loss", means, epoch)
        score, validation = _validate(model, data, task, terms, curves)
        _require_finite("validation loss", {**validation, "score": score}, epoch)
        _note(curves, means, weighting.weights())
        weighting.end_epoch(means, validation)
        on_epoch((epoch + 1) / settings.epochs)
        since_best += 1
        if score > best:
            best, best_state, since_best = score, copy.deepcopy(model.state_dict()), 0
        if since_best >= settings.patience:
            break
    model.load_state_dict(best_state)
    return Fitted(model, best, curves)


class _Trainer:
    """A model with its optimiser, schedule and order of data."""

    def __init__(
        self,
        model: FusionModel,
        weighting: LossWeighting,
        terms: tuple[Term, ...],
        task: Task,
        settings: Settings,
        samples: int,
    ) -> None:
        self.model, self.weighting, self.terms, self.task = model, weighting, terms, task
        self.settings = settings
        self.groups = model.parameter_groups()
        self.trained = [*model.parameters(), *weighting.parameters()]
        self.optimiser = torch.optim.AdamW(
            self.trained, lr=settings.lr, weight_decay=settings.weight_decay, fused=True
        )
        steps = math.ceil(samples / settings.batch_size) * settings.epochs
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, settings.lr, total_steps=steps, cycle_momentum=False
        )
        self.order = torch.Generator().manual_seed(derive(settings.seed, "order"))
        # A second forward pass is paid for by the weightings that look at it, and by no other.
        self.looks_back = type(weighting).after_step is not LossWeighting.after_step

    def epoch(self, part: Part) -> dict[str, float]:
        """One pass over the training part; the mean loss of each term."""
        self.model.train()
        sums: dict[str, Tensor] = {}
        shuffled = torch.randperm(len(part), generator=self.order).to(part.targets.device)
        # Batches of nearly one size: a last batch of one sample would have no spread to normalise by.
        for index in shuffled.tensor_split(math.ceil(len(part) / self.settings.batch_size)):
            for name, loss in self._step(part.take(index)).items():
                sums[name] = sums.get(name, 0.0) + loss.detach() * len(index)
        return {name: float(total) / len(part) for name, total in sums.items()}

    def _step(self, batch: Part) -> dict[str, Tensor]:
        self.optimiser.zero_grad()
        found = self._losses(batch)
        self.weighting.backward(found, self.groups)
        nn.utils.clip_grad_norm_(self.trained, self.settings.clip)
        self.optimiser.step()
        self.schedule.step()
        if self.looks_back:
            self.weighting.after_step(self._losses(batch))
        return found

    def _losses(self, batch: Part) -> dict[str, Tensor]:
        return losses(self.model, self.model(batch), batch, self.task, self.terms)


def predict(
    model: FusionModel, part: Part, task: Task, terms: tuple[Term, ...] = ()
) -> tuple[Tensor, Tensor, dict[str, float]]:
    """Predictions (N, head size), what they should be, both on the CPU, and each term's mean loss."""
    model.eval()
    predictions, targets = [], []
    sums: dict[str, float] = {}
    with torch.inference_mode():
        for batch in part.batches(EVALUATION_BATCH):
            outputs = model(batch)
            predictions.append(outputs.prediction)
            targets.append(batch.targets if outputs.gallery is None else outputs.gallery)
            for name, loss in losses(model, outputs, batch, task, terms).items():
                sums[name] = sums.get(name, 0.0) + float(loss) * len(batch)
    means = {name: total / len(part) for name, total in sums.items()}
    return torch.cat(predictions).cpu(), torch.cat(targets).cpu(), means


def _validate(
    model: FusionModel, data: TrainingData, task: Task, terms: tuple[Term, ...], curves: Curves
) -> tuple[float, dict[str, float]]:
    prediction, targets, means = predict(model, data.validation, task, terms)
    if not bool(prediction.isfinite().all()):
        raise NonFiniteError(
            "Expected finite predictions on the validation part. Found NaN or infinity. "
            "Lower the learning rate, or look at what the fusion returns."
        )
    metric = task.metrics(prediction, targets)[task.primary]
    curves.validation_score.append(metric)
    curves.validation_loss.append(means.get("joint", math.nan))
    return task.oriented(metric), means


def _all_terms(
    model: FusionModel, terms: tuple[Term, ...], data: TrainingData, task: Task
) -> tuple[Term, ...]:
    """The objective's terms and those that the fusion itself adds, seen in one small batch."""
    few = data.train.take(torch.arange(min(2, len(data.train)), device=data.train.targets.device))
    with torch.no_grad():
        names = losses(model, model(few), few, task, terms)
    known = {term.name for term in terms}
    return terms + tuple(Term(name) for name in names if name not in known)


def _require_finite(what: str, values: Mapping[str, float], epoch: int) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise NonFiniteError(
                f"Expected a finite {what}. Found {name} = {value} in epoch {epoch + 1}. "
                f"Lower the learning rate, or look at what the plugin returns."
            )


def _note(curves: Curves, means: Mapping[str, float], weights: Mapping[str, float]) -> None:
    curves.train_loss.append(sum(means.values()))
    for name, value in means.items():
        curves.terms.setdefault(name, []).append(value)
    for name, value in weights.items():
        curves.weights.setdefault(name, []).append(float(value))
