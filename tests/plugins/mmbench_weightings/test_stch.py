from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from mmbench import Term
from mmbench.errors import BadParameter, NotApplicable
from mmbench_weightings.stch import STCH

TERMS = (Term("joint"), Term("uni:image", 0.5), Term("uni:text", 2.0))
COEFFICIENTS = np.array([1.0, 0.5, 2.0])
NADIR = np.array([2.0, 4.0, 1.0])


def gradient(losses, mu, terms=TERMS, nadir=NADIR):
    weighting = STCH(terms, mu)
    if nadir is not None:
        weighting.end_epoch(dict(zip([t.name for t in terms], nadir, strict=True)), {})
    inputs = {
        term.name: torch.tensor(loss, dtype=torch.float64, requires_grad=True)
        for term, loss in zip(terms, losses, strict=True)
    }
    weighting(inputs).backward()
    found = [value.grad.item() for value in inputs.values()]
    assert list(weighting.weights().values()) == pytest.approx(found)
    return found


@pytest.mark.parametrize("mu", [0.1, 1.0])
def test_the_gradient_is_that_of_the_smooth_maximum(mu):
    def smooth_maximum(losses):
        return mu * logsumexp(COEFFICIENTS * losses / NADIR / mu)

    losses, step = np.array([1.5, 3.5, 0.4]), 1e-6
    numeric = [
        (smooth_maximum(losses + step * axis) - smooth_maximum(losses - step * axis)) / (2 * step)
        for axis in np.eye(3)
    ]
    scale = COEFFICIENTS.sum() / np.mean(COEFFICIENTS / NADIR)
    assert gradient(losses, mu) == pytest.approx(scale * np.array(numeric), rel=1e-6)


def test_balanced_terms_weigh_what_the_tables_say_together():
    balanced = 0.7 * NADIR / COEFFICIENTS  # every λ L is 0.7
    assert sum(gradient(balanced, 0.1)) == pytest.approx(COEFFICIENTS.sum())


def test_a_small_mu_descends_the_worst_term_alone():
    found = gradient([1.9, 1.0, 0.1], 1e-3)
    assert found[0] > 0
    assert found[1:] == pytest.approx([0.0, 0.0], abs=1e-12)


def test_the_first_epoch_is_the_plain_sum_and_alone_gives_the_scale():
    assert gradient([1.5, 3.5, 0.4], 0.1, nadir=None) == COEFFICIENTS.tolist()
    weighting = STCH(TERMS)
    for means in (NADIR, 9 * NADIR):
        weighting.end_epoch(dict(zip([t.name for t in TERMS], means, strict=True)), {})
    assert weighting.nadir.tolist() == NADIR.tolist()


def test_a_term_of_zero_keeps_its_scale():
    assert all(np.isfinite(gradient([1.0, 0.0, 0.4], 0.1, nadir=[2.0, 0.0, 1.0])))


def test_negative_losses_and_mu_are_refused():
    with pytest.raises(NotApplicable, match="stch"):
        gradient([-1.0, 1.0, 1.0], 0.1)
    with pytest.raises(BadParameter, match="mu"):
        STCH(TERMS, mu=0.0)
