"""Several models of one shape as one: their parameters stacked, their forward pass lifted over lanes."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import vmap

from mmbench.contracts import LossWeighting, Term
from mmbench.data.part import Part
from mmbench.model import FusionModel
from mmbench.objective import losses
from mmbench.tasks import Task
from mmbench.training.dropout import Draws
from mmbench.training.lifted import each_lane, lift
from mmbench.training.pool import packed, unpacked

__all__ = ["Found", "Refused", "Stack"]

Found = tuple[dict[str, Tensor], Tensor, Tensor]
"""The loss of each term, the predictions, and what they should be."""


class Refused(Exception):
    """These trainings cannot share a pass; each can train alone."""


class Stack:
    """K models, and their weightings' parameters, as the rows of one tensor.

    Args:
        models: alike; left as they are.
        weightings: of the models; their parameters become parts of the rows.
        task: owns the loss.
        terms: of the objective.
        draws: of the lanes' dropout.

    Attributes:
        values: `(K, P)`, all parameters of a lane in a row.
        gradients: `(K, P)`.
        parameters: name -> `(K, …)`, views of the rows.
        leaves: the same, in their order.
        leaves_of_weightings: the parameters of each lane's.
        buffers: name -> `(K, …)`.
        template: a copy of the first model, which is called with the others' parameters.

    """

    def __init__(
        self,
        models: Sequence[FusionModel],
        weightings: Sequence[LossWeighting],
        task: Task,
        terms: tuple[Term, ...],
        draws: Draws,
    ) -> None:
        self.template = copy.deepcopy(models[0])
        self.draws = draws
        self.weightings = list(weightings)
        self._shapes = {name: p.shape for name, p in self.template.named_parameters()}
        self._task, self._terms = task, terms
        self._held = _held(self.template)
        lift(self.template)
        rows = [[*m.parameters(), *w.parameters()] for m, w in zip(models, weightings, strict=True)]
        if not all(p.requires_grad and p.dtype == rows[0][0].dtype for p in rows[0]):
            raise Refused("parameters that are frozen, or of several dtypes")
        named = [dict(model.named_buffers()) for model in models]
        self.buffers = {name: torch.stack([b[name] for b in named]) for name in named[0]}
        self._lay_out(torch.stack([_flat(row) for row in rows]))

    def __len__(self) -> int:
        return len(self.values)

    def __call__(self, batches: dict[str, Any]) -> Found:
        """Losses `(K,)`, predictions and targets `(K, B, …)` of one batch a lane, as `Pool` gives them."""

        def run(lane: Tensor) -> Found:
            self.draws.lane = lane
            with self._holding(each_lane({**self.parameters, **self.buffers})):
                return self._run(each_lane(batches))

        try:
            # What differs between lanes is split by hand: `vmap` takes longer to look through all of it.
            found: Found = vmap(run)(torch.arange(len(self), device=self.values.device))
        finally:
            self.draws.lane = None
        return found

    def alone(self, place: int, batch: Part) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The losses of one lane on one batch, and that lane's parameters as leaves by name."""
        own = {name: p[place].detach().requires_grad_() for name, p in self.parameters.items()}
        buffers = {name: values[place] for name, values in self.buffers.items()}
        with self._holding({**own, **buffers}):
            return self._run(packed(batch))[0], own

    def groups(self, own: dict[str, Tensor] | None = None) -> dict[str, list[Tensor]]:
        """The model's parameter groups, of all lanes; or with one lane's own parameters, by name."""
        names = {id(p): name for name, p in self.template.named_parameters()}
        values = self.parameters if own is None else own
        groups = self.template.parameter_groups()
        return {group: [values[names[id(p)]] for p in found] for group, found in groups.items()}

    def collect(self, found: Sequence[Tensor | None]) -> None:
        """Put the gradients of `leaves`, in their order, into `gradients`."""
        _fill(self._places, found)

    def collect_of_weightings(self, found: Sequence[Tensor | None]) -> None:
        """Put the gradients of `leaves_of_weightings`, in their order, into `gradients`."""
        _fill(self._places_of_weightings, found)

    def keep(self, places: list[int]) -> None:
        """Go on with some lanes."""
        self.weightings = [self.weightings[place] for place in places]
        self.buffers = {name: values[places] for name, values in self.buffers.items()}
        self.draws.keep(places)
        self._lay_out(self.values[places])

    def state(self, place: int) -> dict[str, Tensor]:
        """A copy of one lane's parameters and buffers, by name."""
        everything = {**self.parameters, **self.buffers}
        return {name: values[place].detach().clone() for name, values in everything.items()}

    def _lay_out(self, values: Tensor) -> None:
        self.values, self.gradients = values, torch.zeros_like(values)
        self.parameters, self._places = dict[str, Tensor](), list[Tensor]()
        start = 0
        for name, shape in self._shapes.items():
            stop = start + shape.numel()
            own, gradient = (x[:, start:stop].view(-1, *shape) for x in (values, self.gradients))
            self.parameters[name] = own.requires_grad_()
            self._places.append(gradient)
            start = stop
        self.leaves = list(self.parameters.values())
        self.leaves_of_weightings, self._places_of_weightings = list[Tensor](), list[Tensor]()
        for row, gradients, weighting in zip(values, self.gradients, self.weightings, strict=True):
            place = start
            for parameter in weighting.parameters():
                part = slice(place, place + parameter.numel())
                parameter.data = row[part].view(parameter.shape)
                self.leaves_of_weightings.append(parameter)
                self._places_of_weightings.append(gradients[part].view(parameter.shape))
                place = part.stop

    @contextmanager
    def _holding(self, values: Mapping[str, Tensor]) -> Iterator[None]:
        """The template with these parameters and buffers, by name, in place of its own."""
        before = [held[own] for held, own, _ in self._held]
        try:
            for held, own, name in self._held:
                held[own] = values[name]
            yield
        finally:
            for (held, own, _), value in zip(self._held, before, strict=True):
                held[own] = value

    def _run(self, given: dict[str, Any]) -> Found:
        batch = unpacked(given)
        outputs = self.template(batch)
        targets = batch.targets if outputs.gallery is None else outputs.gallery
        found = losses(self.template, outputs, batch, self._task, self._terms)
        return found, outputs.prediction, targets


def _fill(places: Sequence[Tensor], found: Sequence[Tensor | None]) -> None:
    for place, gradient in zip(places, found, strict=True):
        if gradient is None:
            raise Refused("parameters without a gradient")
        place.copy_(gradient)


def _held(model: nn.Module) -> list[tuple[dict[str, Any], str, str]]:
    """Where every parameter and buffer is: the dictionary of its module, the key, and its first name."""
    found, first = [], dict[int, str]()
    for prefix, module in model.named_modules():
        for held in (module._parameters, module._buffers):
            for own, tensor in held.items():
                if tensor is not None:
                    name = first.setdefault(id(tensor), f"{prefix}.{own}".lstrip("."))
                    found.append((held, own, name))
    return found


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().flatten() for tensor in tensors] or [torch.empty(0)])
