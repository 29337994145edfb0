import torch
from torch import Tensor, nn

import mmbench


class SharedGate(nn.Module):
    """Sum of the projected features, times one gate that all of them open together."""

    def __init__(self, dims: dict[str, int], out_dim: int) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.project = nn.Linear(sum(dims.values()), out_dim)
        self.gate = nn.Linear(sum(dims.values()), out_dim)

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        joined = torch.cat([features[name] for name in self.names], dim=1)
        fused: Tensor = self.project(joined) * self.gate(joined).sigmoid()
        return fused


@mmbench.hookimpl
def mmbench_fusions() -> list[mmbench.Fusion]:
    return [mmbench.Fusion("shared_gate", SharedGate)]
