from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench.errors import BadParameter, DataError
from mmbench_encoders.pretrained.backbones import build_model, kind_of, load_backbone, load_model
from mmbench_encoders.pretrained.tiny import tiny

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array(["a"]), "text"),
        (np.array(["a"], dtype=object), "text"),
        (np.zeros((2, 3, 4, 4)), "image"),
        (np.zeros((2, 9, 1)), "audio"),
    ],
)
def test_the_kind_is_told_by_the_values(values, kind):
    assert kind_of(values) == kind


def test_a_table_has_no_kind():
    with pytest.raises(DataError, match=r"Found float64 of shape \(5, 3\)"):
        kind_of(np.zeros((5, 3)))


@pytest.mark.parametrize("kind", ["audio", "image", "text"])
def test_the_width_is_that_of_the_tokens(kind):
    shape = {"audio": (1, 30, 20), "image": (1, 3, 28, 28), "text": (1, 7)}[kind]
    backbone, width = load_backbone(kind, tiny(kind), tokens=4, size=0)
    x = torch.zeros(shape, dtype=torch.int64 if kind == "text" else torch.float32)
    assert backbone(x)[0].shape[-1] == width == 32


def test_pickled_weights_are_refused(tmp_path):
    model = load_model(tiny("text"), "text")
    model.config.save_pretrained(tmp_path)
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(BadParameter, match=r"as safetensors\. Found: .*model\.safetensors"):
        load_model(tmp_path, "text")


def test_code_that_comes_with_a_model_is_not_run(tmp_path):
    (tmp_path / "config.json").write_text(
        '{"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}}'
    )
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(BadParameter):
        load_model(tmp_path, "text")
    assert not (tmp_path / "ran").exists()


def test_only_the_part_that_reads_the_kind_is_kept():
    from transformers import BertConfig, CLIPConfig, T5Config

    t5 = T5Config(d_model=16, d_ff=16, num_layers=1, num_heads=2, d_kv=8, vocab_size=9)
    assert not any("decoder" in name for name, _ in build_model(t5, "text").named_parameters())
    small = {**SIZES, "intermediate_size": 16}
    clip = CLIPConfig(text_config=small, vision_config={**small, "image_size": 28, "patch_size": 7})
    pixels = torch.zeros(1, 3, 28, 28)
    assert build_model(clip, "image")(pixel_values=pixels).last_hidden_state.shape == (1, 17, 16)
    bert = build_model(BertConfig(**small), "text")
    assert bert.pooler is None
    assert bert(input_ids=torch.zeros(1, 3, dtype=torch.int64)).last_hidden_state.shape == (
        1,
        3,
        16,
    )
