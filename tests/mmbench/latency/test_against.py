from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from mmbench.latency.against import (
    FASTER,
    NO_DIFFERENCE,
    SLOWER,
    busy,
    compared,
    other_circumstances,
)
from mmbench.latency.rows import framed

CELL = {
    "dataset": "one", "fusion_role": "", "batch": 1, "device": "cpu", "precision": "float32",
    "mode": "eager", "threads": 1, "status": "ok",
}  # fmt: skip


def row(fusion: str, median: float, half: float = 0.01, floor: Any = 0.01, **more: Any) -> Any:
    ends = {"median_low_ms": median - half, "median_high_ms": median + half}
    times = {"median_ms": median, **ends, "noise_floor": floor, "reference_ms": 1.0}
    return {**CELL, "fusion": fusion, **times, **more}


def change(now: Any, before: Any) -> pd.Series:
    return compared(framed([now]), framed([before])).iloc[0]


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (row("a", 1.2), row("a", 1.0), SLOWER),
        (row("a", 0.8), row("a", 1.0), FASTER),
        (row("a", 1.2, half=0.3), row("a", 1.0), NO_DIFFERENCE),
        (row("a", 1.2, floor=0.15), row("a", 1.0, floor=0.1), NO_DIFFERENCE),
        (row("a", 1.2), row("a", 1.0, floor=0.2), NO_DIFFERENCE),
        (row("a", 1.2, reference_ms=1.25), row("a", 1.0), NO_DIFFERENCE),
        (row("a", 1.2, floor=None), row("a", 1.0), NO_DIFFERENCE),
    ],
)
def test_a_change_is_beyond_interval_and_noise(now: Any, before: Any, expected: str) -> None:
    assert change(now, before)["change"] == expected


def test_the_ratio_has_an_interval_and_the_noise_adds_up() -> None:
    found = change(row("a", 1.2, reference_ms=0.9), row("a", 1.0, half=0.02, floor=0.02))
    assert found["ratio"] == pytest.approx(1.2)
    assert found["ratio_low"] == pytest.approx(1.19 / 1.02)
    assert found["ratio_high"] == pytest.approx(1.21 / 0.98)
    assert found["noise"] == pytest.approx(0.01 + 0.02 + 0.1)


def test_only_what_was_measured_twice_in_the_same_way_is_compared() -> None:
    before = [row("a", 1.0), row("b", 1.0, batch=8), row("c", 1.0, status="failed"), row("d", 1.0)]
    now = [row("a", 1.0), row("b", 1.0), row("c", 1.0), row("d", 1.0, status="failed")]
    found = compared(framed(now), framed(before))
    assert list(found["fusion"]) == ["a"]


def manifest(load: Any = (0.1, 0.1, 0.1), **changed: Any) -> Any:
    machine = {"cpu": "one", "torch": "2.6", "threads": 1, "usable_cores": 2, **changed}
    return {"machine": machine, "load_average": load}


def test_other_circumstances_are_named() -> None:
    assert other_circumstances(manifest(), manifest()) == []
    found = other_circumstances(manifest(torch="2.7", threads=2), manifest(load=(4.2, 1, 1)))
    assert found == [
        "torch: 2.6 before, 2.7 now",
        "threads: 1 before, 2 now",
        "the machine was busy: load 4.2 on 2 cores before",
    ]
    assert busy(manifest(load=None)) == busy(manifest(load=[1.9])) == []
