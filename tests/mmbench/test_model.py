from __future__ import annotations

import pytest
import torch
from torch import nn

from mmbench import FusionOutput
from mmbench.data.part import Part
from mmbench.errors import PluginError
from mmbench.model import FusionModel, pool

SIZE, DIM, CLASSES = 4, 6, 3
HERE = torch.tensor([True, False, True, False])


class Series(nn.Module):
    """`(B, T, F)` to tokens `(B, T, dim)`."""

    def __init__(self, features):
        super().__init__()
        self.body = nn.Linear(features, DIM)

    def forward(self, x, mask):
        return self.body(x), torch.ones(x.shape[:2], dtype=torch.bool) if mask is None else mask


class Spy(nn.Module):
    """Keeps what it is given."""

    def __init__(self, out_dim=DIM):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(out_dim))

    def forward(self, *given):
        self.given = given
        return self.weight.expand(SIZE, -1)


class Asking(Spy):
    def forward(self, *given, presence):
        self.presence = presence
        return super().forward(*given)


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return Part(
        {"values": torch.randn(SIZE, 5, 2), "type": torch.randn(SIZE, 3, 4)},
        {"values": torch.arange(5) < torch.tensor([5, 2, 1, 3])[:, None]},
        {"type": HERE},
        torch.zeros(SIZE, dtype=torch.long),
    )


def model_of(fusion, level="pooled", **more):
    torch.manual_seed(1)
    encoders = {"type": Series(4), "values": Series(2)}
    if level == "logits":
        more["unimodal_heads"] = {name: nn.Linear(DIM, CLASSES) for name in encoders}
    elif level != "none":
        more.setdefault("head", nn.Linear(DIM, CLASSES))
    return FusionModel({} if level == "none" else encoders, fusion, level, **more)


def test_tokens_are_given_with_their_masks(batch):
    model = model_of(Spy(), "tokens")
    model(batch)
    tokens, masks = model.fusion.given
    assert list(tokens) == list(masks) == ["type", "values"]
    assert {name: tuple(value.shape) for name, value in tokens.items()} == {
        "type": (SIZE, 3, DIM),
        "values": (SIZE, 5, DIM),
    }
    assert torch.equal(masks["values"], batch.masks["values"])
    expected = model.encoders["@values"].body(batch.inputs["values"])
    assert torch.equal(tokens["values"], expected)


def test_an_absent_modality_is_zeros_and_a_false_mask(batch):
    model = model_of(Spy(), "tokens")
    model(batch)
    tokens, masks = model.fusion.given
    assert not tokens["type"][~HERE].any()
    assert not masks["type"][~HERE].any()
    assert masks["type"][HERE].all()
    assert tokens["type"][HERE].abs().sum(dim=(1, 2)).gt(0).all()


def test_pooled_features_are_the_means_of_the_real_tokens(batch):
    model = model_of(Spy())
    outputs = model(batch)
    (features,) = model.fusion.given
    tokens = model.encoders["@values"].body(batch.inputs["values"])
    assert torch.allclose(features["values"][1], tokens[1, :2].mean(dim=0))
    assert torch.allclose(features["values"][2], tokens[2, 0])
    assert not features["type"][~HERE].any()
    assert torch.equal(outputs.features["values"], features["values"])
    assert outputs.prediction.shape == (SIZE, CLASSES)
    assert outputs.gallery is None


def test_logits_are_those_of_each_modality_alone_and_the_output_is_the_prediction(batch):
    model = model_of(Spy(CLASSES), "logits")
    outputs = model(batch)
    (logits,) = model.fusion.given
    expected = model.unimodal_heads["@values"](outputs.features["values"])
    assert torch.equal(logits["values"], expected)
    assert not logits["type"][~HERE].any()
    assert logits["type"][HERE].abs().sum(dim=1).gt(0).all()
    assert torch.equal(outputs.prediction, torch.ones(SIZE, CLASSES))


