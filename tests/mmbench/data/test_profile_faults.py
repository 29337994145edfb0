from __future__ import annotations

import numpy as np

from mmbench import Samples
from mmbench.data.profile_faults import Repeated, outliers, repeated

RNG = np.random.default_rng(0)
PARTS = {"train": np.array([0, 1, 2, 3]), "validation": np.array([4, 5]), "test": np.array([6, 7])}


def test_planted_outliers_are_found_and_lead():
    features = RNG.normal(size=(400, 4))
    features[[250, 390]] = [[9.0] * 4, [20.0] * 4]
    found = outliers(features, 300, np.arange(400) + 1000, seed=0)
    assert set(found.ids[:2]) == {1250, 1390}
    assert found.share == len(found.ids) / 400
    assert found.share < 0.03


def test_alike_samples_have_no_outliers_but_the_one():
    features = np.zeros((100, 2))
    assert outliers(features, 80, np.arange(100), seed=0).ids == []
    features[7] = 1
    assert outliers(features, 80, np.arange(100), seed=0).ids == [7]


def rows(**changes):
    inputs = {
        "row": np.arange(8.0)[:, None],
        "text": np.array([f"text {number}" for number in range(8)], dtype=object),
    }
    return Samples({**inputs, **changes.pop("inputs", {})}, np.arange(8) % 2, **changes)


def test_different_samples_are_not_repeated():
    assert repeated(rows(), ("row", "text"), PARTS) == []


def test_equal_samples_and_equal_values_are_told_apart():
    given = rows()
    given.inputs["row"][6] = given.inputs["row"][2]
    given.inputs["text"][6] = given.inputs["text"][2]
    given.inputs["text"][5] = given.inputs["text"][0]
    assert repeated(given, ("row", "text"), PARTS) == [
        Repeated("train", "test", "", 1, [(2, 6)]),
        Repeated("train", "test", "row", 1, [(2, 6)]),
        Repeated("train", "validation", "text", 1, [(0, 5)]),
        Repeated("train", "test", "text", 1, [(2, 6)]),
    ]
    assert repeated(given, ("row",), PARTS) == [Repeated("train", "test", "", 1, [(2, 6)])]


def test_equal_values_within_a_part_are_no_leakage():
    given = rows()
    given.inputs["row"][1] = given.inputs["row"][0]
    assert repeated(given, ("row",), PARTS) == []


def test_what_is_absent_is_equal_to_nothing():
    given = rows(present={"row": np.zeros(8, dtype=bool)})
    given.inputs["row"][:] = 0
    assert repeated(given, ("row", "text"), PARTS) == []
    given.inputs["text"][7] = given.inputs["text"][3]
    assert repeated(given, ("row", "text"), PARTS)[0] == Repeated("train", "test", "", 1, [(3, 7)])
