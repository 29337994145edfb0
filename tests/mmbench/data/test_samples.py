from __future__ import annotations

import numpy as np
import pytest

from mmbench import Samples
from mmbench.errors import DataError

ROWS = np.zeros((4, 2))
TARGETS = np.arange(4)


def test_the_length_is_the_number_of_samples():
    assert len(Samples({"a": ROWS, "b": ROWS}, TARGETS)) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": {}}, "at least one modality"),
        ({"inputs": {"a": ROWS, "b": ROWS[:3]}}, r"`inputs\['b'\]` to hold 4 samples.*Found 3"),
        ({"groups": TARGETS[:2]}, "`groups` to hold 4 samples.*Found 2"),
        ({"split": np.array(["train"] * 5)}, "`split` to hold 4 samples.*Found 5"),
        ({"split": np.array(["train", "dev", "test", "test"])}, "Found dev, test, train"),
        ({"lengths": {"a": TARGETS[:1]}}, r"`lengths\['a'\]` to hold 4 samples"),
        ({"lengths": {"c": TARGETS}}, "`lengths` to speak of a. Found 'c'"),
        ({"present": {"a": TARGETS[:1] > 0}}, r"`present\['a'\]` to hold 4 samples"),
        ({"present": {"c": TARGETS > 0}}, "`present` to speak of a. Found 'c'"),
        ({"present": {"a": TARGETS}}, r"`present\['a'\]` to be bool. Found int64"),
        ({"targets": np.array([0.0, 1.0, np.nan, 3.0])}, "finite targets. Found nan at sample 2"),
        ({"targets": np.array([[0.0], [np.inf], [1.0], [1.0]])}, "at sample 1"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes, message):
    with pytest.raises(DataError, match=message):
        Samples(**{"inputs": {"a": ROWS}, "targets": TARGETS, **changes})


def test_everything_at_once_is_accepted():
    samples = Samples(
        {"a": ROWS},
        np.eye(4),
        groups=TARGETS,
        lengths={"a": TARGETS},
        present={"a": TARGETS > 1},
        split=np.array(["train", "train", "validation", "test"]),
    )
    assert len(samples) == 4
