"""What holds for every weighting of the package."""

from __future__ import annotations

import inspect

import pytest
import torch

import mmbench_weightings
from mmbench import Choice, LossWeighting, Term
from mmbench.errors import BadParameter

REGISTERED = {weighting.name: weighting for weighting in mmbench_weightings.mmbench_weightings()}
SCALAR = {name: entry for name, entry in REGISTERED.items() if entry.family == "scalar"}
TERMS = (
    Term("joint"),
    Term("uni:image", 0.5),
    Term("uni:text"),
    Term("align:image->text"),
    Term("align:text->image", 0.0),
    Term("aux:balance"),
)


def losses():
    values = [2.0, 3.0, 5.0, 7.0, float("nan"), 11.0]
    return {
        term.name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for term, value in zip(TERMS, values, strict=True)
    }


def test_every_one_has_a_family():
    assert {entry.family for entry in REGISTERED.values()} == {"scalar", "gradient", "balance"}


def test_one_is_the_default():
    assert [name for name, w in REGISTERED.items() if w.role == "default"] == ["equal"]


@pytest.mark.parametrize("weighting", REGISTERED.values(), ids=REGISTERED)
def test_parameters_are_the_keyword_arguments(weighting):
    signature = inspect.signature(weighting.load()).parameters
    assert set(weighting.parameters) == set(signature) - {"terms"}
    for name, space in weighting.parameters.items():
        space.check(signature[name].default)
        if isinstance(space, Choice):
            assert signature[name].default in space.options
        else:
            assert space.low <= signature[name].default <= space.high
    assert weighting.summary


@pytest.mark.parametrize("weighting", REGISTERED.values(), ids=REGISTERED)
def test_a_term_of_weight_zero_is_not_read(weighting):
    built = weighting.load()(TERMS)
    values = losses()
    built.backward(values, {})
    assert isinstance(built, LossWeighting)
    assert built(values).isfinite()
    assert built.weights().get("align:text->image", 0) == 0
    assert values["align:text->image"].grad is None


@pytest.mark.parametrize("weighting", SCALAR.values(), ids=SCALAR)
def test_the_reported_weights_are_the_gradients_of_the_total(weighting):
    built, values = weighting.load()(TERMS).double(), losses()
    built.backward(values, {})
    weights = built.weights()
    assert list(weights) == [term.name for term in TERMS]
    for name, value in values.items():
        gradient = 0.0 if value.grad is None else value.grad.item()
        assert gradient == pytest.approx(weights[name], rel=1e-6)


@pytest.mark.parametrize("weighting", REGISTERED.values(), ids=REGISTERED)
def test_dropping_every_term_is_refused(weighting):
    with pytest.raises(BadParameter, match="weight other than zero"):
        weighting.load()((Term("joint", 0.0),))
