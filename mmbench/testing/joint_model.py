"""A small model with the parameter groups and losses of a joint objective, for weightings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import torch
from torch import Tensor, nn

from mmbench.contracts import Term

__all__ = ["JointModel", "terms"]

_DIM = 4
_SAMPLES = 12
Change = Callable[[Tensor], Tensor]


def terms(count: int) -> tuple[Term, ...]:
    """`joint`, one `uni` a modality, an `align` for each ordered pair, and an `aux`."""
    names = [f"m{place}" for place in range(count)]
    pairs = [f"align:{i}->{j}" for i, j in permutations(names, 2)]
    listed = ("joint", *(f"uni:{name}" for name in names), *pairs, "aux:balance")
    return tuple(Term(name) for name in listed)


class JointModel(nn.Module):
    """Linear encoders, heads, alignments and a shared layer; regression of random targets."""

    x: Tensor
    y: Tensor

    def __init__(self, count: int) -> None:
        super().__init__()
        self.terms = terms(count)
        self.encoders = nn.ModuleList(nn.Linear(_DIM, _DIM) for _ in range(count))
        self.heads = nn.ModuleList(nn.Linear(_DIM, 1) for _ in range(count))
        self.shared = nn.Linear(count * _DIM, 1)
        self.align = nn.Linear(_DIM, _DIM)
        self.register_buffer("x", torch.randn(count, _SAMPLES, _DIM))
        self.register_buffer("y", torch.randn(_SAMPLES, 1))

    def losses(self, change: Change = lambda loss: loss) -> dict[str, Tensor]:
        """Term -> scalar loss, each changed by `change`."""
        features = [encoder(x) for encoder, x in zip(self.encoders, self.x.unbind(), strict=True)]
        fused = self.shared(torch.cat(features, dim=1))
        found = {"joint": (fused - self.y).square().mean()}
        for place, head in enumerate(self.heads):
            found[f"uni:m{place}"] = (head(features[place]) - self.y).square().mean()
        for i, j in permutations(range(len(features)), 2):
            gap = self.align(features[i]) - features[j]
            found[f"align:m{i}->m{j}"] = gap.square().mean()
        found["aux:balance"] = fused.square().mean()
        return {name: change(loss) for name, loss in found.items()}

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """As the harness declares them."""
        named = [("encoder", self.encoders), ("head", self.heads)]
        groups = {
            f"{kind}:m{place}": list(module.parameters())
            for kind, modules in named
            for place, module in enumerate(modules)
        }
        groups["shared"] = list(self.shared.parameters())
        if len(self.encoders) > 1:
            groups["align"] = list(self.align.parameters())
        return groups
