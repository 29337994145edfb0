from __future__ import annotations

import torch

from mmbench_fusions.tokens import TokenProjections, masked_mean


def test_each_modality_has_its_layer_and_embedding():
    project = TokenProjections({"b": 2, "a": 3}, 4, embedded=True)
    tokens = {"b": torch.randn(5, 1, 2), "a": torch.randn(5, 6, 3)}
    masks = {"b": torch.ones(5, 1, dtype=torch.bool), "a": torch.rand(5, 6) < 0.5}
    a, b = project(tokens, masks)
    expected = project.layers[0](tokens["a"]) + project.embedding[0]
    torch.testing.assert_close(a[masks["a"]], expected[masks["a"]])
    assert (a[~masks["a"]] == 0).all()
    torch.testing.assert_close(b, project.layers[1](tokens["b"]) + project.embedding[1])


def test_the_mean_is_over_real_tokens():
    x = torch.tensor([[[1.0], [3.0], [9.0]], [[1.0], [3.0], [9.0]]])
    mask = torch.tensor([[True, True, False], [False, False, False]])
    assert masked_mean(x, mask).tolist() == [[2.0], [0.0]]
