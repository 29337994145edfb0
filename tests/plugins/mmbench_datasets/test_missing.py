from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from mmbench.data.samples import Samples
from mmbench.errors import BadParameter
from mmbench_datasets import missing

LOADERS = {"mcar": missing.load_mcar, "mar": missing.load_mar, "mnar": missing.load_mnar}
MANY = 20_000
Loader = Callable[..., Samples]


@pytest.fixture(scope="module")
def hidden() -> dict[str, npt.NDArray[Any]]:
    """What is there before anything is lost."""
    return dict(missing.load_mcar(n=MANY, rate=0.0).inputs)


def slopes(absent: npt.NDArray[np.bool_], *causes: npt.NDArray[Any]) -> list[float]:
    """Of a logistic regression of absence on standardised causes, without a penalty."""
    columns = [(cause - cause.mean()) / cause.std() for cause in causes]
    model = LogisticRegression(C=1e6).fit(np.stack(columns, axis=1), absent)
    return [float(slope) for slope in model.coef_[0]]


@pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)
def test_class_is_three_bits_of_which_a_modality_shows_two(load: Loader) -> None:
    samples = load(n=800, rate=0.0)
    assert np.bincount(samples.targets).tolist() == [100] * 8
    assert samples.target_names[6] == "110"
    bits = {"a": (4, 2), "b": (2, 1), "c": (1, 4)}
    for name, (first, second) in bits.items():
        x = samples.inputs[name]
        assert x.shape == (800, 16)
        assert x.dtype == np.float32
        states = 2 * (samples.targets & first > 0) + (samples.targets & second > 0)
        for target, floor, ceiling in ((states, 0.85, 1), (samples.targets, 0.4, 0.55)):
            accuracy = cross_val_score(LogisticRegression(max_iter=500), x, target, cv=2).mean()
            assert floor < accuracy < ceiling


@given(
    load=st.sampled_from(list(LOADERS.values())),
    seed=st.integers(0, 2**32),
    n=st.integers(8, 300),
    rate=st.floats(0, 0.99),
)
@settings(max_examples=60, deadline=None)
def test_rate_is_exact_and_what_is_absent_is_zeros(
    load: Loader, seed: int, n: int, rate: float
) -> None:
    samples = load(seed=seed, n=n, rate=rate)
    assert sorted(samples.present) == ["b", "c"]
    for name, here in samples.present.items():
        assert (~here).sum() == round(rate * n)
        assert not samples.inputs[name][~here].any()
        assert samples.inputs[name][here].any(axis=1).all()


def test_only_absence_differs_between_mechanisms(hidden: dict[str, npt.NDArray[Any]]) -> None:
    for load in LOADERS.values():
        samples = load(n=MANY)
        assert np.array_equal(samples.inputs["a"], hidden["a"])
        for name, here in samples.present.items():
            assert np.array_equal(samples.inputs[name][here], hidden[name][here])


def test_completely_at_random_depends_on_nothing(hidden: dict[str, npt.NDArray[Any]]) -> None:
    samples = missing.load_mcar(n=MANY)
    absent = {name: ~here for name, here in samples.present.items()}
    for name, lost in absent.items():
        found = slopes(lost, hidden["a"][:, 0], hidden[name][:, 0])
        assert found == pytest.approx([0, 0], abs=0.06)
        counts = [np.bincount(samples.targets[lost]), np.bincount(samples.targets[~lost])]
        assert chi2_contingency(counts).pvalue > 0.001
    both = np.mean(absent["b"] & absent["c"])
    assert both == pytest.approx(0.3**2, abs=0.01)


def test_at_random_depends_on_what_is_seen_alone(hidden: dict[str, npt.NDArray[Any]]) -> None:
    samples = missing.load_mar(n=MANY)
    for name, here in samples.present.items():
        assert slopes(~here, hidden["a"][:, 0])[0] == pytest.approx(3, rel=0.05)
        others = [hidden[name][:, 0], hidden[name][:, 1], hidden["a"][:, 1]]
        assert slopes(~here, hidden["a"][:, 0], *others)[1:] == pytest.approx([0] * 3, abs=0.1)
    absent = [~here for here in samples.present.values()]
    assert np.mean(absent[0] & absent[1]) > 0.15  # one cause takes both


def test_not_at_random_depends_on_what_is_lost(hidden: dict[str, npt.NDArray[Any]]) -> None:
    samples = missing.load_mnar(n=MANY)
    for name, here in samples.present.items():
        assert slopes(~here, hidden[name][:, 0])[0] == pytest.approx(3, rel=0.05)
        others = [hidden["a"][:, 0], hidden["a"][:, 1]]
        assert slopes(~here, hidden[name][:, 0], *others)[1:] == pytest.approx([0] * 2, abs=0.1)
        # Values that were kept are lower than those that were lost.
        assert hidden[name][here, 0].mean() + 0.5 * hidden[name][:, 0].std() < (
            hidden[name][~here, 0].mean()
        )


def test_seed_decides() -> None:
    first, again, other = (missing.load_mnar(seed=seed, n=100) for seed in (1, 1, 2))
    assert np.array_equal(first.present["b"], again.present["b"])
    assert np.array_equal(first.inputs["c"], again.inputs["c"])
    assert not np.array_equal(first.inputs["a"], other.inputs["a"])


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_a_rate_out_of_range_is_refused(rate: float) -> None:
    with pytest.raises(BadParameter, match=rf"rate in \[0, 1\). Found {rate}"):
        missing.load_mar(rate=rate)
