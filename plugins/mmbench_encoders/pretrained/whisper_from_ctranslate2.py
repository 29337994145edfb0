"""A Whisper in CTranslate2's binary format to a folder that `transformers` reads."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from mmbench.errors import DataError

__all__ = ["convert"]

_VERSION = 6
_TYPES = ("f4", "i1", "i2", "i4", "f2")
_OUTSIDE = {
    "conv1/weight": "conv1.weight",
    "conv1/bias": "conv1.bias",
    "conv2/weight": "conv2.weight",
    "conv2/bias": "conv2.bias",
    "embeddings/weight": "embed_tokens.weight",
    "position_encodings/encodings": "embed_positions.weight",
    "layer_norm/gamma": "layer_norm.weight",
    "layer_norm/beta": "layer_norm.bias",
}
_INSIDE = {
    "self_attention/layer_norm": ("self_attn_layer_norm",),
    "self_attention/linear_0": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "self_attention/linear_1": ("self_attn.out_proj",),
    "attention/layer_norm": ("encoder_attn_layer_norm",),
    "attention/linear_0": ("encoder_attn.q_proj",),
    "attention/linear_1": ("encoder_attn.k_proj", "encoder_attn.v_proj"),
    "attention/linear_2": ("encoder_attn.out_proj",),
    "ffn/layer_norm": ("final_layer_norm",),
    "ffn/linear_0": ("fc1",),
    "ffn/linear_1": ("fc2",),
}
_PARTS = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
Array = npt.NDArray[Any]


def convert(weights: Path, folder: Path) -> None:
    """Write config.json, preprocessor_config.json and model.safetensors into `folder`.

    The format joins the projections to queries, keys and values; keys have no bias in Whisper, and
    the zeros that stand for it are left out. Numbers become 32 bits wide. Whisper: Radford 2023, ICML,
    arXiv:2212.04356.

    Raises:
        DataError: if the file is not of the version that is known here.

    """
    from safetensors.numpy import save_file

    with weights.open("rb") as file:
        variables = dict(_variables(file, weights))
    state = dict(_renamed(variables))
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    config = _config(state, variables)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    processor = {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": config["num_mel_bins"],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor, indent=1))


def _variables(file: BinaryIO, path: Path) -> Iterator[tuple[str, Array]]:
    """Each variable by name: version, specification, revision and count, then the variables."""
    (version,) = _numbers(file, "I")
    specification = _string(file)
    if version != _VERSION or specification != "WhisperSpec":
        raise DataError(
            f"Expected {path} to be a WhisperSpec of CTranslate2's binary version {_VERSION}. Found "
            f"{specification!r} of version {version}. Convert the model to a Hugging Face folder and name that."
        )
    _, count = _numbers(file, "II")
    for _ in range(count):
        name = _string(file)
        (rank,) = _numbers(file, "B")
        shape = _numbers(file, f"{rank}I")
        kind, size = _numbers(file, "BI")
        values = np.frombuffer(file.read(size), dtype=f"<{_TYPES[kind]}")
        yield name, values.reshape(shape)


def _numbers(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(f"<{layout}", file.read(struct.calcsize(f"<{layout}")))


def _string(file: BinaryIO) -> str:
    (length,) = _numbers(file, "H")
    return file.read(length).rstrip(b"\0").decode()


def _renamed(variables: dict[str, Array]) -> Iterator[tuple[str, Array]]:
    for name, value in variables.items():
        side, _, rest = name.partition("/")
        if value.ndim == 0:
            continue  # a setting of the runtime
        layer = re.match(r"layer_(\d+)/(\w+/\w+)/(\w+)\Z", rest)
        if rest in _OUTSIDE:
            yield f"model.{side}.{_OUTSIDE[rest]}", value.astype(np.float32)
        elif layer:
            modules, part = _INSIDE[layer[2]], _PARTS[layer[3]]
            pieces = np.split(value.astype(np.float32), len(modules))
            for module, piece in zip(modules, pieces, strict=True):
                if not f"{module}.{part}".endswith("k_proj.bias"):
                    yield f"model.{side}.layers.{layer[1]}.{module}.{part}", piece


def _config(state: dict[str, Array], variables: dict[str, Array]) -> dict[str, Any]:
    vocabulary, width = state["model.decoder.embed_tokens.weight"].shape
    config: dict[str, Any] = {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "d_model": width,
        "vocab_size": vocabulary,
        "num_mel_bins": state["model.encoder.conv1.weight"].shape[1],
        "max_source_positions": len(state["model.encoder.embed_positions.weight"]),
        "max_target_positions": len(state["model.decoder.embed_positions.weight"]),
    }
    for side in ("encoder", "decoder"):
        layers = {name.split(".")[3] for name in state if name.startswith(f"model.{side}.layers.")}
        config[f"{side}_layers"] = len(layers)
        config[f"{side}_attention_heads"] = int(variables[f"{side}/num_heads"])
        config[f"{side}_ffn_dim"] = len(state[f"model.{side}.layers.0.fc1.bias"])
    return config
