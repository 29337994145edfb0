from __future__ import annotations

import torch

from mmbench_fusions.early_input import EarlyInput


def test_one_encoder_reads_all_channels():
    fusion = EarlyInput({"b": 2, "a": 3}, 6).eval()
    x = {"b": torch.randn(4, 32, 2), "a": torch.randn(4, 32, 3)}
    masks = {m: torch.ones(4, 32, dtype=torch.bool) for m in x}
    tokens, _ = fusion.encoder(torch.cat([x["a"], x["b"]], dim=2))
    torch.testing.assert_close(fusion(x, masks), fusion.body(tokens.mean(dim=1)))


def test_a_step_is_real_where_any_modality_is():
    fusion = EarlyInput({"a": 3, "b": 2}, 6).eval()
    x = {"a": torch.randn(1, 32, 3), "b": torch.randn(1, 32, 2)}
    masks = {"a": torch.arange(32)[None] < 20, "b": torch.arange(32)[None] < 16}
    shorter = {m: v[:, :20] for m, v in x.items()}
    short_masks = {m: mask[:, :20] for m, mask in masks.items()}
    torch.testing.assert_close(fusion(x, masks), fusion(shorter, short_masks))
