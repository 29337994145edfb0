"""A text transformer and a vision transformer as one model, joined by any fusion of the benchmark."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import torch
from torch import Tensor, nn

from mmbench.data.part import Part
from mmbench.errors import BadParameter
from mmbench.model import FusionModel, Outputs
from mmbench.registry import load_registry
from mmbench_encoders.pretrained.backbones import build_model, load_model
from mmbench_encoders.pretrained.locate import locate
from mmbench_encoders.pretrained.texts import TextBackbone

__all__ = ["MultiModalTransformer"]

_LEVELS = ("pooled", "tokens")


class MultiModalTransformer(nn.Module):
    """BERT and ViT, or their like, fused: `(B, out_dim)`, or logits `(B, num_classes)`.

    Both are trained along. Their sequences differ in length; `aligned_average`, the default fusion,
    resamples the real tokens of both to one length before it averages them step by step. What stands
    behind a false attention mask has no influence. BERT: Devlin 2019, NAACL, arXiv:1810.04805. ViT:
    Dosovitskiy 2021, ICLR, arXiv:2010.11929.

    Args:
        bert_model_name: a name on the Hugging Face hub, a folder, `tiny` for a small model with random
            weights, or a configuration such as `transformers.BertConfig()`, whose weights are random too.
        vit_model_name: likewise, such as `transformers.ViTConfig()`.
        fusion: the name of a registered fusion of the level `tokens` or `pooled`, with its default
            parameters, or a module that is called as one.
        out_dim: size of the fused feature.
        num_classes: of a linear head on it; None for no head.
        level: of a fusion that is given as a module.

    Raises:
        BadParameter: if there is no such model, or if the fusion cannot stand alone.
        UnknownName: if there is no such fusion.

    """

    def __init__(
        self,
        bert_model_name: Any = "tiny",
        vit_model_name: Any = "tiny",
        fusion: str | nn.Module = "aligned_average",
        out_dim: int = 64,
        num_classes: int | None = None,
        level: str = "tokens",
    ) -> None:
        super().__init__()
        text, image = _model(bert_model_name, "text"), _model(vit_model_name, "image")
        dims = {"image": image.config.hidden_size, "text": text.config.hidden_size}
        if isinstance(fusion, str):
            fusion, level = _registered(fusion, dims, out_dim)
        _require_standing_alone(fusion, level)
        encoders = {"image": _Vision(image), "text": TextBackbone(text, sys.maxsize)}
        head = None if num_classes is None else nn.Linear(out_dim, num_classes)
        self.model = FusionModel(encoders, fusion, level, head, out_dim=out_dim)

    def forward(
        self, text_input_ids: Tensor, text_attention_mask: Tensor, image_input: Tensor
    ) -> Tensor:
        """Ids and mask `(B, T)` and pixels `(B, C, H, W)` -> `(B, out_dim)` or `(B, num_classes)`."""
        return self.outputs(text_input_ids, text_attention_mask, image_input).prediction

    def outputs(
        self, text_input_ids: Tensor, text_attention_mask: Tensor, image_input: Tensor
    ) -> Outputs:
        """The same with each modality's pooled feature, and the fusion's own losses and weights."""
        inputs = {"image": image_input, "text": text_input_ids}
        nothing = text_input_ids.new_zeros(len(text_input_ids))
        outputs: Outputs = self.model(
            Part(inputs, {"text": text_attention_mask.bool()}, {}, nothing)
        )
        return outputs


class _Vision(nn.Module):
    """Pixels `(B, C, H, W)` to tokens `(B, T, D)`, all real."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        tokens = self.model(pixel_values=x).last_hidden_state
        return tokens, torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device)


def _model(given: Any, kind: str) -> Any:
    if isinstance(given, str):
        return load_model(locate(given, kind), kind).train()
    return build_model(given, kind)


def _registered(name: str, dims: dict[str, int], out_dim: int) -> tuple[nn.Module, str]:
    registration = load_registry().fusions[name]
    if registration.level not in _LEVELS or registration.per_modality:
        raise BadParameter(
            f"Expected a fusion of all modalities at the level {' or '.join(_LEVELS)}. Found {name!r} "
            f"at the level {registration.level!r}."
        )
    fusion: nn.Module = registration.load()(dims, out_dim)
    return fusion, registration.level


def _require_standing_alone(fusion: nn.Module, level: str) -> None:
    if level not in _LEVELS:
        raise BadParameter(f"Expected `level` to be {' or '.join(_LEVELS)}. Found {level!r}.")
    if hasattr(fusion, "initialise") or "targets" in inspect.signature(fusion.forward).parameters:
        raise BadParameter(
            f"Expected a fusion that needs no targets. Found {type(fusion).__name__}, which is fitted to "
            f"those of a task. Choose another, or compare it by `mmbench run`."
        )
