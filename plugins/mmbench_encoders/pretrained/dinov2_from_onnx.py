"""A DINOv2 in an ONNX file to a folder that `transformers` reads."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["convert"]

_PREFIX = "backbone."
_HEAD_SIZE = 64
"""Of every published DINOv2; the graph's reshapes are not read for it."""
_PROCESSOR = {
    "image_processor_type": "BitImageProcessor",
    "size": {"height": 224, "width": 224},
    "do_center_crop": False,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}
Array = npt.NDArray[Any]


def convert(weights: Path, folder: Path) -> None:
    """Write config.json, preprocessor_config.json and model.safetensors into `folder`.

    Tensors whose names begin with `backbone.` have the names of the hub's checkpoints behind it. Those
    of matrices were lost in the export: each is the second factor of a product, transposed, and the
    bias that is added to the product has its name. The two without a bias are the positions of the
    class token and of the patches. DINOv2: Oquab 2023, arXiv:2304.07193.
    """
    import onnx
    from safetensors.numpy import save_file

    graph = onnx.load(str(weights)).graph
    tensors = {item.name: onnx.numpy_helper.to_array(item) for item in graph.initializer}
    state = {
        name.removeprefix(_PREFIX): value
        for name, value in tensors.items()
        if name.startswith(_PREFIX)
    }
    state |= _matrices(graph, tensors)
    width = state["embeddings.cls_token"].shape[-1]
    state["embeddings.position_embeddings"] = _positions(tensors, width)
    state["embeddings.mask_token"] = np.zeros((1, width), dtype=np.float32)
    save_file(
        {name: np.ascontiguousarray(value) for name, value in state.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    (folder / "config.json").write_text(json.dumps(_config(state), indent=1))
    (folder / "preprocessor_config.json").write_text(json.dumps(_PROCESSOR, indent=1))


def _matrices(graph: Any, tensors: dict[str, Array]) -> dict[str, Array]:
    products = {
        node.output[0]: tensors[node.input[1]]
        for node in graph.node
        if node.op_type == "MatMul" and node.input[1] in tensors
    }
    found = {}
    for node in graph.node:
        factors = [products[name] for name in node.input if name in products]
        bias = [name for name in node.input if name.startswith(_PREFIX) and name.endswith(".bias")]
        if node.op_type == "Add" and factors and bias:
            name = bias[0].removeprefix(_PREFIX).removesuffix("bias") + "weight"
            found[name] = factors[0].T
    return found


def _positions(tensors: dict[str, Array], width: int) -> Array:
    """`(1, 1 + patches, width)`, the class token's first."""
    nameless = [
        value
        for name, value in tensors.items()
        if name.startswith("onnx::") and value.ndim == 3 and value.shape[::2] == (1, width)
    ]
    return np.concatenate(sorted(nameless, key=lambda value: int(value.shape[1])), axis=1)


def _config(state: dict[str, Array]) -> dict[str, Any]:
    width = state["embeddings.cls_token"].shape[-1]
    patch = state["embeddings.patch_embeddings.projection.weight"].shape[-1]
    side = math.isqrt(state["embeddings.position_embeddings"].shape[1] - 1)
    layers = {match[1] for name in state if (match := re.match(r"encoder\.layer\.(\d+)\.", name))}
    return {
        "architectures": ["Dinov2Model"],
        "model_type": "dinov2",
        "hidden_size": width,
        "image_size": side * patch,
        "mlp_ratio": state["encoder.layer.0.mlp.fc1.bias"].shape[0] // width,
        "num_attention_heads": width // _HEAD_SIZE,
        "num_hidden_layers": len(layers),
        "patch_size": patch,
    }
