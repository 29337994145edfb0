"""The trainable part of a pretrained encoder: a projection of frozen features, or the whole model."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from mmbench.data.preparation import InputSpec
from mmbench_encoders.masks import masked, zero_padding
from mmbench_encoders.pretrained.backbones import load_backbone
from mmbench_encoders.pretrained.locate import locate
from mmbench_encoders.shapes import expect_shape

__all__ = ["FineTuned", "Projection", "pretrained"]


def pretrained(
    spec: InputSpec,
    dim: int,
    model: str = "tiny",
    frozen: bool = True,
    tokens: int = 16,
    rate: int = 16000,
    size: int = 0,
    dropout: float = 0.5,
    pace: float = 0.01,
) -> nn.Module:
    """A pretrained model as an encoder, frozen or fine-tuned.

    Args:
        spec: of what `mmbench_encoders.pretrained.preparation` gives for the same parameters.
        dim: feature size.
        model: `tiny`, `dinov2`, `minilm`, `whisper`, a folder, or a name on the Hugging Face hub.
        frozen: whether the model stays as it is, and only the projection is trained.
        tokens: that a sample is shortened to, at most; a class token is one more.
        rate: samples a second of recordings; of no account here, nor is `size` where it is frozen.
        size: pixels a side that images are resized to; 0 for the model's own.
        dropout: of the channels that are projected, each in all tokens of a sample or in none.
        pace: of what is fine-tuned, as a share of the learning rate.

    """
    if frozen:
        return Projection(spec, dim, dropout)
    kind = "text" if spec.vocabulary else {3: "image"}.get(len(spec.shape), "audio")
    backbone, width = load_backbone(kind, locate(model, kind), tokens, size)
    return FineTuned(backbone, width, dim, dropout, pace)


class Projection(nn.Module):
    """A linear layer from frozen tokens `(B, T, D)` to tokens `(B, T, dim)`."""

    def __init__(self, spec: InputSpec, dim: int, dropout: float = 0.5) -> None:
        super().__init__()
        _, width = expect_shape(spec, "T", "D")
        self.dropout = _ChannelDropout(dropout)
        self.project = nn.Linear(width, dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`x` `(B, T, D)`, `mask` `(B, T)` -> tokens `(B, T, dim)`, mask `(B, T)`."""
        return masked(self.project(self.dropout(x)), mask)


class FineTuned(nn.Module):
    """A pretrained model whose weights are trained, at a pace of their own, and a linear layer.

    One optimiser trains everything, and Adam's steps are as long as its learning rate whatever the
    gradient's scale. So each weight is read as w₀ + pace · δ: δ moves at the learning rate, the weight at
    `pace` times it, and weight decay pulls to w₀, as in Li 2018, ICML, arXiv:1802.01483.

    Args:
        backbone: what its reader gives, and a mask, to tokens `(B, T, D)` and their mask.
        width: D.
        dim: feature size.
        dropout: of the channels that are projected, each in all tokens of a sample or in none.
        pace: of the model's weights, as a share of the learning rate.

    """

    def __init__(
        self, backbone: nn.Module, width: int, dim: int, dropout: float = 0.5, pace: float = 0.01
    ) -> None:
        super().__init__()
        self.backbone = backbone
        for module in list(backbone.modules()):
            for name, weight in list(module.named_parameters(recurse=False)):
                slowed = _Slowed(weight.detach(), pace)
                weight.requires_grad_()  # some models keep their positions fixed
                parametrize.register_parametrization(module, name, slowed)
        self.dropout = _ChannelDropout(dropout)
        self.project = nn.Linear(width, dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Ids, pixels or series and their mask -> tokens `(B, T, dim)`, mask `(B, T)`."""
        tokens, mask = self.backbone(x, mask)
        return zero_padding(self.project(self.dropout(tokens)), mask), mask


class _ChannelDropout(nn.Module):
    """Dropout of channels: one draw a sample for all its tokens, as in Gal 2016, NeurIPS, arXiv:1512.05287.

    Draws of each token's own all but vanish from the mean over the tokens, which pooled fusions read.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(rate)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, T, D)` -> `(B, T, D)`."""
        kept: Tensor = self.dropout(torch.ones_like(x[:, :1]))
        return x * kept


class _Slowed(nn.Module):
    """w₀ + pace · δ, with δ = 0 at first."""

    start: Tensor

    def __init__(self, start: Tensor, pace: float) -> None:
        super().__init__()
        self.pace = pace
        self.register_buffer("start", start.clone())

    def forward(self, change: Tensor) -> Tensor:
        return self.start + self.pace * change

    def right_inverse(self, weight: Tensor) -> Tensor:
        return (weight - self.start) / self.pace