def test_a_fusion_of_no_input_is_given_the_size_of_the_batch(batch):
    model = model_of(Spy(CLASSES), "none")
    outputs = model(batch)
    assert model.fusion.given == (SIZE,)
    assert outputs.features == {}
    assert outputs.prediction.shape == (SIZE, CLASSES)


@pytest.mark.parametrize("level", ["tokens", "pooled", "logits"])
def test_presence_goes_to_the_fusions_that_ask(batch, level):
    model = model_of(Asking(CLASSES if level == "logits" else DIM), level)
    model(batch)
    assert list(model.fusion.presence) == ["type", "values"]
    assert model.fusion.presence["type"].tolist() == HERE.tolist()
    assert model.fusion.presence["values"].tolist() == [True] * SIZE


def test_a_fusion_that_empties_what_it_is_given_leaves_the_outputs_whole(batch):
    class Greedy(Spy):
        def forward(self, features):
            features.clear()
            return super().forward()

    assert list(model_of(Greedy())(batch).features) == ["type", "values"]


def test_what_a_fusion_says_beside_its_output_is_kept(batch):
    class Talking(Spy):
        def forward(self, features):
            fused = super().forward()
            return FusionOutput(fused, {"balance": fused.sum()}, {"type": fused[:, 0]})

    outputs = model_of(Talking())(batch)
    assert outputs.aux["balance"].item() == SIZE * DIM
    assert outputs.weights["type"].tolist() == [1.0] * SIZE


@pytest.mark.parametrize("returned", [None, (torch.ones(SIZE, DIM),), {"fused": 1}])
def test_what_is_neither_a_tensor_nor_a_fusion_output_is_refused(batch, returned):
    class Wrong(nn.Module):
        def forward(self, features):
            return returned

    with pytest.raises(PluginError, match=rf"Wrong.forward.*Found {type(returned).__name__}"):
        model_of(Wrong())(batch)


@pytest.mark.parametrize("shape", [(SIZE, DIM + 1), (1, DIM), (SIZE,), (SIZE, 1, DIM)])
def test_an_output_of_another_shape_is_refused(batch, shape):
    class Wrong(nn.Module):
        def forward(self, features):
            return torch.ones(shape)

    with pytest.raises(PluginError, match=r"return shape \(4, 6\)\. Found \("):
        model_of(Wrong(), out_dim=DIM)(batch)


def test_the_gallery_is_embedded_and_not_fused(batch):
    model = model_of(Asking(), unimodal_heads={"values": nn.Linear(DIM, CLASSES)}, gallery="values")
    outputs = model(batch)
    (features,) = model.fusion.given
    assert list(features) == list(model.fusion.presence) == list(outputs.features) == ["type"]
    assert outputs.logits == {}
    tokens = model.encoders["@values"](batch.inputs["values"], batch.masks["values"])
    assert torch.equal(outputs.gallery[:, :-1], model.unimodal_heads["@values"](pool(*tokens)))
    assert torch.equal(outputs.gallery[:, -1], batch.targets.float())


def test_parameter_groups_cover_every_parameter_once():
    heads = {name: nn.Linear(DIM, CLASSES) for name in ("type", "values")}
    model = model_of(Spy(), unimodal_heads=heads, alignments={"type->values": nn.Linear(DIM, DIM)})
    groups = model.parameter_groups()
    assert set(groups) == {
        "encoder:type",
        "encoder:values",
        "head:type",
        "head:values",
        "shared",
        "align",
    }
    grouped = [id(parameter) for members in groups.values() for parameter in members]
    assert sorted(grouped) == sorted(map(id, model.parameters()))
    assert len(set(grouped)) == len(grouped)
    assert {id(p) for p in groups["head:type"]} == {id(p) for p in heads["type"].parameters()}


def test_groups_without_parameters_are_left_out():
    assert set(model_of(Spy(CLASSES), "none").parameter_groups()) == {"shared"}


def test_the_mean_of_no_token_is_zero():
    tokens = torch.full((2, 3, 1), 5.0)
    mask = torch.tensor([[False] * 3, [True, False, False]])
    assert pool(tokens, mask).tolist() == [[0.0], [5.0]]
