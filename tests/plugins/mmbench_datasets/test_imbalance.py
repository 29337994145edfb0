from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from torch import nn

from mmbench.data.preparation import InputSpec
from mmbench.data.samples import Samples
from mmbench.errors import BadParameter
from mmbench_datasets import imbalance
from mmbench_encoders.mlp import MLPEncoder

TRAIN = 1200


def test_shapes_and_balance() -> None:
    samples = imbalance.load_modalities()
    assert samples.inputs["fast"].shape == (2000, 64)
    assert samples.inputs["slow"].shape == (2000, 16)
    assert np.bincount(samples.targets).tolist() == [500] * 4
    assert samples.target_names == ("0", "1", "2", "3")


@pytest.mark.parametrize("shown", [0.5, 0.85, 1.0])
def test_fast_shows_the_class_in_the_stated_share(shown: float) -> None:
    samples = imbalance.load_modalities(n=8000, shown=shown)
    x = samples.inputs["fast"]
    model = LogisticRegression(C=0.1, max_iter=500).fit(x[:4000], samples.targets[:4000])
    accuracy = model.score(x[4000:], samples.targets[4000:])
    assert accuracy == pytest.approx(shown + (1 - shown) / 4, abs=0.03)


def test_slow_is_products_of_three_signs() -> None:
    samples = imbalance.load_modalities(n=4000, noise=0.0)
    distinct = np.unique(samples.inputs["slow"].round(4), axis=0)
    assert len(distinct) == 2**6
    assert np.linalg.norm(distinct, axis=1) == pytest.approx(np.full(64, np.sqrt(6)), rel=1e-3)
    # A state never shows two classes, …
    _, state = np.unique(samples.inputs["slow"].round(4), axis=0, return_inverse=True)
    pairs = np.unique(np.stack([state.reshape(-1), samples.targets]), axis=1)
    assert pairs.shape[1] == 64
    # … each class has a fourth of the states, and no linear function or product of two tells classes.
    assert np.bincount(samples.targets[np.unique(state, return_index=True)[1]]).tolist() == [16] * 4
    centre = distinct - distinct.mean(axis=0)
    classes = pairs[1][np.argsort(pairs[0])]
    for label in range(4):
        of_class = centre[classes == label]
        assert of_class.mean(axis=0) == pytest.approx(np.zeros(16), abs=1e-3)
        spread = of_class.T @ of_class / 16
        assert spread == pytest.approx(centre.T @ centre / 64, abs=1e-3)


def test_trained_together_the_slow_encoder_stays_behind() -> None:
    samples = imbalance.load_modalities()
    together = [probe(samples, "fast", "slow", seed=seed) for seed in (0, 1)]
    alone = [probe(samples, "slow", seed=seed) for seed in (0, 1)]
    assert np.mean(together) < 0.75
    assert np.mean(alone) > 0.85
    assert np.mean(alone) - np.mean(together) > 0.15


def probe(samples: Samples, *names: str, seed: int) -> float:
    """Linear probe of the `slow` encoder after 14 epochs with a linear head on the named modalities."""
    torch.manual_seed(seed)
    x = {name: standardised(samples.inputs[name]) for name in names}
    y = torch.from_numpy(samples.targets)
    encoders = nn.ModuleDict(
        {name: MLPEncoder(InputSpec((values.shape[1],)), 64) for name, values in x.items()}
    )
    head = nn.Linear(64 * len(names), 4)
    parameters = [*encoders.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=14 * 13)
    for _ in range(14):
        for index in torch.randperm(TRAIN).split(96):
            features = [encoders[name](x[name][index])[0][:, 0] for name in names]
            optimiser.zero_grad()
            F.cross_entropy(head(torch.cat(features, dim=1)), y[index]).backward()
            optimiser.step()
            schedule.step()
    encoders.eval()
    with torch.no_grad():
        features = encoders["slow"](x["slow"])[0][:, 0].numpy()
    model = LogisticRegression(max_iter=2000).fit(features[:TRAIN], samples.targets[:TRAIN])
    return float(model.score(features[TRAIN:], samples.targets[TRAIN:]))


def standardised(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy((values - values.mean(axis=0)) / values.std(axis=0))


@given(n=st.integers(200, 5000), ratio=st.floats(1, 50))
@settings(max_examples=40, deadline=None)
def test_tail_falls_exponentially(n: int, ratio: float) -> None:
    sizes = np.bincount(imbalance.load_classes(n=n, ratio=ratio).targets, minlength=6)
    assert sizes.sum() == n
    shares = ratio ** (-np.arange(6) / 5)
    assert np.abs(sizes - n * shares / shares.sum()).max() <= 6
    assert (np.diff(sizes) <= 0).all()


def test_scarce_is_absent_at_random_and_tells_more() -> None:
    samples = imbalance.load_classes(n=20_000)
    here = samples.present["scarce"]
    assert "common" not in samples.present
    assert here.mean() == pytest.approx(0.2, abs=0.01)
    for label in range(6):
        assert here[samples.targets == label].mean() == pytest.approx(0.2, abs=0.06)
    assert not samples.inputs["scarce"][~here].any()
    recall = {}
    for name in ("common", "scarce"):
        x, y = samples.inputs[name][here], samples.targets[here]
        model = LogisticRegression(C=10, max_iter=500).fit(x[::2], y[::2])
        found = model.predict(x[1::2])
        recall[name] = np.mean([np.mean(found[y[1::2] == label] == label) for label in range(6)])
    assert recall["scarce"] > 0.97
    assert recall["common"] < 0.75


@pytest.mark.parametrize(
    ("load", "wrong", "said"),
    [
        (imbalance.load_modalities, {"shown": 1.1}, r"shown in \[0, 1\]. Found 1.1"),
        (imbalance.load_classes, {"share": -0.1}, r"share in \[0, 1\]. Found -0.1"),
        (imbalance.load_classes, {"ratio": 0.5}, "ratio of at least 1. Found 0.5"),
        (imbalance.load_classes, {"n": 50, "ratio": 50}, "none of the last of 50. Raise n"),
    ],
)
def test_values_out_of_range_are_refused(
    load: Callable[..., Samples], wrong: dict[str, float], said: str
) -> None:
    with pytest.raises(BadParameter, match=said):
        load(**wrong)


@pytest.mark.parametrize("load", [imbalance.load_modalities, imbalance.load_classes])
def test_seed_decides(load: Callable[..., Samples]) -> None:
    first, again, other = (load(seed=seed, n=200) for seed in (1, 1, 2))
    for name, values in first.inputs.items():
        assert np.array_equal(values, again.inputs[name])
        assert not np.array_equal(values, other.inputs[name])
