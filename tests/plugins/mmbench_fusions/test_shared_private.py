from __future__ import annotations

from itertools import combinations

import numpy as np
import torch

from mmbench_fusions.shared_private import SharedPrivate, difference_loss, moment_discrepancy


def subspaces(fusion, spelling):
    u = spelling.projected(fusion.project)
    there = spelling.present.T[:, :, None]
    shared = spelling.sigmoid(spelling.linear(fusion.share, u)) * there
    state = spelling.state(fusion.keep)
    private = spelling.sigmoid(np.einsum("mbi,mio->mbo", u, state["weight"]) + state["bias"])
    return u, shared, private * there


def test_the_result_mixes_shared_and_private_vectors(spelling):
    fusion = SharedPrivate(spelling.dims, 6, size=4).double().eval()
    _, shared, private = subspaces(fusion, spelling)
    tokens = np.concatenate([shared, private]).transpose(1, 0, 2)
    mask = np.tile(spelling.present, (1, 2))
    mixed, _ = fusion.block(torch.from_numpy(tokens), torch.from_numpy(mask))
    flat = (mixed.detach().numpy() * mask[:, :, None]).reshape(4, -1)
    spelling.same(spelling.run(fusion).fused, spelling.linear(fusion.leave, flat))


def test_its_losses_have_their_factors(spelling):
    fusion = SharedPrivate(
        spelling.dims, 6, size=4, similarity=2.0, difference=3.0, reconstruction=5.0
    ).double()
    u, shared, private = subspaces(fusion, spelling)
    aux = spelling.run(fusion).aux
    error = (spelling.linear(fusion.decode, shared + private) - u) ** 2
    spelling.same(aux["reconstruction"], 5.0 * error[spelling.present.T].mean())
    present = torch.from_numpy(spelling.present)
    c, p = (torch.from_numpy(x.transpose(1, 0, 2)) for x in (shared, private))
    torch.testing.assert_close(aux["similarity"], 2.0 * moment_discrepancy(c, present))
    torch.testing.assert_close(aux["difference"], 3.0 * difference_loss(c, p, present))


def test_moments_are_compared_over_present_samples(spelling):
    x = np.random.default_rng(0).random((4, 3, 5))
    columns = [x[spelling.present[:, m], m] for m in range(3)]
    distances = []
    for a, b in combinations(columns, 2):
        moments = [a.mean(0) - b.mean(0)]
        for k in range(2, 6):
            moments.append(((a - a.mean(0)) ** k).mean(0) - ((b - b.mean(0)) ** k).mean(0))
        distances.append(sum(np.linalg.norm(moment) for moment in moments))
    found = moment_discrepancy(torch.from_numpy(x), torch.from_numpy(spelling.present))
    np.testing.assert_allclose(found, np.mean(distances), atol=1e-6)


def test_the_same_distribution_has_no_discrepancy():
    x = torch.rand(9, 1, 5).expand(-1, 2, -1)
    assert moment_discrepancy(x, torch.ones(9, 2, dtype=torch.bool)) < 1e-3


def test_orthogonal_subspaces_have_no_difference_loss(spelling):
    rng = np.random.default_rng(0)
    shared, private = rng.normal(size=(4, 3, 5)), rng.normal(size=(4, 3, 5))

    def directions(x, m):
        rows = x[spelling.present[:, m], m]
        centred = np.zeros_like(x[:, m])
        centred[spelling.present[:, m]] = rows - rows.mean(axis=0)
        return centred / np.sqrt((centred**2).sum(axis=1, keepdims=True) + 1e-8)

    a, b = ([directions(x, m) for m in range(3)] for x in (shared, private))
    grams = [a[m].T @ b[m] for m in range(3)] + [b[i].T @ b[j] for i, j in ((0, 1), (0, 2), (1, 2))]
    given = map(torch.from_numpy, (shared, private, spelling.present))
    np.testing.assert_allclose(difference_loss(*given), np.mean(np.square(grams)), atol=1e-6)
