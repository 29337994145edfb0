"""What a fusion may ask for beyond its features, and where it has no meaning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmbench.budgets import BUDGETS
from mmbench.contracts import FusionOutput
from mmbench.data.part import Part
from mmbench.data.preparation import InputSpec
from mmbench.errors import NotApplicable, PluginError
from mmbench.jobs import Job, Objective, Pick
from mmbench.model import FusionModel
from mmbench.records import skipped
from mmbench.registrations import Encoder, Fusion
from mmbench.tasks import TASKS
from mmbench.training.build import DIM, OUT_DIM, Recipe


class Listening(nn.Module):
    """Remembers what it was given."""

    def __init__(self, dims: Any, out_dim: int) -> None:
        super().__init__()
        self.dims, self.out_dim = dims, out_dim
        self.weight = nn.Parameter(torch.zeros(1))
        self.heard: dict[str, Any] = {}

    def forward(self, features: Any, presence: Any, targets: Tensor | None) -> FusionOutput:
        self.heard = {"features": features, "presence": presence, "targets": targets}
        return FusionOutput(self.weight.expand(len(presence["a"]), self.out_dim))


class Joining(Listening):
    def forward(self, inputs: Any, masks: Any, presence: Any) -> Tensor:  # type: ignore[override]
        self.heard = {"inputs": inputs, "masks": masks, "presence": presence}
        return self.weight.expand(len(presence["a"]), self.out_dim)


class Pass(nn.Module):
    def __init__(self, spec: InputSpec, dim: int) -> None:
        super().__init__()

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        return x, torch.ones(x.shape[:2], dtype=torch.bool)


def batch() -> Part:
    return Part(
        inputs={"a": torch.randn(3, 4, 2), "b": torch.randn(3, 4, 5), "g": torch.randn(3, 1, 2)},
        masks={"a": torch.tensor([[True, True, True, False]] * 3)},
        present={"b": torch.tensor([True, False, True])},
        targets=torch.tensor([2, 0, 1]),
    )


def test_targets_are_given_in_training_only() -> None:
    fusion = Listening({}, 6)
    encoders = {"a": Pass(InputSpec((4, 2)), 2), "b": Pass(InputSpec((4, 5)), 5)}
    model = FusionModel(encoders, fusion, "pooled")
    model.train()(batch())
    assert torch.equal(fusion.heard["targets"], batch().targets)
    model.eval()(batch())
    assert fusion.heard["targets"] is None
    assert sorted(fusion.heard["presence"]) == ["a", "b"]


def test_raw_inputs_come_with_masks_and_without_the_absent_and_the_gallery() -> None:
    fusion = Joining({"a": 2, "b": 5}, 6)
    given = batch()
    model = FusionModel({}, fusion, "input", gallery="g", out_dim=6)
    assert model(given).prediction.shape == (3, 6)
    assert sorted(fusion.heard["inputs"]) == sorted(fusion.heard["presence"]) == ["a", "b"]
    assert torch.equal(fusion.heard["inputs"]["a"], given.inputs["a"])
    assert torch.equal(fusion.heard["masks"]["a"], given.masks["a"])
    assert (fusion.heard["inputs"]["b"][1] == 0).all()
    assert fusion.heard["masks"]["b"].all(dim=1).tolist() == [True, False, True]


def recipe(build: Any, fusion: Fusion, specs: dict[str, InputSpec], **changes: Any) -> Recipe:
    registry = build(
        fusions=[fusion], encoders=[Encoder("pass", Pass, kinds=("sensor",), default_for=())]
    )
    task = TASKS[changes.pop("task", "classification")]()
    targets = np.array([0, 1, 2, 0])
    task.fit(targets, targets)
    job = Job(
        dataset=Pick("toy"),
        modalities=tuple(specs),
        encoders={name: Pick("pass") for name in specs},
        fusion=Pick(fusion.name),
        objective=changes.pop("objective", Objective()),
        weighting=Pick("plain"),
        seed=0,
        budget=BUDGETS["quick"],
    )
    return Recipe(job, registry, specs, task)


SERIES = {"a": InputSpec((9, 2)), "b": InputSpec((9, 5))}


def test_a_fusion_of_raw_inputs_replaces_the_encoders(build: Any) -> None:
    model = recipe(build, Fusion("f", Joining, level="input"), SERIES).model({})
    assert len(model.encoders) == 0
    assert isinstance(model.fusion, Joining)
    assert (model.fusion.dims, model.fusion.out_dim) == ({"a": 2, "b": 5}, OUT_DIM)


def test_other_fusions_are_given_the_encoders_features(build: Any) -> None:
    model = recipe(build, Fusion("f", Listening), SERIES).model({})
    assert len(model.encoders) == 2
    assert isinstance(model.fusion, Listening)
    assert model.fusion.dims == {"a": DIM, "b": DIM}


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (InputSpec((8, 5)), r"a \(9, 2\), b \(8, 5\)"),
        (InputSpec((9,)), r"b \(9,\)"),
        (InputSpec((3, 9, 9)), r"b \(3, 9, 9\)"),
        (InputSpec((9,), vocabulary=7), r"b ids \(9,\)"),
    ],
)
def test_raw_inputs_need_one_time_base(build: Any, other: InputSpec, found: str) -> None:
    specs = {"a": InputSpec((9, 2)), "b": other}
    with pytest.raises(NotApplicable, match=f"one time base for fusion 'f'.*Found .*{found}"):
        recipe(build, Fusion("f", Joining, level="input"), specs).model({})


def test_raw_inputs_have_no_features_for_other_terms(build: Any) -> None:
    planned = recipe(
        build, Fusion("f", Joining, level="input"), SERIES, objective=Objective("joint+uni")
    )
    with pytest.raises(NotApplicable, match=r"objective 'joint'.*Found the terms uni:a, uni:b"):
        planned.model({})


def test_a_fusion_may_be_for_some_tasks_only(build: Any) -> None:
    fusion = Fusion("f", Listening, tasks=("classification", "multilabel"))
    assert recipe(build, fusion, SERIES).model({})
    with pytest.raises(NotApplicable, match=r"classification or multilabel\. Found regression"):
        recipe(build, fusion, SERIES, task="regression").model({})


def test_unknown_tasks_are_refused() -> None:
    with pytest.raises(PluginError, match=r"tasks of fusion 'f' to be among.*Found sorting"):
        Fusion("f", Listening, tasks=("sorting",))


def test_fusions_vectorise_unless_they_say_otherwise() -> None:
    assert Fusion("f", Listening).vectorises
    assert not Fusion("f", Listening, vectorises=False).vectorises


def test_the_record_of_a_skipped_item_says_why() -> None:
    record = skipped({"job": "x"}, "build", NotApplicable("Expected series. Found rows."))
    assert record == {
        "job": "x",
        "status": "skipped",
        "phase": "build",
        "error": "Expected series. Found rows.",
        "traceback": "",
    }
