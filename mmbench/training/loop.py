"""The training loop: one loop for every fusion and every weighting."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mmbench.contracts import LossWeighting, Sampling, Term
from mmbench.data.part import Part
from mmbench.data.sealed import TrainingData
from mmbench.errors import NonFiniteError
from mmbench.model import FusionModel
from mmbench.objective import losses
from mmbench.seeding import derive
from mmbench.tasks import Task
from mmbench.training.alone import fit_alone
from mmbench.training.curves import Curves, note, note_conflicts, require_finite
from mmbench.training.dropout import Draws, dropout_rates, own_dropout
from mmbench.training.gradients import BackwardPasses, conflicts
from mmbench.training.loss_scale import LossScale, scaled
from mmbench.training.optimiser import FlatAdamW
from mmbench.training.step import Settings, Step, Training

__all__ = [
    "EVALUATION_BATCH",
    "MEASUREMENTS",
    "Fitted",
    "Trainer",
    "all_terms",
    "fit",
    "initialise",
    "predict",
    "training_of",
]

EVALUATION_BATCH = 512
MEASUREMENTS = 5
"""Of the conflict between the terms' gradients, a training: each costs a backward pass a term."""


@dataclass(frozen=True)
class Fitted:
    """A trained model, at its epoch of best validation score (oriented: greater is better).

    `lanes` says how many trained together.
    """

    model: FusionModel
    score: float
    curves: Curves
    lanes: int = 1


