"""`mmbench data`."""

from __future__ import annotations

import json

import numpy as np
import pytest


@pytest.fixture(name="digits")
def digits_fixture(tmp_path):
    """A file of two modalities, of which `left` tells the class and `right` is absent in a third."""
    rng = np.random.default_rng(0)
    y = np.arange(240) % 3
    left, right = rng.normal(size=(240, 4)), rng.normal(size=(240, 3))
    left[:, :3] += 3 * np.eye(3)[y]
    left[1], right[1] = left[0], right[0]
    np.savez(tmp_path / "digits.npz", left=left, right=right, y=y, right_present=y > 0)
    return tmp_path / "digits.npz"


def test_every_dataset_is_listed_with_its_task(call):
    result = call("data", "list")
    assert result.code == 0
    assert "watch" in result.out
    assert "classification: accelerometer (motion), gyroscope (motion)" in result.out


def test_an_embedded_dataset_needs_nothing(call):
    result = call("data", "path", "watch")
    assert result.code == 0
    assert "watch.npz" in result.out
    assert "needs nothing from outside" in result.out


def test_an_unknown_dataset_is_wrong_usage(call):
    result = call("data", "path", "wacth")
    assert result.code == 2
    assert "Did you mean 'watch'" in result.err


def test_what_comes_with_its_package_is_not_validated(call, tmp_path):
    result = call("data", "validate", "watch", tmp_path)
    assert result.code == 2
    assert "comes with its package" in result.err


def test_a_profile_fits_the_page(call, digits):
    result = call("data", "profile", digits)
    assert result.code == 0
    assert result.err == ""
    assert max(map(len, result.out.splitlines())) <= 100
    for text in (
        "digits: classification, on the split of seed 0",
        "Samples without a modality",
        "Linear models of plain features",
        "redundancy",
        "the target holds 1.00",  # of the two classes that have both modalities
    ):
        assert text in result.out


def test_a_profile_as_json_is_complete(call, digits):
    result = call("data", "profile", digits, "--seed", 1, "--json")
    assert result.code == 0
    found = json.loads(result.out)
    assert found["seed"] == 1
    assert found["sizes"] == {"train": 144, "validation": 48, "test": 48}
    assert found["modalities"]["right"]["absent_by_class"] == {"0": 1, "1": 0, "2": 0}
    assert found["modalities"]["left"]["probe"] > 0.8
    assert found["pairs"][0]["estimate"]["value"]["unique_1"] > 0.5


def test_a_profile_of_some_modalities(call, digits):
    result = call("data", "profile", f"{digits}[modalities=left]", "--json")
    found = json.loads(result.out)
    assert list(found["modalities"]) == ["left"]
    assert found["pairs"] == []


@pytest.mark.parametrize(
    "name", ["digitz", "watch[modalities=gyrosope]", "watch[root=x]", "no.npz"]
)
def test_what_does_not_exist_has_no_profile(call, name):
    result = call("data", "profile", name)
    assert result.code == 2
    assert result.err.startswith("Error: ")
