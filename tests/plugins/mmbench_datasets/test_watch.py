from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from mmbench.data.samples import Samples
from mmbench_datasets import watch
from mmbench_datasets.files import DATA


@pytest.fixture(scope="module")
def samples() -> Samples:
    return watch.load()


def _features(*streams: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Mean, spread, extremes and the spread of the steps of each channel: (N, 5 C)."""
    x = np.concatenate(streams, axis=2)
    steps = np.diff(x, axis=1).std(axis=1)
    return np.concatenate([x.mean(1), x.std(1), x.min(1), x.max(1), steps], axis=1)


def test_shapes_counts_and_groups(samples: Samples) -> None:
    for stream in ("accelerometer", "gyroscope"):
        values = samples.inputs[stream]
        assert values.shape == (4677, 100, 3)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
    assert np.bincount(samples.targets).tolist() == [502, 770, 780, 718, 723, 583, 601]
    assert samples.target_names == ("PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW")
    assert np.array_equal(np.unique(samples.groups), np.arange(1, 11))


def test_every_subject_did_every_exercise(samples: Samples) -> None:
    pairs = np.unique(np.stack([samples.groups, samples.targets]), axis=1)
    assert pairs.shape == (2, 70)


def test_windows_tile_each_recording_and_never_cross_one(samples: Samples) -> None:
    with np.load(DATA / "watch.npz", allow_pickle=False) as archive:
        steps, lengths = archive["X"].astype(np.float32), archive["n"]
        exercises, subjects = archive["y"], archive["s"]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    window = 0
    for recording, length in enumerate(lengths):
        for start in range(0, length - 100 + 1, 50):
            where = starts[recording] + start
            assert samples.targets[window] == exercises[recording]
            assert samples.groups is not None
            assert samples.groups[window] == subjects[recording]
            found = np.concatenate(
                [samples.inputs["accelerometer"][window], samples.inputs["gyroscope"][window]], 1
            )
            assert np.array_equal(found, steps[where : where + 100])
            window += 1
    assert window == len(samples)


@pytest.mark.parametrize(
    ("streams", "published"),
    [
        (("accelerometer",), 0.809),
        (("gyroscope",), 0.682),
        (("accelerometer", "gyroscope"), 0.838),
    ],
)
def test_streams_reach_the_published_figures_on_unseen_subjects(
    samples: Samples, probe: Callable[..., float], streams: tuple[str, ...], published: float
) -> None:
    features = _features(*(samples.inputs[stream] for stream in streams))
    accuracy = probe(samples, features, strength=0.03)
    assert accuracy == pytest.approx(published, abs=0.05)
