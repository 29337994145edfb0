"""AdamW over all parameters as one tensor: small models drown in the work done per parameter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["FlatAdamW", "clip_"]


class FlatAdamW(torch.optim.AdamW):
    """AdamW whose parameters become views of one flat tensor, which is clipped and stepped in one piece.

    A parameter without a gradient is left alone, as in any AdamW. The first time that one is without,
    the flat tensor is given up for one state a parameter.

    Args:
        parameters: trainable, of one dtype and on one device; their storage is replaced.
        lr: learning rate.
        weight_decay: see AdamW.

    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float) -> None:
        self.own = list(parameters)
        self.flat = nn.Parameter(torch.cat([p.detach().flatten() for p in self.own]))
        self.is_flat = True
        super().__init__([self.flat], lr=lr, weight_decay=weight_decay, fused=True)
        for parameter, view in zip(self.own, self._split(self.flat.detach()), strict=True):
            parameter.data = view
        self.gradient = torch.zeros_like(self.flat)

    @staticmethod
    def fits(parameters: Iterable[nn.Parameter]) -> bool:
        """Whether all parameters can share one tensor."""
        return len({(p.dtype, p.device) for p in parameters}) == 1

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.own:
            parameter.grad = None

    def clip(self, norm: float) -> Tensor:
        """Scale all gradients so that their common norm is at most `norm`; returns what it was."""
        found = [p.grad for p in self.own if p.grad is not None]
        if self.is_flat and len(found) < len(self.own):
            self._give_up()
        if self.is_flat:
            torch.cat([gradient.flatten() for gradient in found], out=self.gradient)
            self.flat.grad = self.gradient
            return clip_(self.gradient.unsqueeze(0), norm)
        return nn.utils.clip_grad_norm_(self.own, norm)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if self.is_flat and len(state_dict["param_groups"][0]["params"]) > 1:
            self._give_up()
        super().load_state_dict(state_dict)

    def _give_up(self) -> None:
        """One state a parameter from now on, each where the flat one is."""
        self.is_flat = False
        self.param_groups[0]["params"] = list(self.own)
        state = self.state.pop(self.flat, {})
        for name, value in state.items():
            shared = value.shape != self.flat.shape  # the number of steps
            parts = [value.clone() for _ in self.own] if shared else self._split(value)
            for parameter, part in zip(self.own, parts, strict=True):
                self.state[parameter][name] = part

    def _split(self, flat: Tensor) -> list[Tensor]:
        parts = torch.split(flat, [parameter.numel() for parameter in self.own])
        return [part.view(p.shape) for part, p in zip(parts, self.own, strict=True)]


def clip_(gradients: Tensor, norm: float) -> Tensor:
    """Scale each row of (K, P) in place to at most `norm`, as `clip_grad_norm_` does; returns their norms."""
    lengths: Tensor = torch.linalg.vector_norm(gradients, dim=1, keepdim=True)
    gradients.mul_((norm / (lengths + 1e-6)).clamp(max=1.0))
    return lengths
