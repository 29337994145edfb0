from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmbench import Term
from mmbench.data.part import Part
from mmbench_weightings.opm import OPM

SIZE = 4000


def part(size=SIZE, **present):
    return Part({}, {}, present, torch.zeros(size))


def observed(probabilities, **parameters):
    terms = (Term("joint"), *(Term(f"uni:{name}") for name in probabilities))
    weighting = OPM(terms, **parameters)
    losses = {f"uni:{name}": -torch.tensor([p]).log() for name, p in probabilities.items()}
    weighting.observe(SimpleNamespace(batch=part(1), sample_losses=losses))
    return weighting


def test_the_dominant_modality_has_the_papers_probability():
    weighting = observed({"a": 0.9, "b": 0.3}, base=0.4, slope=0.5)
    assert weighting.probabilities.tolist() == pytest.approx(
        [0.4 * (1 + 0.5 * math.tanh(3 - 1)), 0.0]
    )
    three = observed({"a": 0.8, "b": 0.3, "c": 0.1}, base=0.4, slope=1.0)
    assert three.probabilities.tolist() == pytest.approx([0.4 * (1 + math.tanh(4 - 1)), 0.0, 0.0])
    assert observed({"a": 0.9, "b": 0.001}, base=0.9, slope=1.0).probabilities[0] == 1.0
    assert observed({"a": 0.9}).probabilities.tolist() == [0.0]


def test_samples_lose_it_at_that_rate_each_by_itself():
    torch.manual_seed(0)
    weighting = observed({"a": 0.9, "b": 0.3}, share=1.0)
    batch = part()
    chosen = weighting.choose(batch)
    q = weighting.probabilities[0].item()
    assert chosen.present["a"].float().mean().item() == pytest.approx(1 - q, abs=0.03)
    assert chosen.present["b"].all()
    assert batch.present == {}


def test_a_sample_keeps_what_it_has_left():
    torch.manual_seed(0)
    weighting = observed({"a": 0.9, "b": 0.3}, base=1.0, share=1.0)
    has_b = torch.arange(SIZE) % 2 == 0
    chosen = weighting.choose(part(b=has_b))
    assert torch.equal(chosen.present["b"], has_b)
    assert torch.equal(chosen.present["a"], ~has_b)


def test_only_a_share_of_the_batches_is_touched():
    torch.manual_seed(0)
    weighting = observed({"a": 0.9, "b": 0.3}, share=0.7)
    touched = [weighting.choose(batch) is not batch for batch in [part(2) for _ in range(1000)]]
    assert sum(touched) / 1000 == pytest.approx(0.7, abs=0.04)


def test_what_no_loss_reaches_gets_zeros():
    weighting = OPM((Term("joint"), Term("uni:a")))
    reached, missed = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))
    losses = {"joint": reached.sum(), "uni:a": torch.tensor(0.0)}
    weighting.backward(losses, {"shared": [reached], "align": [missed]})
    assert reached.grad.tolist() == [1.0, 1.0]
    assert missed.grad.tolist() == [0.0, 0.0, 0.0]
