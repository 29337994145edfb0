from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from mmbench.errors import BadParameter, UnknownName
from mmbench_datasets import interactions
from mmbench_datasets.interactions import INTERACTIONS, latents, truth

NAMES = sorted(INTERACTIONS)
LOADERS = {
    "mixed": interactions.load_mixed,
    "redundancy": interactions.load_redundancy,
    "synergy": interactions.load_synergy,
    "unique": interactions.load_unique,
}
Table = npt.NDArray[np.float64]


def table(cells: npt.NDArray[np.int64]) -> Table:
    """Joint distribution p[a, b, class] of equally likely rows (a, b, class)."""
    counts = np.zeros(cells.max(axis=0) + 1)
    np.add.at(counts, tuple(cells.T), 1)
    return counts / counts.sum()


def information(p: Table) -> float:
    """Bits of mutual information between the rows and the columns of a joint distribution."""
    outer = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
    return float(np.sum(p[p > 0] * np.log2(p[p > 0] / outer[p > 0])))


def joint_information(p: Table) -> float:
    return information(p.reshape(-1, p.shape[2]))


def least_synergistic(p: Table) -> Table:
    """The distribution with p's (a, class) and (b, class) margins and the least I(a, b; class).

    Alternating projections of Csiszár and Tusnády: class by class, the pairs of all classes together
    are fitted to the two margins by iterative scaling.
    """
    to_a, to_b = p.sum(axis=1), p.sum(axis=0)
    q = to_a[:, None] * to_b[None] / np.maximum(p.sum(axis=(0, 1)), 1e-300)
    for _ in range(300):
        q = np.repeat(q.sum(axis=2, keepdims=True), p.shape[2], axis=2)
        for _ in range(30):
            q *= (to_a / np.maximum(q.sum(axis=1), 1e-300))[:, None]
            q *= (to_b / np.maximum(q.sum(axis=0), 1e-300))[None]
    return q


def decomposition(p: Table) -> Mapping[str, float]:
    """Bertschinger 2014: what no distribution with the same margins can do without is not synergy."""
    least = joint_information(least_synergistic(p))
    a, b = information(p.sum(axis=1)), information(p.sum(axis=0))
    return {
        "redundancy": a + b - least,
        "unique_a": least - b,
        "unique_b": least - a,
        "synergy": joint_information(p) - least,
    }


def test_the_solver_knows_the_published_values_of_and() -> None:
    p = table(np.array([(a, b, a & b) for a in (0, 1) for b in (0, 1)]))
    expected = {"redundancy": 0.3113, "unique_a": 0, "unique_b": 0, "synergy": 0.5}
    assert decomposition(p) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("name", NAMES)
def test_truth_is_the_decomposition_of_the_latents(name: str) -> None:
    p = table(np.stack(latents(name, n=len(INTERACTIONS[name].cells) * 3), axis=1))
    assert decomposition(p) == pytest.approx(truth(name), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_truth_adds_up_to_what_each_and_both_tell(name: str) -> None:
    p, bits = table(np.array(INTERACTIONS[name].cells)), truth(name)
    assert information(p.sum(axis=1)) == pytest.approx(bits["redundancy"] + bits["unique_a"])
    assert information(p.sum(axis=0)) == pytest.approx(bits["redundancy"] + bits["unique_b"])
    assert joint_information(p) == pytest.approx(sum(bits.values()))
    # Nothing is left open, and all classes are equally likely.
    assert sum(bits.values()) == pytest.approx(np.log2(p.shape[2]))


def test_each_alone_is_at_chance_on_synergy() -> None:
    a, b, classes = latents("synergy", n=1600)
    for latent in (a, b):
        p = table(np.stack([latent, np.zeros_like(latent), classes], axis=1))[:, 0]
        assert np.array_equal(p, np.full((4, 4), 1 / 16))
    assert np.array_equal((a + b) % 4, classes)


def test_the_best_sum_of_scores_on_synergy_is_the_uniform_prediction() -> None:
    # Gradient descent on the convex cross-entropy of f(a) + g(b), from a random start.
    a, b, classes = np.array(INTERACTIONS["synergy"].cells).T
    scores = np.random.default_rng(0).normal(size=(2, 4, 4))
    for _ in range(3000):
        logits = scores[0][a] + scores[1][b]
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(16), classes] -= 1
        np.subtract.at(scores[0], a, p / 4)
        np.subtract.at(scores[1], b, p / 4)
    p[np.arange(16), classes] += 1
    assert p == pytest.approx(np.full((16, 4), 0.25), abs=1e-3)


@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**32), n=st.integers(32, 500))
@settings(max_examples=50, deadline=None)
def test_cells_are_dealt_evenly(name: str, seed: int, n: int) -> None:
    rows = list(zip(*(values.tolist() for values in latents(name, seed, n)), strict=True))
    counts = [rows.count(cell) for cell in INTERACTIONS[name].cells]
    assert sum(counts) == len(rows) == n
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_the_codes_of_the_latents(name: str) -> None:
    a, b, classes = latents(name, seed=3, n=200)
    samples = LOADERS[name](seed=3, n=200, noise=0.0)
    assert np.array_equal(samples.targets, classes)
    for latent, values in ((a, samples.inputs["a"]), (b, samples.inputs["b"])):
        assert values.shape == (200, 16)
        assert values.dtype == np.float32
        codes = np.stack([values[latent == state][0] for state in np.unique(latent)])
        assert np.array_equal(values, codes[latent])
        apart = np.linalg.norm(codes[:, None] - codes[None], axis=2)
        assert apart[~np.eye(len(codes), dtype=bool)] == pytest.approx(np.sqrt(2))


def test_noise_is_normal_around_the_codes() -> None:
    clean = interactions.load_mixed(seed=1, noise=0.0).inputs
    noisy = interactions.load_mixed(seed=1, noise=0.3).inputs
    assert np.array_equal(interactions.load_mixed(seed=1, noise=0.3).inputs["b"], noisy["b"])
    noise = noisy["a"] - clean["a"]
    assert noise.std() == pytest.approx(0.3, rel=0.02)
    assert abs(noise.mean()) < 0.01
    assert not np.array_equal(noisy["a"], interactions.load_mixed(seed=2, noise=0.3).inputs["a"])


@pytest.mark.parametrize(
    ("name", "alone", "added", "multiplied"),
    [
        ("redundancy", 1, 1, 1),
        ("unique", 1 / 2, 1, 1),
        ("synergy", 1 / 4, 1 / 4, 1),
        ("mixed", 1 / 4, 1 / 2, 1),
    ],
)
def test_logistic_regression_gets_what_the_bits_allow(
    name: str, alone: float, added: float, multiplied: float
) -> None:
    samples = LOADERS[name]()
    a, b = samples.inputs["a"], samples.inputs["b"]
    products = (a[:, :, None] * b[:, None, :]).reshape(len(a), -1)
    for features, expected in (
        (a, alone),
        (b, alone),
        (np.concatenate([a, b], axis=1), added),
        (np.concatenate([a, b, products], axis=1), multiplied),
    ):
        model = LogisticRegression(C=10, max_iter=500)
        accuracy = cross_val_score(model, features, samples.targets, cv=2).mean()
        assert accuracy == pytest.approx(expected, abs=0.07)


def test_errors_say_what_there_is() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'synergy'"):
        truth("sinergy")
    with pytest.raises(UnknownName, match="Available: mixed, redundancy, synergy, unique"):
        latents("xor")
    with pytest.raises(BadParameter, match=r"at least 16, a sample a cell. Found 15"):
        interactions.load_synergy(n=15)
