from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmbench_alignments.siglip import SigLIP


def spelled(loss, x_i, x_j):
    z_i, z_j = (z.detach().numpy() for z in (loss.project_i(x_i), loss.project_j(x_j)))
    scale, bias = np.exp(loss.log_scale.item()), loss.bias.item()
    total = 0.0
    for a, u in enumerate(z_i):
        for b, v in enumerate(z_j):
            score = scale * (u @ v) / np.linalg.norm(u) / np.linalg.norm(v) + bias
            total += np.log1p(np.exp(-score if a == b else score))
    return total / len(z_i)


@pytest.mark.parametrize(("log_scale", "bias"), [(np.log(10), -10.0), (0.0, 0.5)])
def test_each_pair_is_judged_by_a_logistic_loss(log_scale, bias):
    loss = SigLIP(3, 5, dim=4).double()
    loss.log_scale.data.fill_(log_scale)
    loss.bias.data.fill_(bias)
    x_i, x_j = torch.randn(6, 3).double(), torch.randn(6, 5).double()
    assert loss(x_i, x_j).item() == pytest.approx(spelled(loss, x_i, x_j))


def test_scale_and_bias_start_at_ten_and_minus_ten():
    loss = SigLIP(3, 5)
    assert loss.log_scale.exp().item() == pytest.approx(10)
    assert loss.bias.item() == -10


def test_one_sample_is_drawn_to_its_own_other_modality():
    loss, x_i, x_j = SigLIP(3, 5), torch.randn(1, 3), torch.randn(1, 5)
    near = F.cosine_similarity(loss.project_i(x_i), loss.project_j(x_j)).item()
    assert loss(x_i, x_j).item() == pytest.approx(np.log1p(np.exp(10 - 10 * near)), rel=1e-5)


def test_identical_features_have_a_cosine_of_one():
    loss = SigLIP(4, 4, dim=4)
    loss.project_j.load_state_dict(loss.project_i.state_dict())
    x = torch.randn(1, 4)
    assert loss(x, x).item() == pytest.approx(np.log(2), rel=1e-5)


def test_of_constant_features_all_pairs_have_one_score():
    loss = SigLIP(3, 5)
    x_i, x_j = torch.ones(4, 3), torch.ones(4, 5)
    score = 10 * F.cosine_similarity(loss.project_i(x_i), loss.project_j(x_j))[0].item() - 10
    expected = np.log1p(np.exp(-score)) + 3 * np.log1p(np.exp(score))
    assert loss(x_i, x_j).item() == pytest.approx(expected, rel=1e-5)
