"""The two sections about the rows of `mmbench latency`."""

from __future__ import annotations

import pytest

from mmbench.artifacts import Plot, Table, Text
from mmbench.latency.rows import framed
from mmbench_reports import latency_parts, latency_rounds

QUANTILES = ("median", "p90", "p99")


def row(fusion, milliseconds, **more):
    times = {f"{name}_ms": milliseconds for name in QUANTILES}
    times |= {f"{name}_low_ms": 0.9 * milliseconds for name in QUANTILES}
    times |= {f"{name}_high_ms": 1.1 * milliseconds for name in QUANTILES}
    shares = {"encoder_ms": 0.4, "fusion_ms": 0.3, "head_ms": 0.1, "rest_ms": 0.2}
    cell = {"dataset": "one", "fusion": fusion, "fusion_role": "", "batch": 1, "device": "cpu"}
    return {
        **{**cell, "precision": "float32", "mode": "eager", "threads": 1, "noise_floor": 0.02},
        **{**times, "params": 123_456, "flops": 2_000_000, "uncounted": {"relu": 3, "add": 1}},
        **{"peak_memory_mb": 0.5, "status": "ok", "error": ""},
        **{name: share * milliseconds for name, share in shares.items()},
        **more,
    }


@pytest.fixture
def records():
    rows = [row("slow", 4.0), row("fast", 1.0), row("fast:again", 1.01, fusion_role="again")]
    rows += [
        row("fast", 2.0, batch=8),
        row("broken", float("nan"), status="failed", error="no luck"),
    ]
    return framed(rows)


def test_what_was_measured_in_the_same_rounds_stands_together(records):
    found = latency_rounds.groups(records)
    assert {title: list(group["fusion"]) for title, group in found.items()} == {
        "batch 1, float32, eager, cpu": ["fast", "fast:again", "slow"],
        "batch 8, float32, eager, cpu": ["fast"],
    }


def test_medians_stand_beside_the_noise(records):
    table, plot = latency_rounds.section(records)
    shown = table.shown.set_index(["fusion", "batch"])
    assert shown.loc[("slow", 1), "median ms"] == "4 [3.6, 4.4]"
    assert shown.loc[("slow", 1), "A/A noise"] == "2.0%"
    assert shown.loc[("broken", 1), "problem"] == "no luck"
    first = plot.figure.axes[0]
    assert [tick.get_text() for tick in first.get_yticklabels()] == ["fast", "fast:again", "slow"]
    [band] = [patch for patch in first.patches if patch.get_width() > 0]
    assert (band.get_x(), band.get_width()) == pytest.approx((1.01 * 0.98, 1.01 * 0.04))


def test_parts_are_stacked_to_the_whole(records):
    plot, table = latency_parts.section(records)
    bars = plot.figure.axes[0].patches
    rows = 3
    assert len(bars) == 4 * rows
    ends = [bar.get_x() + bar.get_width() for bar in bars[-rows:]]
    assert ends == pytest.approx([1.0, 1.01, 4.0])
    assert table.frame.loc[0, "not_counted"] == "relu, add"
    assert table.shown.loc[0, "parameters"] == "123 k"


def test_without_measurements_the_sections_say_so(records):
    nothing = records[records["status"] == "failed"].assign(encoder_ms=None)
    assert [type(one) for one in latency_rounds.section(nothing)] == [Table, Text]
    assert [type(one) for one in latency_parts.section(nothing)] == [Text]
    assert [type(one) for one in latency_parts.section(records)] == [Plot, Table]
