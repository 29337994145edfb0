"""Gradients that float16 would round to zero."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from mmbench.errors import NonFiniteError
from mmbench.model import FusionModel

__all__ = ["LossScale", "scaled"]

START = 2.0**12
"""The factor at first."""
GROWTH = 500
"""Steps without overflow, after which the factor is doubled."""


class LossScale:
    """A factor on the gradients inside a model.

    They are multiplied at the model's outputs, and divided, in float32, where they reach its parameters: nobody
    outside sees it, no loss and no weighting. It is a power of two, so that nothing else is rounded. A step whose
    gradients overflowed is left out, and the factor halved. Micikevicius 2018, ICLR, arXiv:1710.03740.

    Attributes:
        factor: scalar; it stays on the device, so that no step waits for it.

    """

    def __init__(self, device: torch.device) -> None:
        self.factor = torch.tensor(START, device=device)
        self._steps = torch.zeros((), device=device)

    def enter(self, output: Tensor) -> Tensor:
        """An output; its gradient is multiplied on the way into the model."""
        scaled: Tensor = _Times.apply(output, self)  # type: ignore[no-untyped-call]
        return scaled

    def leave(self, gradient: Tensor) -> Tensor:
        """A parameter's own gradient."""
        return gradient / self.factor

    def tell(self, optimiser: torch.optim.Optimizer, norm: Tensor) -> None:
        """Let a fused optimiser leave its next step out if gradients of this norm overflowed."""
        setattr(optimiser, "found_inf", self.judge(norm).float())  # noqa: B010 - declared nowhere

    def judge(self, norm: Tensor) -> Tensor:
        """Whether gradients of this norm overflowed; the factor follows."""
        overflowed = ~norm.isfinite().all()
        self._steps = torch.where(overflowed, 0.0, self._steps + 1) % GROWTH
        grown = torch.where(self._steps == 0, 2 * self.factor, self.factor)
        self.factor = torch.where(overflowed, self.factor / 2, grown)
        return overflowed

    def require_sense(self) -> None:
        """Raises NonFiniteError if no factor is small enough."""
        if self.factor < 1:
            raise NonFiniteError(
                "Expected gradients that float16 can hold. Found overflow without any factor on them. "
                "Lower the learning rate, or train with --precision bfloat16."
            )


@contextmanager
def scaled(model: FusionModel) -> Iterator[LossScale | None]:
    """Scale a float16 model's gradients for a while; None for another model, which is left as it is."""
    if model.precision != "float16":
        yield None
        return
    inside = nn.ModuleList([model.encoders, model.fusion, model.unimodal_heads])
    if model.head is not None:
        inside.append(model.head)
    trained = [parameter for parameter in inside.parameters() if parameter.requires_grad]
    scale = LossScale(next(model.parameters()).device)
    hooks: list[Any] = [parameter.register_hook(scale.leave) for parameter in trained]  # type: ignore[no-untyped-call]
    model.at_output = scale.enter
    try:
        yield scale
    finally:
        model.at_output = None
        for hook in hooks:
            hook.remove()


class _Times(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, output: Tensor, scale: LossScale) -> Tensor:
        ctx.factor = scale.factor  # type: ignore[attr-defined]
        return output.view_as(output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient * ctx.factor, None
