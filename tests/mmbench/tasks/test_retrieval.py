from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mmbench.errors import DataError
from mmbench.tasks.retrieval import TEMPERATURE, Retrieval

RANKS = [1, 1, 2, 3, 5, 6, 10, 11, 12, 1, 1, 1]


def gallery_of(embeddings, items=None):
    """Targets as the task wants them; every row is an item of its own where none are given."""
    items = range(len(embeddings)) if items is None else items
    return torch.cat([embeddings, torch.tensor([[float(item)] for item in items])], dim=1)


def queries_of_rank(ranks):
    """Query k is nearer to `ranks[k]` - 1 other items than to its own; the items are the axes."""
    queries = torch.eye(len(ranks))
    for own, rank in enumerate(ranks):
        others = [item for item in range(len(ranks)) if item != own]
        queries[own, others[: rank - 1]] = 2.0
    return queries


def test_metrics_by_hand():
    found = Retrieval().metrics(queries_of_rank(RANKS), gallery_of(torch.eye(12)))
    assert found["r_at_1"] == pytest.approx(5 / 12)
    assert found["r_at_5"] == pytest.approx(8 / 12)
    assert found["r_at_10"] == pytest.approx(10 / 12)
    assert found["mrr"] == pytest.approx(sum(1 / rank for rank in RANKS) / 12)


@pytest.mark.parametrize("count", [1, 2, 3, 20])
def test_perfect_embeddings_find_everything(count):
    items = torch.eye(count)
    assert set(Retrieval().metrics(items * 3, gallery_of(items)).values()) == {1.0}


def test_two_items_can_be_taken_for_each_other():
    found = Retrieval().metrics(torch.eye(2).flip(0), gallery_of(torch.eye(2)))
    assert found == {"r_at_1": 0, "r_at_5": 1, "r_at_10": 1, "mrr": 0.5}


def test_embeddings_in_one_point_find_nothing():
    found = Retrieval().metrics(torch.ones(20, 4), gallery_of(torch.ones(20, 4)))
    assert found["r_at_1"] == found["r_at_10"] == 0
    assert found["mrr"] == pytest.approx(1 / 20)


def test_the_length_of_an_embedding_plays_no_part():
    queries, items = queries_of_rank(RANKS), torch.eye(12)
    scale = torch.arange(1.0, 13.0)[:, None]
    found = Retrieval().metrics(queries * scale, gallery_of(items / scale))
    assert found == Retrieval().metrics(queries, gallery_of(items))


def test_any_entry_of_an_item_will_do_and_an_item_counts_once():
    """Captions of two pictures: what stands for the same picture is no mistake."""
    embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.2, 1.0], [0.1, 1.0]])
    queries = torch.tensor([[1.0, 0.1], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    found = Retrieval().metrics(queries, gallery_of(embeddings, [7, 7, 3, 3, 3]))
    assert found == {"r_at_1": pytest.approx(4 / 5), "r_at_5": 1, "r_at_10": 1, "mrr": 0.9}


def test_rows_of_one_item_are_not_held_against_each_other_in_the_loss():
    queries, items = torch.eye(3), torch.eye(3)
    alone = Retrieval().loss(queries[:2], gallery_of(items[:2]))
    torch.manual_seed(0)
    doubled = torch.cat([queries[:2], queries[:1] + 0.1 * torch.randn(1, 3)])
    found = Retrieval().loss(doubled, gallery_of(doubled, [0, 1, 0]))
    without = Retrieval().loss(doubled[:2], gallery_of(doubled[:2]))
    assert torch.allclose(without, alone)
    assert found[0] == pytest.approx(without[0].item(), rel=1e-4)


def test_the_loss_is_symmetric_cross_entropy_of_cosines():
    queries, items = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    s = torch.tensor([[1.0, 0.6], [0.0, 0.8]]) / TEMPERATURE
    expected = []
    for k in range(2):
        row = s[k, k] - math.log(sum(math.exp(x) for x in s[k]))
        column = s[k, k] - math.log(sum(math.exp(x) for x in s[:, k]))
        expected.append(-float(row + column) / 2)
    assert Retrieval().loss(queries, gallery_of(items)).tolist() == pytest.approx(
        expected, rel=1e-4
    )


@pytest.mark.parametrize("items", [np.array([0.0]), np.array([[0]]), np.array(["a"])])
def test_what_is_not_items_is_refused(items):
    with pytest.raises(DataError, match="Expected items as whole numbers"):
        Retrieval().fit(items, items)


def test_the_primary_metric_is_there_and_greater_is_better():
    assert Retrieval.primary in Retrieval().metrics(torch.eye(3), gallery_of(torch.eye(3)))
    assert Retrieval.oriented(0.3) == 0.3
    assert not Retrieval.stratify
