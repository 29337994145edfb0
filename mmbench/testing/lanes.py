"""The property that lets several jobs train in one vectorised pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from mmbench.registrations import Fusion, Registration
from mmbench.testing.agreement import require_agreement
from mmbench.testing.batches import Batch
from mmbench.testing.results import NotTested, Violation
from mmbench.testing.subjects import Subject, subjects_of

__all__ = ["lanes_equal_solo"]

_LANES = 3
_TOLERANCE = 1e-6
_ADVICE = (
    "Avoid branches on values, in-place changes of inputs and `.item()`, or register the fusion with "
    "`vectorises=False`."
)


def lanes_equal_solo(registration: Registration) -> str:
    """Under `vmap` over stacked parameters the module gives what it gives alone, gradients too."""
    if not getattr(registration, "vectorises", True):
        raise NotTested("it declares vectorises=False and trains one lane at a time")
    if getattr(registration, "level", "") == "none":
        raise NotTested("it sees no input")
    worst = 0.0
    for subject in subjects_of(registration):
        try:
            worst = max(worst, _compare(subject))
        except Violation:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            if isinstance(registration, Fusion):
                raise Violation(
                    f"Expected the fusion to run under vmap. Found {reason}. {_ADVICE}"
                ) from error
            raise NotTested(
                f"vmap refuses it, so it trains one lane at a time: {reason}"
            ) from error
    return f"{_LANES} lanes, at most {worst:.1g} from solo"


def _compare(subject: Subject) -> float:
    modules = [subject.build(seed) for seed in range(_LANES)]
    batches = [subject.batch(seed=seed) for seed in range(_LANES)]
    shared = batches[0]  # lanes share masks, presence and targets; vmap stacks the rest
    state = stack_module_state(modules) if modules[0].state_dict() else ({}, {})
    values = {name: torch.stack([b.values[name] for b in batches]) for name in shared.values}
    caller = _Caller(subject, modules[0], shared)
    lanes = vmap(caller.call)(*state, values)
    solo = torch.stack(
        [subject.call(m, caller.batch(b.values)) for m, b in zip(modules, batches, strict=True)]
    )
    worst = require_agreement(lanes, solo, _TOLERANCE, "lanes to equal solo results", _ADVICE)
    if state[0]:
        worst = max(worst, _compare_gradients(caller, modules, batches, state, values))
    return worst


def _compare_gradients(
    caller: _Caller, modules: list[nn.Module], batches: list[Batch], state: Any, values: Any
) -> float:
    gradients: Any = grad(caller.loss)
    modules[
        0
    ].train()  # that training runs at all, dropout included; its draws differ from solo ones
    vmap(gradients, randomness="different")(*state, values)
    modules[0].eval()
    lanes = vmap(gradients)(*state, values)
    worst = 0.0
    for place, (module, batch) in enumerate(zip(modules, batches, strict=True)):
        parameters = dict(module.named_parameters())
        loss = caller.subject.loss(module, caller.batch(batch.values))
        solo = torch.autograd.grad(loss, list(parameters.values()), materialize_grads=True)
        for name, expected in zip(parameters, solo, strict=True):
            should = f"the gradient of {name} in a lane to equal the solo one"
            difference = require_agreement(
                lanes[name][place], expected, _TOLERANCE, should, _ADVICE
            )
            worst = max(worst, difference)
    return worst


class _Caller:
    """A subject's module as a function of its state and its values."""

    def __init__(self, subject: Subject, module: nn.Module, shared: Batch) -> None:
        self.subject, self.shared = subject, shared
        self._module = _Bound(module, subject.call)
        self._loss = _Bound(module, subject.loss)

    def batch(self, values: dict[str, Tensor]) -> Batch:
        return replace(self.shared, values=values)

    def call(self, parameters: Any, buffers: Any, values: dict[str, Tensor]) -> Tensor:
        return self._run(self._module, parameters, buffers, values)

    def loss(self, parameters: Any, buffers: Any, values: dict[str, Tensor]) -> Tensor:
        return self._run(self._loss, parameters, buffers, values)

    def _run(self, bound: _Bound, parameters: Any, buffers: Any, values: Any) -> Tensor:
        state = {f"module.{name}": tensor for name, tensor in {**parameters, **buffers}.items()}
        result: Tensor = functional_call(bound, state, (self.batch(values),))
        return result


class _Bound(nn.Module):
    """A module and how to call it, in the shape that `functional_call` takes."""

    def __init__(self, module: nn.Module, how: Callable[[nn.Module, Batch], Tensor]) -> None:
        super().__init__()
        self.module, self._how = module, how

    def forward(self, batch: Batch) -> Tensor:
        return self._how(self.module, batch)
