from __future__ import annotations

import numpy as np
import pytest

from mmbench.artifacts import Text
from mmbench_reports.curves import mean_curve, section


def test_the_mean_ends_where_the_first_seed_ends():
    assert mean_curve([[1.0, 2.0, 3.0], [3.0, 4.0]]).tolist() == [2.0, 3.0]


def test_a_handful_of_methods_is_named(make):
    (plot,) = section(make(datasets=2, failures=0))
    for ax in plot.figure.axes:
        names = [text.get_text() for text in ax.texts]
        assert len(names) == len(set(names)) == 5
        assert "concat" in names
        assert sum(name.startswith("unimodal:") for name in names) == 1


def test_lines_are_the_mean_curves(make):
    frame = make(datasets=1, failures=0, weightings=False)
    (plot,) = section(frame)
    (ax,) = plot.figure.axes
    drawn = {text.get_text(): line for text, line in zip(ax.texts, ax.lines, strict=True)}
    curves = frame[frame["fusion"] == "concat"]["curve_validation_score"]
    assert np.allclose(drawn["concat"].get_ydata(), mean_curve(list(curves)))


@pytest.mark.parametrize("change", ["without", "empty"])
def test_no_curves(make, change):
    frame = make(datasets=1)
    frame = (
        frame.drop(columns="curve_validation_score")
        if change == "without"
        else frame.assign(curve_validation_score=[[] for _ in range(len(frame))])
    )
    (text,) = section(frame)
    assert isinstance(text, Text)
