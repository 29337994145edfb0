import torch
from torch import Tensor, nn

import mmbench


class SelfGated(nn.Module):
    """Sum of projected features, each scaled by a gate that it computes from itself."""

    def __init__(self, dims: dict[str, int], out_dim: int) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.project = nn.ModuleList(nn.Linear(dims[name], out_dim + 1) for name in self.names)

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        pairs = zip(self.names, self.project, strict=True)
        projected = [layer(features[name]) for name, layer in pairs]
        return torch.stack([x[:, 1:] * x[:, :1].sigmoid() for x in projected]).sum(dim=0)


@mmbench.hookimpl
def mmbench_fusions() -> list[mmbench.Fusion]:
    return [mmbench.Fusion("self_gated", SelfGated)]
