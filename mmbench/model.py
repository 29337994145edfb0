"""The model every fusion is compared in: encoders, unimodal heads, the fusion, the head."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench.data.part import Part
from mmbench.errors import PluginError

__all__ = ["FusionModel", "Outputs"]


@dataclass(frozen=True)
class Outputs:
    """What one forward pass gives.

    Attributes:
        prediction: `(B, head size)`.
        features: modality -> pooled feature `(B, D)`.
        logits: modality -> prediction `(B, head size)` from that modality alone, where heads exist.
        aux: name -> the fusion's own loss.
        weights: modality -> `(B,)`, how much the fusion counted it.
        gallery: `(B, head size + 1)`, in retrieval: the gallery modality's embedding and its item's number.

    """

    prediction: Tensor
    features: dict[str, Tensor] = field(default_factory=dict)
    logits: dict[str, Tensor] = field(default_factory=dict)
    aux: Mapping[str, Tensor] = field(default_factory=dict)
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    gallery: Tensor | None = None


class FusionModel(nn.Module):
    """Encoders -> pooled features -> fusion -> head.

    Args:
        encoders: modality -> encoder, sorted by modality; of a fusion at the level `input`, only the gallery's.
        fusion: as its registration's `level` says.
        level: of the fusion.
        head: fused features to prediction; None where the fusion's output is the prediction.
        unimodal_heads: modality -> head on its pooled feature, where a term or the fusion needs them.
        alignments: `i->j` -> cross-modal loss.
        gallery: name of the modality that is retrieved, with its own head in `unimodal_heads`.
        out_dim: size of the fusion's output; checked on every batch where it is given.
        precision: what autocast casts matrix products to; `float32` leaves them. What comes out is float32.

    """

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        fusion: nn.Module,
        level: str,
        head: nn.Module | None = None,
        unimodal_heads: Mapping[str, nn.Module] | None = None,
        alignments: Mapping[str, nn.Module] | None = None,
        gallery: str = "",
        out_dim: int | None = None,
        precision: str = "float32",
    ) -> None:
        super().__init__()
        self.encoders = _by_modality(encoders)
        self.fusion = fusion
        self.level = level
        self.head = head
        self.unimodal_heads = _by_modality(unimodal_heads or {})
        self.alignments = _by_modality(alignments or {})
        self.gallery = gallery
        self.out_dim = out_dim
        self.precision = precision
        self.at_output: Callable[[Tensor], Tensor] | None = None
        asked = inspect.signature(fusion.forward).parameters
        self._asks_presence = "presence" in asked
        self._asks_targets = "targets" in asked

    def forward(self, batch: Part) -> Outputs:
        if self.precision == "float32":
            return self._forward(batch)
        with torch.autocast(batch.targets.device.type, getattr(torch, self.precision)):
            return self._forward(batch)

    def _forward(self, batch: Part) -> Outputs:
        tokens, masks, features = self.encode(batch)
        logits = {name: head(features[name]) for name, head in _named(self.unimodal_heads)}
        gallery = logits.pop(self.gallery, None)
        if gallery is not None:
            gallery = self._out(gallery)
            gallery = torch.cat([gallery, batch.targets[:, None].to(gallery.dtype)], dim=1)
        for named in (tokens, masks, features):
            named.pop(self.gallery, None)
        fused = self._fuse(batch, tokens, masks, features, logits)
        prediction = fused.fused if self.head is None else self.head(fused.fused)
        return Outputs(
            self._out(prediction),
            self._all_out(features),
            self._all_out(logits),
            self._all_out(fused.aux),
            self._all_out(fused.weights),
            gallery,
        )

    def encode(self, batch: Part) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]:
        """Tokens (B, T, D), masks (B, T) and pooled features (B, D) of every modality."""
        tokens: dict[str, Tensor] = {}
        masks: dict[str, Tensor] = {}
        features: dict[str, Tensor] = {}
        for name, encoder in _named(self.encoders):
            found, mask = encoder(batch.inputs[name], batch.masks.get(name))
            if name in batch.present:
                mask = mask & batch.present[name][:, None]
                found = found * batch.present[name][:, None, None]
            tokens[name], masks[name] = found, mask
            features[name] = pool(found, mask)
        return tokens, masks, features

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """The groups that gradient weightings work on: `encoder:<m>`, `head:<m>`, `shared`, `align`."""
        groups = {
            f"encoder:{name}": list(module.parameters()) for name, module in _named(self.encoders)
        }
        groups |= {
            f"head:{name}": list(module.parameters())
            for name, module in _named(self.unimodal_heads)
        }
        head = [] if self.head is None else list(self.head.parameters())
        groups["shared"] = [*self.fusion.parameters(), *head]
        groups["align"] = list(self.alignments.parameters())
        return _each_once(groups)

    def align(self, pair: str, x_i: Tensor, x_j: Tensor, more: Mapping[str, Tensor]) -> Tensor:
        """The cross-modal loss of the pair `i->j`, given what else of `more` its `forward` names."""
        alignment = self.alignments[f"@{pair}"]
        asked = inspect.signature(alignment.forward).parameters
        given = {name: value for name, value in more.items() if name in asked}
        loss: Tensor = alignment(x_i, x_j, **given)
        return loss

    def _fuse(
        self,
        batch: Part,
        tokens: dict[str, Tensor],
        masks: dict[str, Tensor],
        features: dict[str, Tensor],
        logits: dict[str, Tensor],
    ) -> FusionOutput:
        given: tuple[object, ...]
        if self.level == "input":
            given = self._inputs(batch)
        elif self.level == "tokens":
            given = (dict(tokens), dict(masks))
        elif self.level == "logits":
            given = (_present_only(logits, batch),)
        elif self.level == "none":
            given = (len(batch),)
        else:
            given = (dict(features),)  # a copy: a fusion that pops a key leaves the objective whole
        more: dict[str, object] = {}
        if self._asks_presence:
            everywhere = torch.ones(len(batch), dtype=torch.bool, device=batch.targets.device)
            names = self._fused(batch) if self.level == "input" else features
            more["presence"] = {name: batch.present.get(name, everywhere) for name in names}
        if self._asks_targets:
            more["targets"] = batch.targets if self.training else None
        output = self.fusion(*given, **more)
        if isinstance(output, Tensor):
            output = FusionOutput(output)
        if not isinstance(output, FusionOutput):
            raise PluginError(
                f"Expected {type(self.fusion).__name__}.forward to return a Tensor or mmbench.FusionOutput. "
                f"Found {type(output).__name__}."
            )
        if self.out_dim is not None and output.fused.shape != (len(batch), self.out_dim):
            raise PluginError(
                f"Expected {type(self.fusion).__name__}.forward to return shape "
                f"({len(batch)}, {self.out_dim}). Found {tuple(output.fused.shape)}. "
                f"Return one row per sample, of the size the fusion was built with."
            )
        return output

    def _out(self, x: Tensor) -> Tensor:
        """What autocast gave, in float32: half as many bits are too few for a loss or an item's number."""
        full = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
        return full if self.at_output is None else self.at_output(full)

    def _all_out(self, named: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: self._out(x) for name, x in named.items()}

    def _fused(self, batch: Part) -> list[str]:
        return sorted(name for name in batch.inputs if name != self.gallery)

    def _inputs(self, batch: Part) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Series (B, T, C) and masks (B, T), zeros and false where the modality is absent."""
        series: dict[str, Tensor] = {}
        masks: dict[str, Tensor] = {}
        for name in self._fused(batch):
            x = batch.inputs[name]
            mask = batch.masks.get(name, x.new_ones(x.shape[:2], dtype=torch.bool))
            if name in batch.present:
                mask = mask & batch.present[name][:, None]
                x = x * batch.present[name][:, None, None]
            series[name], masks[name] = x, mask
        return series, masks


def _each_once(groups: Mapping[str, list[nn.Parameter]]) -> dict[str, list[nn.Parameter]]:
    """The groups that hold a parameter; one that is shared between groups belongs to the first."""
    seen: set[int] = set()
    kept: dict[str, list[nn.Parameter]] = {}
    for name, parameters in groups.items():
        fresh = [parameter for parameter in parameters if id(parameter) not in seen]
        seen |= {id(parameter) for parameter in fresh}
        if fresh:
            kept[name] = fresh
    return kept


def pool(tokens: Tensor, mask: Tensor) -> Tensor:
    """Mean of the real tokens: (B, T, D) and (B, T) to (B, D); zeros where there is none."""
    weight = mask.unsqueeze(-1).to(tokens.dtype)
    if tokens.shape[1] == 1:  # rows of numbers: the same, in one operation of four
        return (tokens * weight).squeeze(1)
    return (tokens * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)


def _present_only(logits: Mapping[str, Tensor], batch: Part) -> dict[str, Tensor]:
    """Zeros where the modality is absent: the head's bias is not an opinion of that sample."""
    return {
        name: found * batch.present[name][:, None] if name in batch.present else found
        for name, found in logits.items()
    }


def _by_modality(modules: Mapping[str, nn.Module]) -> nn.ModuleDict:
    """Named with a prefix: a ModuleDict refuses names such as `type` or `values`."""
    return nn.ModuleDict({f"@{name}": module for name, module in modules.items()})


def _named(modules: nn.ModuleDict) -> Iterator[tuple[str, nn.Module]]:
    return ((name[1:], module) for name, module in modules.items())
