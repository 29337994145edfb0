"""Lanes: trainings of one shape that share a pass. A lane's result is what it would be alone."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mmbench.contracts import Term
from mmbench.errors import NonFiniteError
from mmbench.seeding import derive
from mmbench.tasks import Task
from mmbench.training.curves import note_conflicts
from mmbench.training.descent import Descent
from mmbench.training.dropout import Draws, dropout_rates, own_dropout
from mmbench.training.gradients import BackwardPasses, conflicts
from mmbench.training.lane import Lane, Member, matching, shareable
from mmbench.training.loop import EVALUATION_BATCH, MEASUREMENTS, Fitted
from mmbench.training.pool import Pool
from mmbench.training.rows import RowsAdamW
from mmbench.training.stack import Refused, Stack

__all__ = ["fit_lanes"]


def fit_lanes(
    lanes: Sequence[Lane],
    terms: tuple[Term, ...],
    on_epoch: Callable[[float], None] = lambda done: None,
) -> list[Fitted | None]:
    """Train in one pass what `fit` trains one by one.

    Lanes may differ in data, seed, learning rate, weight decay, rates of dropout, and in their
    weighting's parameters.

    Args:
        lanes: two or more, of one shape.
        terms: of the objective.
        on_epoch: called with the fraction done.

    Returns:
        A result for each lane; None for one that did not stay finite: alone, it says why.

    Raises:
        Refused: if they cannot share a pass. Code of plugins that `vmap` cannot run raises as it will.

    """
    members = [Member(place, lane, terms) for place, lane in enumerate(lanes)]
    _require_alike(members)
    first = lanes[0]
    draws = Draws([derive(lane.settings.seed, "dropout") for lane in lanes])
    rates = zip(*(dropout_rates(lane.model) for lane in lanes), strict=True)
    weightings = [member.weighting for member in members]
    stack = Stack([lane.model for lane in lanes], weightings, first.task, terms, draws)
    with own_dropout(stack.template, list(rates), draws):
        pass_ = _Pass(members, stack)
        for epoch in range(first.settings.epochs):
            pass_.epoch(epoch)
            on_epoch((epoch + 1) / first.settings.epochs)
            if not pass_.members:
                break
    return [member.result(pass_.cost, len(members)) for member in members]


class _Pass:
    """The shared training of the members that have not stopped."""

    def __init__(self, members: list[Member], stack: Stack) -> None:
        self.members, self.stack = list(members), stack
        settings = members[0].lane.settings
        self.settings = settings
        self.visits = len(members[0].lane.sampling.epoch(torch.Generator().manual_seed(0)))
        self.batches = math.ceil(self.visits / settings.batch_size)
        steps = self.batches * settings.epochs
        self.optimiser = RowsAdamW(stack.values, [m.lane.settings for m in members], steps)
        self.descent = Descent(stack, steps)
        self.counter = BackwardPasses(stack.groups())
        self.counter.open()
        self.training = Pool([member.part for member in members])
        self.held_out = Pool([member.lane.data.validation for member in members])
        self.seconds, self.trained = 0.0, 0

    @property
    def cost(self) -> tuple[float, float]:
        """Backward passes through an encoder, and seconds of one lane's training, a batch."""
        return self.counter.a_batch, self.seconds / max(self.trained, 1)

    def epoch(self, epoch: int) -> None:
        self._note_conflicts(epoch)
        means = self._train()
        scores, found = self._validate()
        for place, member in enumerate(self.members):
            if member.failed:
                continue
            try:
                member.close(_of(means, place), _of(found, place), scores[place])
            except NonFiniteError:
                member.failed = True
                continue
            if scores[place] > member.best:
                member.best, member.since_best = scores[place], 0
                member.best_state = self.stack.state(place)
        self._keep_unfinished()

    def _train(self) -> dict[str, list[float]]:
        """One pass over the data; the mean loss of each term in each lane."""
        self.stack.template.train()
        sums: dict[str, Tensor] = {}
        orders = [member.lane.sampling.epoch(member.order) for member in self.members]
        if any(len(order) != self.visits for order in orders):
            raise Refused("epochs of different lengths")
        started = time.perf_counter()
        order = torch.stack(orders).to(self.stack.values.device)
        for indexes in order.tensor_split(self.batches, dim=1):
            losses = self.descent(self.members, self.training.take(indexes))
            self.optimiser.step(self.stack.gradients)
            self.counter.close(1)  # what a batch costs, the first shows
            for name, loss in losses.items():
                sums[name] = sums.get(name, 0.0) + loss.detach() * indexes.shape[1]
        self.seconds += time.perf_counter() - started
        self.trained += self.batches * len(self.members)
        return {name: (total / self.visits).tolist() for name, total in sums.items()}

    def _validate(self) -> tuple[list[float], dict[str, list[float]]]:
        """Each lane's oriented score, and the mean loss of each term in each lane."""
        self.stack.template.eval()
        predictions, targets, sums = [], [], dict[str, Tensor]()
        samples = self.held_out.samples
        with torch.no_grad():
            for start in range(0, samples, EVALUATION_BATCH):
                stop = min(start + EVALUATION_BATCH, samples)
                losses, prediction, target = self.stack(self.held_out.between(start, stop))
                predictions.append(prediction)
                targets.append(target)
                for name, loss in losses.items():
                    sums[name] = sums.get(name, 0.0) + loss * (stop - start)
        found, expected = torch.cat(predictions, dim=1).cpu(), torch.cat(targets, dim=1).cpu()
        scores = [
            _score(member.lane.task, found[place], expected[place])
            for place, member in enumerate(self.members)
        ]
        return scores, {name: (s / samples).tolist() for name, s in sums.items()}

    def _note_conflicts(self, epoch: int) -> None:
        members = self.members
        if len(members[0].terms) < 2:
            return
        due = epoch % math.ceil(self.settings.epochs / MEASUREMENTS) == 0
        self.stack.template.eval()
        for place, member in enumerate(members):
            cosines: dict[str, float] = {}
            if due:
                part = member.part
                few = torch.arange(min(len(part), self.settings.batch_size))
                losses, own = self.stack.alone(place, part.take(few.to(part.targets.device)))
                cosines = conflicts(losses, self.stack.groups(own))
            note_conflicts(member.curves, cosines)

    def _keep_unfinished(self) -> None:
        """Lanes that have stopped cost no more time."""
        going = [
            place
            for place, member in enumerate(self.members)
            if not member.failed and member.since_best < self.settings.patience
        ]
        if 0 < len(going) < len(self.members):
            self.stack.keep(going)
            self.descent.forget()
            self.optimiser.keep(going, self.stack.values)
            self.training.keep(going)
            self.held_out.keep(going)
        self.members = [self.members[place] for place in going]


def _require_alike(members: list[Member]) -> None:
    first, *rest = members
    if not shareable(type(first.weighting)):
        raise Refused("a weighting that does more than combine losses or gradients")
    if first.replaces_buffers:
        raise Refused("a model that replaces its buffers")
    for member in rest:
        if not (
            matching(first.lane, member.lane)
            and type(first.weighting) is type(member.weighting)
            and first.terms == member.terms
        ):
            raise Refused("models, data or settings of different shapes")


def _of(values: dict[str, list[float]], place: int) -> dict[str, float]:
    return {name: own[place] for name, own in values.items()}


def _score(task: Task, prediction: Tensor, targets: Tensor) -> float:
    if not bool(prediction.isfinite().all()):
        return math.nan
    return task.oriented(task.score(prediction, targets))
