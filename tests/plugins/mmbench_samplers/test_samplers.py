"""What an epoch visits, counted."""

from __future__ import annotations

import pytest
import torch

from mmbench import Sampling
from mmbench.data.part import Part
from mmbench.errors import BadParameter, NotApplicable
from mmbench.tasks import TASKS
from mmbench_samplers.anomaly_filtered import AnomalyFiltered
from mmbench_samplers.class_balanced import ClassBalanced
from mmbench_samplers.modality_balanced import ModalityBalanced
from mmbench_samplers.uniform import Uniform


def part_of(targets, present=None, **inputs):
    inputs = inputs or {"a": torch.zeros(len(targets), 2)}
    return Part(inputs, {}, present or {}, torch.as_tensor(targets))


def task(name):
    return TASKS[name]()


def visits(sampling: Sampling, size: int, epochs: int = 200) -> torch.Tensor:
    """How often each place is visited an epoch, on average."""
    generator = torch.Generator().manual_seed(0)
    seen = torch.cat([sampling.epoch(generator) for _ in range(epochs)])
    return seen.bincount(minlength=size) / epochs


def test_uniform_visits_every_sample_once():
    sampling = Uniform()
    sampling.fit(part_of([0] * 9), task("classification"))
    order = sampling.epoch(torch.Generator().manual_seed(3))
    assert order.sort().values.tolist() == list(range(9))
    assert sampling.weights() is None


def test_classes_are_visited_equally_often():
    targets = [0] * 90 + [1] * 9 + [4]
    sampling = ClassBalanced()
    sampling.fit(part_of(targets), task("classification"))
    found = visits(sampling, 100)
    shares = [found[:90].sum(), found[90:99].sum(), found[99:].sum()]
    assert torch.tensor(shares) == pytest.approx(torch.tensor([33.3, 33.3, 33.3]), rel=0.05)


def test_class_weights_are_those_of_equal_shares():
    sampling = ClassBalanced(by="weights")
    sampling.fit(part_of([0, 0, 0, 1]), task("classification"))
    assert sampling.weights().tolist() == pytest.approx([4 / 6, 4 / 6, 4 / 6, 2.0])
    assert sampling.epoch(torch.Generator().manual_seed(0)).sort().values.tolist() == [0, 1, 2, 3]


def test_a_sample_with_labels_counts_as_its_rarest():
    labels = torch.tensor([[1, 0], [1, 0], [1, 1], [0, 0]])
    sampling = ClassBalanced(by="weights")
    sampling.fit(part_of(labels), task("multilabel"))
    assert sampling.weights().tolist() == pytest.approx([4 / 6, 4 / 6, 4 / 3, 4 / 3])


def test_reals_are_no_classes():
    with pytest.raises(NotApplicable, match="classes or labels"):
        ClassBalanced().fit(part_of([0.5, 1.5]), task("regression"))


def test_the_scarce_modality_is_seen_as_often_as_the_other():
    here = torch.arange(100) < 10
    sampling = ModalityBalanced()
    sampling.fit(part_of([0] * 100, {"b": here}), task("classification"))
    found = visits(sampling, 100)
    assert found[:10].sum() == pytest.approx(100 * 100 / 190, rel=0.05)
    assert found[10:].mean() == pytest.approx(100 / 190, rel=0.05)


def test_complete_data_are_visited_once():
    sampling = ModalityBalanced()
    sampling.fit(part_of([0] * 8, {"b": torch.ones(8, dtype=torch.bool)}), task("classification"))
    assert sampling.epoch(torch.Generator().manual_seed(0)).sort().values.tolist() == list(range(8))


@pytest.fixture
def planted():
    """Two hundred samples; five are far out, two of them in the second modality only."""
    torch.manual_seed(0)
    a, series = torch.randn(200, 3), torch.randn(200, 20, 2)
    a[[3, 50, 120]] += 40
    series[[7, 80]] *= 30
    return part_of([0] * 200, a=a, series=series, ids=torch.ones(200, 5, dtype=torch.long))


def test_planted_outliers_are_dropped_whatever_their_modality(planted):
    sampling = AnomalyFiltered(share=5 / 200)
    sampling.fit(planted, task("classification"))
    order = sampling.epoch(torch.Generator().manual_seed(0))
    assert sorted(set(range(200)) - set(order.tolist())) == [3, 7, 50, 80, 120]
    assert len(order) == 195


def test_planted_outliers_count_a_tenth(planted):
    sampling = AnomalyFiltered(share=5 / 200, by="weights")
    sampling.fit(planted, task("classification"))
    assert (sampling.weights() < 1).nonzero()[:, 0].tolist() == [3, 7, 50, 80, 120]
    assert len(sampling.epoch(torch.Generator().manual_seed(0))) == 200


def test_nothing_is_dropped_at_a_share_of_nothing(planted):
    sampling = AnomalyFiltered(share=0.0)
    sampling.fit(planted, task("classification"))
    assert len(sampling.epoch(torch.Generator().manual_seed(0))) == 200


@pytest.mark.parametrize(
    "make",
    [
        lambda: ClassBalanced(by="luck"),
        lambda: AnomalyFiltered(share=1.0),
        lambda: AnomalyFiltered(by="luck"),
    ],
)
def test_wrong_parameters_are_refused(make):
    with pytest.raises(BadParameter, match="Expected"):
        make()
