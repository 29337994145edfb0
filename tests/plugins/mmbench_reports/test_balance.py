from __future__ import annotations

import pandas as pd
import pytest

from mmbench.artifacts import Plot, Table, Text
from mmbench_reports.balance import section

ALONE, JOINT, UNIFORM = [0.80, 0.82, 0.81], [0.60, 0.63, 0.60], [0.70, 0.72, 0.73]


def records(runs, clever: list[float], joint: list[float] = JOINT) -> pd.DataFrame:
    scores: list[float | None] = [0.9, 0.9, 0.9]
    uni = {"objective": "joint+uni"}
    return pd.concat(
        [
            runs(scores, probe_text=joint),
            runs(scores, fusion="alone:text", fusion_role="unimodal", probe_text=ALONE),
            runs(scores, probe_text=UNIFORM, **uni),
            runs(scores, probe_text=clever, weighting="clever", **uni),
        ],
        ignore_index=True,
    )


def test_the_plot_has_a_row_an_arm_and_fills_what_differs_from_uniform(runs):
    plot = next(a for a in section(records(runs, [0.78, 0.80, 0.80])) if isinstance(a, Plot))
    (ax,) = plot.figure.axes
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "joint loss alone",
        "sum",
        "clever",
    ]
    assert ax.get_title(loc="left") == "text"
    assert "accuracy" in ax.get_xlabel()
    dots = ax.collections[-1]
    assert dots.get_offsets()[:, 0].tolist() == pytest.approx(
        [-0.2, -0.0933333, -0.0166667], abs=1e-6
    )
    edges, faces = dots.get_edgecolors(), dots.get_facecolors()
    assert (edges == faces).all()


def test_without_the_joint_loss_alone_it_says_what_to_run(runs):
    frame = records(runs, UNIFORM)
    text = section(frame[(frame["objective"] != "joint") | (frame["fusion_role"] == "unimodal")])[0]
    assert isinstance(text, Text)
    assert "--grid" in text.text


def test_other_fusions_are_in_the_file_only(make):
    table = section(make(datasets=1, failures=0))[-1]
    assert isinstance(table, Table)
    assert set(table.shown["fusion"]) == {"concat"}
    assert set(table.frame["fusion"]) >= {"concat", "gated"}
    assert set(table.shown["modality"]) == {"audio", "image", "text"}


def test_no_probes(make):
    (text,) = section(make(datasets=1).filter(regex="^(?!probe_)"))
    assert isinstance(text, Text)
