"""A pretrained model of each kind, as one reader of raw values and one module that gives tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from torch import nn

from mmbench.data.preparation import Prepared
from mmbench.errors import BadParameter, DataError
from mmbench_encoders.pretrained.huggingface import quiet, transformers
from mmbench_encoders.pretrained.images import ImageBackbone, ImageReader
from mmbench_encoders.pretrained.sounds import SoundBackbone, SoundReader, WhisperBackbone
from mmbench_encoders.pretrained.texts import TextBackbone, TextReader

__all__ = ["Reader", "build_model", "kind_of", "load_backbone", "load_model", "reader_for"]

_TOWERS = {"audio": "audio_model", "image": "vision_model", "text": "text_model"}


class Reader(Protocol):
    """Raw values to the tensors that a backbone reads, each sample by itself."""

    @property
    def vocabulary(self) -> int:
        """Number of ids where it gives ids, else 0."""
        ...

    @property
    def settings(self) -> tuple[float, ...]:
        """What the tensors depend on besides the sample and the model."""
        ...

    def read(self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None) -> Prepared:
        """Raw values (N, …) and step mask (N, T) to tensors."""
        ...


def kind_of(values: npt.NDArray[Any]) -> str:
    """`text`, `image` or `audio`: what raw values (N, …) are by their type and number of axes."""
    if values.dtype.kind in "UOT":
        return "text"
    kind = {3: "audio", 4: "image"}.get(values.ndim)
    if kind is None:
        raise DataError(
            f"Expected strings, images (N, C, H, W) or waveforms (N, T, C). "
            f"Found {values.dtype} of shape {values.shape}. Name another encoder."
        )
    return kind


def reader_for(kind: str, folder: Path, values: npt.NDArray[Any], rate: int) -> Reader:
    """The reader of a kind, fitted on the training part's raw values."""
    if kind == "text":
        return TextReader(folder)
    return ImageReader().fit(values) if kind == "image" else SoundReader(folder, rate)


def load_backbone(kind: str, folder: Path, tokens: int, size: int) -> tuple[nn.Module, int]:
    """The module from what a reader gives to tokens `(B, T, D)` and mask `(B, T)`; and D.

    T is at most `tokens`, and a class token more.
    """
    model = load_model(folder, kind)
    config = model.config
    width = getattr(config, "hidden_size", None) or config.hidden_sizes[-1]
    return _backbone(kind, model, folder, tokens, size), int(width)


def _backbone(kind: str, model: Any, folder: Path, tokens: int, size: int) -> nn.Module:
    if kind == "text":
        return TextBackbone(model, tokens)
    if kind == "image":
        return ImageBackbone(model, folder, tokens, size)
    if model.config.model_type == "whisper":
        return WhisperBackbone(model, tokens)
    return SoundBackbone(model, tokens)


def load_model(folder: Path, kind: str) -> Any:
    """The part of a model that reads one kind, without weights that play no part in its tokens.

    Raises:
        BadParameter: if the folder holds no model that transformers knows, or no safetensors.

    """
    try:
        with quiet():
            model = transformers().AutoModel.from_pretrained(
                folder, use_safetensors=True, trust_remote_code=False, local_files_only=True
            )
    except (OSError, ValueError) as error:
        raise BadParameter(
            f"Expected {folder} to hold a model that transformers knows, as safetensors. Found: "
            f"{str(error).splitlines()[0]}"
        ) from error
    return _tower(model, kind).eval()


def build_model(config: Any, kind: str) -> Any:
    """The same of a `transformers` configuration, with weights drawn at random."""
    return _tower(transformers().AutoModel.from_config(config, trust_remote_code=False), kind)


def _tower(model: Any, kind: str) -> Any:
    if model.config.is_encoder_decoder:
        model = model.get_encoder()
    model = getattr(model, _TOWERS[kind], model)
    pooler = getattr(model, "pooler", None)
    if isinstance(pooler, nn.Module) and any(True for _ in pooler.parameters()):
        model.pooler = None  # a layer over the first token alone, which tokens have no use for
    embeddings = getattr(model, "embeddings", None)
    if embeddings is not None and getattr(embeddings, "mask_token", None) is not None:
        embeddings.mask_token = None  # stands in for patches that pretraining hides
    return model
