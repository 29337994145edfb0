"""The kit bites: each broken fusion is caught by the property that should catch it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from mmbench import Choice, Fusion, Int
from mmbench.errors import PluginError
from mmbench.testing import check

_SPEC = importlib.util.spec_from_file_location(
    "broken_fusions", Path(__file__).with_name("broken_fusions.py")
)
broken = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(broken)

CAUGHT = {
    "FactorsInAList": "every parameter is registered",
    "LayersInAClosure": "every parameter is registered",
    "IgnoresTheLast": "every modality changes the output",
    "BatchStatistics": "samples are independent",
    "DempsterInKeyOrder": "the order of keys does not matter",
    "UnseededNoise": "the seed decides",
    "NoiseInEvaluation": "the seed decides",
    "Squeezed": "output shape",
    "DividesByZero": "zeros and large values stay finite",
    "NeverUsed": "every parameter receives a gradient",
    "StateInAnAttribute": "state survives saving",
    "FixedType": "device and type follow the input",
    "FixedDevice": "device and type follow the input",
    "BranchesOnValues": "lanes equal solo",
    "NamedLikeADict": "modality names are free",
}


def statuses(fusion):
    return {result.property: result.status for result in check(fusion)}


def failures(fusion):
    return {
        result.property: result.message for result in check(fusion) if result.status == "failed"
    }


def test_a_sound_fusion_passes():
    found = check(Fusion("sound", broken.Sound, summary="Sum."))
    assert [result for result in found if result.status == "failed"] == []
    skipped = {result.property for result in found if result.status == "skipped"}
    assert skipped <= {"padding does not matter", "cpu and gpu agree"}


@pytest.mark.parametrize("name", CAUGHT)
def test_a_broken_fusion_is_caught_by_the_property_that_should(name):
    found = failures(Fusion("broken", getattr(broken, name), summary="Broken."))
    assert CAUGHT[name] in found
    assert "Expected" in found[CAUGHT[name]]


def test_padding_that_matters_is_caught():
    found = failures(Fusion("broken", broken.AveragesPadding, level="tokens", summary="Broken."))
    assert list(found) == ["padding does not matter"]


def test_what_is_loose_is_named():
    found = failures(Fusion("broken", broken.FactorsInAList, summary="Broken."))
    assert "factors[0]" in found["every parameter is registered"]


def test_a_setting_of_the_space_that_cannot_be_built_is_named():
    fusion = Fusion(
        "broken",
        broken.NarrowerThanItsSpace,
        summary="Broken.",
        parameters={"heads": Choice((1, 2, 3, 4))},
    )
    assert "{'heads': 3}" in failures(fusion)["search space can be built"]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [({"depth": Int(1, 2)}, "'depth'"), ({"heads": Int(3, 9)}, "lie in")],
)
def test_parameters_that_do_not_fit_the_signature_are_caught(parameters, reason):
    fusion = Fusion("broken", broken.NarrowerThanItsSpace, summary="Broken.", parameters=parameters)
    assert reason in failures(fusion)["declared parameters"]


def test_a_fusion_that_declares_that_it_cannot_be_vectorised_is_not_asked_to():
    fusion = Fusion("branches", broken.BranchesOnValues, summary="Branches.", vectorises=False)
    assert statuses(fusion)["lanes equal solo"] == "skipped"


def test_one_modality_alone_is_not_asked_for_two():
    found = check(Fusion("one", broken.Sound, summary="One.", per_modality="alone"))
    assert {r.status for r in found} == {"passed", "skipped"}
    shape = next(r.message for r in found if r.property == "output shape")
    assert shape == "(B, 16) for M = 1; B = 1 and 5"


class _NeedsTwo(broken.Sound):
    def __init__(self, dims, out_dim):
        if len(dims) < 2:
            raise PluginError("Expected two modalities. Found one.")
        super().__init__(dims, out_dim)


def test_a_refused_number_of_modalities_is_left_out():
    found = {r.property: r for r in check(Fusion("two", _NeedsTwo, summary="Two."))}
    assert found["output shape"].message == "(B, 16) for M = 2, M = 3, M = 4; B = 1 and 5"


def test_an_error_of_the_fusion_says_where():
    def forward(self, features):
        raise KeyError("speech")

    wrong = type("Wrong", (broken.Sound,), {"forward": forward})
    message = failures(Fusion("wrong", wrong, summary="Wrong."))["output shape"]
    assert "KeyError: 'speech'" in message
    assert "test_fusions.py:" in message
