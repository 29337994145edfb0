from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_encoders.pretrained.dinov2_from_onnx import convert

onnx = pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def model():
    from transformers import Dinov2Config, Dinov2Model

    torch.manual_seed(0)
    config = Dinov2Config(
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=28,
        patch_size=7,
    )
    model = Dinov2Model(config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model


def exported(model, folder):
    """The file that an exporter makes: matrices transposed and nameless, positions cut in two."""
    from safetensors.numpy import load_file

    model.save_pretrained(folder)
    tensors, nodes = {}, []
    for name, value in load_file(folder / "model.safetensors").items():
        if name == "embeddings.position_embeddings":
            tensors["onnx::Concat_1"], tensors["onnx::Reshape_2"] = value[:, :1], value[:, 1:]
        elif name.endswith(".weight") and value.ndim == 2:
            key, bias = f"onnx::MatMul_{len(tensors)}", f"backbone.{name[:-6]}bias"
            tensors[key] = value.T
            nodes.append(onnx.helper.make_node("MatMul", [f"in {key}", key], [f"out {key}"]))
            nodes.append(onnx.helper.make_node("Add", [bias, f"out {key}"], [f"sum {key}"]))
        elif name != "embeddings.mask_token":
            tensors[f"backbone.{name}"] = value
    tensors["decoder.final_conv.weight"] = np.ones((1, 1), dtype=np.float32)
    initialisers = [
        onnx.numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in tensors.items()
    ]
    graph = onnx.helper.make_graph(nodes, "exported", [], [], initialisers)
    path = folder / "model.onnx"
    onnx.save(onnx.helper.make_model(graph), str(path))
    return path


def test_the_converted_model_is_the_one_that_was_exported(model, tmp_path):
    from transformers import AutoModel

    path = exported(model, tmp_path)
    folder = tmp_path / "converted"
    folder.mkdir()
    convert(path, folder)
    found, info = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    pixels = torch.randn(2, 3, 28, 28)
    expected = model(pixels).last_hidden_state
    torch.testing.assert_close(found.eval()(pixels).last_hidden_state, expected)
