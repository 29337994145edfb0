from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from torch.utils.flop_counter import FlopCounterMode

from growth import points, training
from growth.points import Point, measured
from growth.report import laws, least, section
from growth.training import trainings

ROOT = Path(__file__).parents[2]
PLANTED = """
import torch
from torch import nn

import mmbench


class Pairs(nn.Module):
    def __init__(self, dims, out_dim):
        super().__init__()
        self.leave = nn.Linear(sum(dims.values()) // len(dims), out_dim)

    def forward(self, tokens, masks):
        x = torch.cat([tokens[name] for name in sorted(tokens)], dim=1)
        return self.leave(((x @ x.mT).softmax(dim=-1) @ x).mean(dim=1))


@mmbench.hookimpl
def mmbench_fusions():
    return [mmbench.Fusion("pairs", Pairs, level="tokens")]
"""


def test_what_looks_at_all_pairs_of_tokens_is_found_to_be_quadratic(install, monkeypatch):
    """By a clock that counts operations, so that it is the same on any machine."""
    install("pairs", PLANTED)
    with FlopCounterMode(display=False) as counter:
        clock = SimpleNamespace(process_time=counter.get_total_flops)
        monkeypatch.setattr(training, "time", clock)
        found = measured(trainings({"tokens": (8, 16, 32, 64, 128)}, ("pairs", "concat")), 1)
    exponents = laws(least(found)).set_index("series")["exponent"]
    assert exponents["pairs"] == pytest.approx(2, abs=0.1)
    assert exponents["concat"] == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(
    ("axis", "few", "many", "least_ratio", "most_ratio"),
    [("samples", 512, 1024, 1.5, 2.0), ("lanes", 2, 8, 3.5, 4.5), ("classes", 4, 8, 1.0, 1.01)],
)
def test_memory_grows_with_what_a_training_holds(axis, few, many, least_ratio, most_ratio):
    found = measured(trainings({axis: (few, many)}, ("concat",), count=True), 1)
    first, second = found["value"]
    assert least_ratio <= second / first <= most_ratio


def test_points_are_measured_in_turns_and_long_ones_once(monkeypatch):
    now, order = [0.0], []

    def taking(name: str, seconds: float) -> Point:
        def take() -> dict[str, float]:
            order.append(name)
            now[0] += seconds
            return {"seconds": seconds, "megabytes": 1.0}

        return Point("jobs", name, 1, take)

    monkeypatch.setattr(points, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    found = measured([taking("short", 0.1), taking("long", points.LONG), taking("other", 0.2)], 3)
    assert order == ["short", "short", "long", "other", *["short", "other"] * 2]
    assert len(found) == 2 * (len(order) - 1)
    assert found[found["series"] == "short"]["turn"].tolist() == [0, 0, 1, 1, 2, 2]


def measurements() -> pd.DataFrame:
    planted = {"concat": 1.0, "early_transformer": 2.0}
    rows = [
        ("tokens", series, size, turn, quantity, 1e-3 * (1 + turn) * size**exponent)
        for quantity in ("train_seconds", "train_megabytes", "inference_seconds")
        for series, exponent in planted.items()
        for size in (2, 4, 8, 16, 32)
        for turn in (1, 0)
    ]
    return pd.DataFrame(rows, columns=["axis", "series", "size", "turn", "quantity", "value"])


def test_the_page_says_the_exponents_and_the_least_of_the_turns():
    found = section(measurements())
    plots, tables = found[::2], found[1::2]
    assert [of.name for of in plots] == [of.name for of in tables]
    texts = [text.get_text() for text in plots[0].figure.axes[0].texts]
    assert texts == ["concat n^1.00", "early_transformer n^2.00"]
    shown = tables[0].shown
    assert shown["exponent"].tolist() == ["+1.000", "+2.000"]
    assert shown["at the smallest"].tolist() == ["2.00", "4.00"]
    assert shown["unit"].unique().tolist() == ["ms an epoch"]


def test_nothing_is_drawn_where_memory_grew_too_little_to_be_seen():
    unseen = measurements().assign(value=lambda rows: rows["value"] * (rows["series"] == "concat"))
    assert laws(least(unseen))["series"].unique().tolist() == ["concat"]


def test_a_quick_run_writes_every_measurement_the_machine_and_the_page(tmp_path):
    results, report = tmp_path / "results", tmp_path / "report"
    command = [sys.executable, "-m", "growth", "--quick", "--results", results, "--report", report]
    path = os.pathsep.join([str(ROOT / "scripts"), os.environ.get("PYTHONPATH", "")])
    subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True, cwd=tmp_path)
    found = pd.read_csv(results / "growth.csv")
    assert found["value"].gt(0).all()
    by_quantity = found.groupby("quantity")
    assert by_quantity["axis"].unique().map(set).to_dict() == {
        "inference_seconds": {"modalities", "tokens"},
        "megabytes": {"jobs"},
        "seconds": {"jobs"},
        "train_megabytes": {"classes", "lanes", "modalities", "samples", "tokens"},
        "train_seconds": {"classes", "lanes", "modalities", "samples", "tokens"},
    }
    assert by_quantity["turn"].nunique()["train_megabytes"] == 1
    run = json.loads((results / "run.json").read_text())
    assert run["machine"]["threads"] == 1
    assert "--quick" in run["command"]
    page = (report / "index.html").read_text("utf-8")
    assert "How time and memory grow" in page
    assert "could not be made" not in page
    tables = {path.stem for path in (report / "tables").glob("*.md")}
    assert tables == {"growth_time", "growth_memory", "growth_inference"}
