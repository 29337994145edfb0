from __future__ import annotations

import inspect

import pytest
import torch

from mmbench_alignments.barlow import BarlowTwins
from mmbench_alignments.cmd import CentralMoments
from mmbench_alignments.coral import CORAL
from mmbench_alignments.dcca import DCCA
from mmbench_alignments.distances import CosineDistance, SquaredDistance
from mmbench_alignments.factorised_contrastive import FactorisedContrastive
from mmbench_alignments.jsd import JensenShannon
from mmbench_alignments.mmd import MaximumMeanDiscrepancy
from mmbench_alignments.orthogonality import Orthogonality
from mmbench_alignments.siglip import SigLIP
from mmbench_alignments.supcon import SupCon
from mmbench_alignments.translation import Translation
from mmbench_alignments.vicreg import VICReg

LOSSES = (
    BarlowTwins,
    CentralMoments,
    CORAL,
    CosineDistance,
    DCCA,
    FactorisedContrastive,
    JensenShannon,
    MaximumMeanDiscrepancy,
    Orthogonality,
    SigLIP,
    SquaredDistance,
    SupCon,
    Translation,
    VICReg,
)
FEATURES = {
    "random": torch.randn,
    "one sample repeated": lambda size, dim: torch.randn(1, dim).expand(size, dim),
    "ones": torch.ones,
    "zeros": torch.zeros,
    "of a thousand": lambda size, dim: 1e3 * torch.randn(size, dim),
    "of a thousandth": lambda size, dim: 1e-3 * torch.randn(size, dim),
}


@pytest.mark.parametrize("size", [0, 1, 2, 7, 40])
@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
@pytest.mark.parametrize("kind", LOSSES)
def test_loss_and_gradients_are_finite_in_single_precision(kind, features, size):
    loss = kind(3, 5)
    x_i, x_j = (
        features(size, 3).clone().requires_grad_(),
        features(size, 5).clone().requires_grad_(),
    )
    asked = inspect.signature(loss.forward).parameters
    more = {"targets": torch.arange(size) % 3} if "targets" in asked else {}
    value = loss(x_i, x_j, **more)
    assert value.shape == ()
    value.backward()
    found = [value, x_i.grad, x_j.grad, *(p.grad for p in loss.parameters())]
    assert all(tensor.isfinite().all() for tensor in found)


@pytest.mark.parametrize("kind", LOSSES)
def test_the_same_features_with_the_same_projections_are_finite(kind):
    loss, x = kind(4, 4), torch.randn(7, 4, requires_grad=True)
    named = dict(loss.named_parameters())
    for name, parameter in named.items():
        if name.replace("_j", "_i") in named:
            parameter.data = named[name.replace("_j", "_i")].data
    value = loss(x, x)
    value.backward()
    assert value.isfinite()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("kind", LOSSES)
def test_twenty_steps_lower_the_loss(kind):
    loss = kind(4, 4)
    x_i, x_j = (torch.randn(24, 4, requires_grad=True) for _ in range(2))
    asked = inspect.signature(loss.forward).parameters
    more = {"targets": torch.arange(24) % 3} if "targets" in asked else {}
    optimiser = torch.optim.Adam([x_i, x_j, *loss.parameters()], lr=0.02)
    before = loss(x_i, x_j, **more).item()
    for _ in range(20):
        optimiser.zero_grad()
        loss(x_i, x_j, **more).backward()
        optimiser.step()
    assert loss(x_i, x_j, **more).item() < before
