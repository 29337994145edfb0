from __future__ import annotations

import pytest
import torch
from torch import nn

import mmbench
from mmbench.errors import PluginError
from mmbench.jobs import Objective, Pick
from mmbench.training.build import DIM, OUT_DIM


class Spy(nn.Module):
    """Keeps how it was built."""

    def __init__(self, dims, out_dim, size=1, modality=""):
        super().__init__()
        self.dims, self.out_dim, self.size, self.modality = dims, out_dim, size, modality
        self.weight = nn.Parameter(torch.randn(size, out_dim))

    def forward(self, *given):
        return self.weight[:1].expand(2, -1)


def state(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def equal(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@pytest.fixture
def spies(bench):
    for level in ("tokens", "pooled", "logits", "none"):
        bench.put(mmbench.Fusion(level, Spy, level=level))
    bench.put(mmbench.Fusion("named", Spy, per_modality="named"))
    return bench


@pytest.mark.parametrize("level", ["tokens", "pooled"])
def test_a_fusion_of_features_is_followed_by_a_head(spies, level):
    model = spies.recipe(spies.job(level)).model({})
    assert model.fusion.dims == {"left": DIM, "right": DIM}
    assert model.fusion.out_dim == model.out_dim == model.head.in_features == OUT_DIM
    assert model.head.out_features == 2
    assert model.level == level
    assert not model.unimodal_heads


def test_a_fusion_of_decisions_is_given_heads_and_predicts_itself(spies):
    model = spies.recipe(spies.job("logits")).model({})
    assert model.fusion.dims == {"left": 2, "right": 2}
    assert model.fusion.out_dim == model.out_dim == 2
    assert model.head is None
    assert set(model.unimodal_heads) == {"@left", "@right"}


def test_a_predictor_without_input_has_no_encoders(spies):
    model = spies.recipe(spies.job("none", modalities=(), encoders={})).model({})
    assert model.fusion.dims == {}
    assert model.fusion.out_dim == 2
    assert len(model.encoders) == len(model.unimodal_heads) == 0


def test_parameters_come_from_the_user_and_the_trial(spies):
    recipe = spies.recipe(spies.job(Pick("pooled", {"size": 3})))
    assert recipe.model({"lr": 1.0}).fusion.size == 3
    recipe = spies.recipe(spies.job("pooled"))
    assert recipe.model({"fusion.size": 4, "weighting.size": 5}).fusion.size == 4
    named = spies.recipe(spies.job(Pick("named", modality="right"))).model({})
    assert named.fusion.modality == "right"
    assert set(named.fusion.dims) == {"left", "right"}


@pytest.mark.parametrize(
    ("objective", "heads", "pairs"),
    [
        (Objective("joint"), set(), set()),
        (Objective("joint+uni"), {"@left", "@right"}, set()),
        (Objective("joint+uni", lambdas={"left": 0.0}), {"@right"}, set()),
        (
            Objective("joint+uni+align", Pick("distance"), ws={"left->right": 0.0}),
            {"@left", "@right"},
            {"@right->left"},
        ),
    ],
)
def test_only_what_a_term_needs_is_built(bench, objective, heads, pairs):
    model = bench.recipe(bench.job(objective=objective)).model({})
    assert set(model.unimodal_heads) == heads
    assert set(model.alignments) == pairs


def test_in_retrieval_the_gallery_is_embedded_and_not_fused(spies):
    spies.task = "retrieval"
    recipe = spies.recipe(spies.job("pooled", objective=Objective("joint+uni")))
    model = recipe.model({})
    assert recipe.fused == ("left",)
    assert [term.name for term in recipe.terms] == ["joint", "uni:left"]
    assert set(model.fusion.dims) == {"left"}
    assert model.gallery == "right"
    assert set(model.unimodal_heads) == {"@left", "@right"}


def test_the_same_seed_gives_the_same_weights_whatever_was_drawn_before(bench):
    recipe = bench.recipe()
    first = state(recipe.model({}))
    torch.rand(17)
    assert equal(first, state(recipe.model({})))
    assert not equal(first, state(bench.recipe(bench.job(seed=1)).model({})))
    assert not equal(first, state(bench.recipe(bench.job(again=True)).model({})))


def test_building_leaves_the_global_random_state_alone(bench):
    before = torch.get_rng_state()
    recipe = bench.recipe()
    recipe.model({})
    recipe.weighting({}, recipe.terms)
    assert torch.equal(before, torch.get_rng_state())


def test_what_two_fusions_share_starts_from_the_same_weights(spies):
    uni = Objective("joint+uni")
    one = spies.recipe(spies.job("concat", objective=uni)).model({})
    two = spies.recipe(spies.job(Pick("pooled", {"size": 9}), objective=uni)).model({})
    assert equal(state(one.encoders), state(two.encoders))
    assert equal(state(one.unimodal_heads), state(two.unimodal_heads))
    assert equal(state(one.head), state(two.head))


def test_modalities_start_from_weights_of_their_own(bench):
    model = bench.recipe().model({})
    assert not equal(state(model.encoders["@left"]), state(model.encoders["@right"]))


def test_a_parameter_that_does_not_exist_is_named(bench):
    recipe = bench.recipe(bench.job(Pick("concat", {"depth": 3})))
    with pytest.raises(PluginError, match=r"Fusion 'concat' cannot be built with \{'depth': 3\}"):
        recipe.model({})


def test_the_weighting_is_given_every_term_and_its_parameters(bench):
    class Scaled(mmbench.LossWeighting):
        def __init__(self, terms, scale=1.0):
            super().__init__(terms)
            self.scale = scale

    bench.put(mmbench.Weighting("scaled", Scaled), mmbench.Weighting("wrong", lambda terms: terms))
    terms = (mmbench.Term("joint"), mmbench.Term("aux:balance"))
    recipe = bench.recipe(bench.job(weighting=Pick("scaled")))
    weighting = recipe.weighting({"weighting.scale": 2.0, "fusion.scale": 3.0}, terms)
    assert weighting.terms == terms
    assert weighting.scale == 2.0
    wrong = bench.recipe(bench.job(weighting=Pick("wrong")))
    with pytest.raises(PluginError, match=r"'wrong' to be a mmbench\.LossWeighting\. Found tuple"):
        wrong.weighting({}, terms)


def test_a_recipe_leads_to_no_dataset(bench):
    assert list(bench.registry.datasets) == ["views"]
    recipe = bench.recipe()
    assert list(recipe.registry.datasets) == []
    assert list(recipe.registry.fusions) == ["concat"]
