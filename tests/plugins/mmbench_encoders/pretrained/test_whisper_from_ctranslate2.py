from __future__ import annotations

import struct

import numpy as np
import pytest
import torch

from mmbench.errors import DataError
from mmbench_encoders.pretrained.whisper_from_ctranslate2 import convert


@pytest.fixture(scope="module")
def model():
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=16,
        num_mel_bins=8,
        max_source_positions=20,
        max_target_positions=12,
        encoder_layers=2,
        encoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_layers=2,
        decoder_attention_heads=4,
        decoder_ffn_dim=32,
    )
    model = WhisperForConditionalGeneration(config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model.half().float()  # the file keeps 16 bits


def block(name, attention, joined, heads):
    """Variables of one attention: some projections joined into one, keys with a bias of zero."""
    parts = {"q": attention.q_proj, "k": attention.k_proj, "v": attention.v_proj}
    for place, together in enumerate(joined):
        modules = [parts[letter] for letter in together]
        biases = [torch.zeros(16) if m.bias is None else m.bias for m in modules]
        yield f"{name}/linear_{place}/weight", torch.cat([m.weight for m in modules])
        yield f"{name}/linear_{place}/bias", torch.cat(biases)
    yield f"{name}/linear_{len(joined)}/weight", attention.out_proj.weight
    yield f"{name}/linear_{len(joined)}/bias", attention.out_proj.bias


def norm(name, layer):
    yield f"{name}/layer_norm/gamma", layer.weight
    yield f"{name}/layer_norm/beta", layer.bias


def variables(model):
    for side, half in (("encoder", model.model.encoder), ("decoder", model.model.decoder)):
        yield f"{side}/position_encodings/encodings", half.embed_positions.weight
        yield from norm(side, half.layer_norm)
        for place, layer in enumerate(half.layers):
            name = f"{side}/layer_{place}"
            yield from norm(f"{name}/self_attention", layer.self_attn_layer_norm)
            yield from block(f"{name}/self_attention", layer.self_attn, ["qkv"], None)
            if side == "decoder":
                yield from norm(f"{name}/attention", layer.encoder_attn_layer_norm)
                yield from block(f"{name}/attention", layer.encoder_attn, ["q", "kv"], None)
            yield from norm(f"{name}/ffn", layer.final_layer_norm)
            for number, linear in enumerate((layer.fc1, layer.fc2)):
                yield f"{name}/ffn/linear_{number}/weight", linear.weight
                yield f"{name}/ffn/linear_{number}/bias", linear.bias
    for name in ("conv1", "conv2"):
        convolution = getattr(model.model.encoder, name)
        yield f"encoder/{name}/weight", convolution.weight
        yield f"encoder/{name}/bias", convolution.bias
    yield "decoder/embeddings/weight", model.model.decoder.embed_tokens.weight


def string(text):
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def written(model, path, version=6):
    arrays = {name: (4, value.detach().half().numpy()) for name, value in variables(model)}
    arrays["encoder/num_heads"] = (2, np.array(2, dtype=np.int16))
    arrays["decoder/num_heads"] = (2, np.array(4, dtype=np.int16))
    with path.open("wb") as file:
        file.write(struct.pack("<I", version) + string("WhisperSpec"))
        file.write(struct.pack("<II", 3, len(arrays)))
        for name, (kind, value) in sorted(arrays.items()):
            file.write(string(name) + struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape))
            file.write(struct.pack("<BI", kind, value.nbytes) + value.tobytes())
        file.write(struct.pack("<I", 1) + string("decoder/projection/weight") + string("x"))
    return path


def test_the_converted_model_is_the_one_that_was_written(model, tmp_path):
    from transformers import WhisperForConditionalGeneration

    path = written(model, tmp_path / "model.bin")
    folder = tmp_path / "converted"
    folder.mkdir()
    convert(path, folder)
    found, info = WhisperForConditionalGeneration.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    inputs = {
        "input_features": torch.randn(2, 8, 40),
        "decoder_input_ids": torch.tensor([[5, 7]] * 2),
    }
    torch.testing.assert_close(found.eval()(**inputs).logits, model(**inputs).logits)


def test_another_version_of_the_format_is_refused(model, tmp_path):
    path = written(model, tmp_path / "model.bin", version=5)
    with pytest.raises(DataError, match=r"binary version 6\. Found 'WhisperSpec' of version 5"):
        convert(path, tmp_path)