def fit(
    model: FusionModel,
    make_weighting: Callable[[tuple[Term, ...]], LossWeighting],
    terms: tuple[Term, ...],
    data: TrainingData,
    task: Task,
    settings: Settings,
    on_epoch: Callable[[float], None] = lambda done: None,
    sampling: Sampling | None = None,
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
        sampling: which training samples an epoch visits; every one, once, where it is left out.

    Raises:
        NonFiniteError: if a loss or a validation prediction is NaN or infinite.

    """
    initialise(model, task, data, settings.seed)
    curves = Curves()
    if not any(parameter.requires_grad for parameter in model.parameters()):
        return Fitted(model, _validate(model, data, task, terms, curves)[0], curves)
    torch.manual_seed(derive(settings.seed, "dropout"))
    every_term = all_terms(model, terms, data, task)
    weighting = make_weighting(every_term).to(data.train.targets.device)
    started = time.perf_counter()
    weighting.begin(training_of(model, task, data, every_term, settings))
    curves.begin_seconds = time.perf_counter() - started
    trainer = Trainer(model, weighting, terms, task, settings, sampling or Sampling(), data.train)
    best, best_state, since_best = -math.inf, _copied(model.state_dict()), 0
    draws = Draws([derive(settings.seed, "dropout")])
    dropout = own_dropout(model, [[rate] for rate in dropout_rates(model)], draws)
    with dropout, scaled(model) as trainer.scale:
        for epoch in range(settings.epochs):
            if len(every_term) > 1:
                note_conflicts(curves, trainer.conflicts(epoch))
            means = trainer.epoch()
            require_finite("training loss", means, epoch)
            score, validation = _validate(model, data, task, terms, curves)
            require_finite("validation loss", {**validation, "score": score}, epoch)
            note(curves, means, weighting.weights())
            weighting.end_epoch(means, validation)
            on_epoch((epoch + 1) / settings.epochs)
            since_best += 1
            if score > best:
                best, best_state, since_best = score, _copied(model.state_dict()), 0
            if since_best >= settings.patience:
                break
    curves.backward_passes, curves.batch_seconds = trainer.cost()
    model.load_state_dict(best_state)
    return Fitted(model, best, curves)


def initialise(model: FusionModel, task: Task, data: TrainingData, seed: int) -> None:
    """Let a fusion that starts from the training targets see them."""
    see = getattr(model.fusion, "initialise", None)
    if see is not None:
        torch.manual_seed(derive(seed, "initialise"))
        see(task, data.train.targets.clone())  # a copy: the part is shared between jobs


def training_of(
    model: FusionModel,
    task: Task,
    data: TrainingData,
    terms: tuple[Term, ...],
    settings: Settings,
) -> Training:
    """What a weighting is shown before the first step."""
    alone = partial(fit_alone, model, data, task, fit)
    return Training(model, task, data, terms, settings, alone)


class Trainer:
    """A model with its optimiser, schedule and order of data."""

    def __init__(
        self,
        model: FusionModel,
        weighting: LossWeighting,
        terms: tuple[Term, ...],
        task: Task,
        settings: Settings,
        sampling: Sampling,
        part: Part,
    ) -> None:
        self.model, self.weighting, self.terms, self.task = model, weighting, terms, task
        self.settings, self.sampling = settings, sampling
        sampling.fit(part, task)
        weights = sampling.weights()
        self.part = (
            part if weights is None else replace(part, weights=weights.to(part.targets.device))
        )
        self.groups = model.parameter_groups()
        self.trained = [*model.parameters(), *weighting.parameters()]
        # What a weighting overrides is paid for by that weighting, and by no other.
        self.looks_back = type(weighting).after_step is not LossWeighting.after_step
        self.sets_rates = type(weighting).rates is not LossWeighting.rates
        self.optimiser = self._optimiser()
        self.visits = len(sampling.epoch(torch.Generator().manual_seed(0)))
        self.batches = math.ceil(self.visits / settings.batch_size)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            settings.lr,
            total_steps=self.batches * settings.epochs,
            cycle_momentum=False,
        )
        self.order = torch.Generator().manual_seed(derive(settings.seed, "order"))
        self.backward_passes = BackwardPasses(self.groups)
        self.seconds, self.batches_done = 0.0, 0
        self.scale: LossScale | None = None

    def epoch(self) -> dict[str, float]:
        """One pass over what the sampling visits; the mean loss of each term."""
        self.model.train()
        sums: dict[str, Tensor] = {}
        order = self.sampling.epoch(self.order).to(self.part.targets.device)
        if not self.batches_done:
            self.backward_passes.open()
        started = time.perf_counter()
        # Batches of nearly one size: a last batch of one sample would have no spread to normalise by.
        for index in order.tensor_split(math.ceil(len(order) / self.settings.batch_size)):
            batch = self.weighting.choose(self.part.take(index))
            for name, loss in self._batch(batch).items():
                sums[name] = sums.get(name, 0.0) + loss.detach() * len(index)
            self.schedule.step()
            self.batches_done += 1
        means = {name: float(total) / len(order) for name, total in sums.items()}
        if self.scale is not None:
            self.scale.require_sense()
        self.seconds += time.perf_counter() - started
        self.backward_passes.close(self.batches_done)
        return means

    def conflicts(self, epoch: int) -> dict[str, float]:
        """Cosines between the terms' gradients on one batch, a few times in a training."""
        if epoch % math.ceil(self.settings.epochs / MEASUREMENTS):
            return {}
        few = torch.arange(min(len(self.part), self.settings.batch_size))
        batch = self.part.take(few.to(self.part.targets.device))
        self.model.eval()  # looking must change neither buffers nor the order of random draws
        return conflicts(self._forward(batch)[1], self.groups)

    def cost(self) -> tuple[float, float]:
        """Backward passes through an encoder and seconds of training, a batch."""
        return self.backward_passes.a_batch, self.seconds / self.batches_done

    def _batch(self, batch: Part) -> dict[str, Tensor]:
        """The optimiser's steps on one batch; its losses before the first."""
        first: dict[str, Tensor] = {}
        for _ in range(self.weighting.rounds):
            self.optimiser.zero_grad()
            step, found = self._forward(batch)
            self.weighting.observe(step)
            first = first or found
            self._backward(found)
            self._clip()
            self._step()
            if self.looks_back:
                self.weighting.after_step(self._forward(batch)[1])
        return first

    def _backward(self, found: dict[str, Tensor]) -> None:
        try:
            self.weighting.backward(found, self.groups)
        except NonFiniteError:
            if self.scale is None:
                raise
            # An overflow in float16, which costs no more than the step.
            for parameter in self.trained:
                if parameter.requires_grad:
                    parameter.grad = torch.full_like(parameter, math.inf)

    def _step(self) -> None:
        """The optimiser's step, at the schedule's learning rate times the weighting's factors."""
        if not self.sets_rates:
            self.optimiser.step()
            return
        factors = self.weighting.rates()
        scheduled = [group["lr"] for group in self.optimiser.param_groups]
        for group in self.optimiser.param_groups:
            group["lr"] *= factors.get(group["name"], 1.0)
        self.optimiser.step()
        for group, lr in zip(self.optimiser.param_groups, scheduled, strict=True):
            group["lr"] = lr

    def _optimiser(self) -> torch.optim.AdamW:
        """One group of parameters, in one piece; one group each where rates differ."""
        lr, weight_decay = self.settings.lr, self.settings.weight_decay
        trained = [parameter for parameter in self.trained if parameter.requires_grad]
        if not self.sets_rates and FlatAdamW.fits(trained):
            return FlatAdamW(trained, lr, weight_decay)
        named = {**self.groups, "weighting": list(self.weighting.parameters())}
        groups = [{"params": found, "name": name} for name, found in named.items() if found]
        return torch.optim.AdamW(groups, lr=lr, weight_decay=weight_decay, fused=True)

    def _clip(self) -> None:
        if isinstance(self.optimiser, FlatAdamW):
            norm = self.optimiser.clip(self.settings.clip)
        else:
            norm = nn.utils.clip_grad_norm_(self.trained, self.settings.clip)
        if self.scale is not None:
            self.scale.tell(self.optimiser, norm)

    def _forward(self, batch: Part) -> tuple[Step, dict[str, Tensor]]:
        step = Step(batch, self.model(batch), self.model, self.task, self.terms)
        return step, losses(self.model, step.outputs, batch, self.task, self.terms)


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
    metric = task.score(prediction, targets)
    curves.validation_score.append(metric)
    curves.validation_loss.append(means.get("joint", math.nan))
    return task.oriented(metric), means


def all_terms(
    model: FusionModel, terms: tuple[Term, ...], data: TrainingData, task: Task
) -> tuple[Term, ...]:
    """The objective's terms and those that the fusion itself adds, seen in one small batch."""
    few = data.train.take(torch.arange(min(2, len(data.train)), device=data.train.targets.device))
    with torch.no_grad():
        names = losses(model, model(few), few, task, terms)
    known = {term.name for term in terms}
    return terms + tuple(Term(name) for name in names if name not in known)


def _copied(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state as it is now; `copy.deepcopy` takes ten times as long."""
    return {
        name: value.detach().clone() if isinstance(value, Tensor) else copy.deepcopy(value)
        for name, value in state.items()
    }
