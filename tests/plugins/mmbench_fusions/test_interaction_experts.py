from __future__ import annotations

import numpy as np
import torch

from mmbench_fusions.interaction_experts import InteractionExperts, interaction_loss


def test_experts_are_mixed_by_a_gate(spelling):
    fusion = InteractionExperts(spelling.dims, 6).double().eval()
    gates = spelling.softmax(spelling.linear(fusion.gate, spelling.joined))
    assert gates.shape == (4, 5)
    experts = fusion.experts(torch.from_numpy(spelling.joined)).detach().numpy()
    spelling.same(spelling.run(fusion).fused, (gates[:, :, None] * experts).sum(axis=1))


def spelled_loss(full, lost, present):
    """By expert, sample and lost modality."""
    count = present.shape[1]
    losses = []
    for i in range(count):
        terms = []
        for b, j in np.ndindex(len(full), count):
            if i != j and present[b, i] and present[b, j]:
                moved, own = (np.linalg.norm(lost[k, b, i] - full[b, i]) for k in (j, i))
                terms.append(max(moved - own + 1.0, 0.0))
        losses.append(np.mean(terms))
    for expert, sign in ((count, 1), (count + 1, -1)):
        alike = []
        for b, j in np.ndindex(len(full), count):
            if present[b, j]:
                x, y = full[b, expert], lost[j, b, expert]
                alike.append(x @ y / np.linalg.norm(x) / np.linalg.norm(y))
        losses.append(np.mean(alike) if sign == 1 else 1 - np.mean(alike))
    return np.mean(losses)


def test_the_loss_tells_experts_apart(spelling):
    rng = np.random.default_rng(1)
    full, lost = rng.normal(size=(4, 5, 6)), rng.normal(size=(3, 4, 5, 6))
    given = (torch.from_numpy(x) for x in (full, lost, spelling.present))
    spelling.same(interaction_loss(*given), spelled_loss(full, lost, spelling.present))


def test_the_loss_compares_with_each_modality_taken_away(spelling):
    fusion = InteractionExperts(spelling.dims, 6, interaction=0.5, dropout=0.0).double()
    full = fusion.experts(torch.from_numpy(spelling.joined))
    lost = []
    for columns in (slice(0, 3), slice(3, 8), slice(8, 12)):
        without = spelling.joined.copy()
        without[:, columns] = 0.0
        lost.append(fusion.experts(torch.from_numpy(without)))
    expected = spelled_loss(
        full.detach().numpy(), torch.stack(lost).detach().numpy(), spelling.present
    )
    spelling.same(spelling.run(fusion).aux["interaction"], 0.5 * expected)


def test_a_single_modality_does_not_interact():
    assert not InteractionExperts({"text": 4}, 6)({"text": torch.randn(3, 4)}).aux
