from __future__ import annotations

import torch

from mmbench_fusions.presence import (
    absent_as_zero,
    concatenated,
    known_features,
    masked_softmax,
    per_modality,
    presence_matrix,
    product_over_present,
)


def test_nothing_said_means_all_present():
    features = {"b": torch.zeros(2, 5), "a": torch.zeros(2, 3)}
    assert presence_matrix(features, None, ["a", "b"]).tolist() == [[True, True]] * 2


def test_columns_follow_the_names():
    presence = {"b": torch.tensor([True, False]), "a": torch.tensor([False, False])}
    assert presence_matrix({}, presence, ["a", "b"]).tolist() == [[False, True], [False, False]]


def test_absent_values_are_zero_even_where_they_are_nan():
    values = torch.tensor([[[1.0], [float("nan")]]])
    assert absent_as_zero(values, torch.tensor([[True, False]])).tolist() == [[[1.0], [0.0]]]


def test_softmax_is_over_the_true_entries_and_zero_where_there_is_none():
    scores = torch.tensor([[0.0, 5.0, 0.0], [1.0, 2.0, 3.0]])
    mask = torch.tensor([[True, False, True], [False, False, False]])
    assert masked_softmax(scores, mask).tolist() == [[0.5, 0.0, 0.5], [0.0, 0.0, 0.0]]


def test_columns_get_their_names_back():
    weights = per_modality(torch.tensor([[0.25, 0.75]]), ["a", "b"])
    assert {name: column.tolist() for name, column in weights.items()} == {"a": [0.25], "b": [0.75]}


def test_features_are_known_where_present():
    features = {
        "b": torch.tensor([[1.0], [2.0]]),
        "a": torch.tensor([[float("nan")] * 2, [3.0, 4.0]]),
    }
    present = torch.tensor([[False, True], [True, False]])
    known = known_features(features, present, ["a", "b"])
    assert {name: x.tolist() for name, x in known.items()} == {
        "a": [[0.0, 0.0], [3.0, 4.0]],
        "b": [[1.0], [0.0]],
    }
    joined = concatenated(features, present, ["a", "b"])
    assert joined.tolist() == [[0.0, 0.0, 1.0], [3.0, 4.0, 0.0]]


def test_absent_values_are_no_factors():
    values = torch.tensor([[[2.0], [3.0]], [[float("nan")], [3.0]], [[5.0], [7.0]]])
    present = torch.tensor([[True, True], [False, True], [False, False]])
    assert product_over_present(values, present).tolist() == [[6.0], [3.0], [1.0]]
