"""The setting on records of a run of a suite, and of one that is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmbench import Dataset, Suite
from mmbench.artifacts import Plot, Table, Text
from mmbench.registry import Shelf, load_registry
from mmbench.statistics import mean_interval
from mmbench_reports import setting
from mmbench_reports.setting import section

FAR = Dataset(
    "far",
    "far:read",
    task="regression",
    modalities={"page": "tabular"},
    layout="far.csv",
    source="far.example",
    embedded=False,
)
DESK = Suite(
    "desk",
    title="At the desk",
    text="Digits on forms.",
    datasets={"mfeat": (), "emoji": (), "far": (), "gone": ()},
    metrics={"classification": ("macro_f1", "unknown")},
)


@pytest.fixture
def _desk(monkeypatch):
    """A registry with the suite `desk` and the dataset `far`, which lies on disk."""
    registry = load_registry()
    suites, datasets = Shelf("suite"), Shelf("dataset")
    suites.put(DESK, "test")
    for entry in (*registry.datasets.entries.values(), FAR):
        datasets.put(entry, "test")
    changed = replace(registry, suites=suites, datasets=datasets)
    monkeypatch.setattr(setting, "load_registry", lambda: changed)


@pytest.fixture
def run(make, _desk):
    """Records of the suite on two of its datasets, and one of another."""
    records = make(datasets=3, failures=0, weightings=False)
    records["suite"] = records["dataset"].map({"mfeat": "desk", "emoji": "desk"}).fillna("")
    records["metric_macro_f1"] = records["score"] - 0.1
    records["metric_accuracy"] = records["score"]
    return records


def texts(artifacts):
    return [artifact.text for artifact in artifacts if isinstance(artifact, Text)]


def tables(artifacts):
    return {artifact.name: artifact for artifact in artifacts if isinstance(artifact, Table)}


def test_the_suite_is_named_with_its_text(run):
    assert texts(section(run))[0] == "Suite `desk`. At the desk. Digits on forms."


def test_a_suite_whose_jobs_had_all_run_before_is_known_from_the_last_run(run):
    run["suite"] = ""
    run.attrs["run"] = {"options": {"suite": "desk"}}
    assert texts(section(run))[0].startswith("Suite `desk`. At the desk.")


def test_the_data_have_kinds_encoders_sizes_and_licences(run):
    run["encoders"] = run["encoders"].str.replace("text=auto", "fou=mlp[hidden=8,layers=1]")
    shown = tables(section(run))["setting"].frame.set_index("dataset")
    assert list(shown.index) == ["emoji", "mfeat", "seizure-windows"]
    assert shown.loc["mfeat", "modalities"] == (
        "audio (auto), image (auto), fou (tabular; mlp[hidden=8,layers=1])"
    )
    assert shown.loc["mfeat", ["train", "validation", "test"]].tolist() == [1200, 400, 400]
    assert shown.loc["mfeat", "licence"] == "CC BY 4.0"
    assert shown.loc["seizure-windows", "licence"] == "–"


def test_what_the_run_goes_without_is_said_with_the_reason(run):
    away = tables(section(run))["setting-desk-left-out"].frame
    assert away.to_dict("records") == [
        {
            "dataset": "far",
            "why": "not found on disk",
            "needs": "far.csv",
            "source": "far.example",
        },
        {"dataset": "gone", "why": "not registered here", "needs": "", "source": ""},
    ]
    run.attrs["run"] = {"options": {"suite": "desk", "datasets": ["mfeat", "emoji"]}}
    away = tables(section(run))["setting-desk-left-out"].frame
    assert away["why"].tolist() == ["not chosen", "not registered here"]


def test_a_dataset_has_the_metrics_that_the_suite_names(run):
    found = tables(section(run))
    assert [name for name in found if "left-out" not in name] == [
        "setting",
        "setting-emoji",
        "setting-mfeat",
    ]
    table = found["setting-mfeat"]
    assert table.shown.columns.tolist() == ["method", "macro_f1", "seeds"]
    scores = run[run["dataset"] == "mfeat"].groupby("fusion")["score"].mean()
    shown = [name for name in scores.index if "again" not in name and "shuffled" not in name]
    best = scores[shown].sort_values(ascending=False)
    assert table.frame["fusion"].tolist() == best.index.tolist()
    assert table.frame["macro_f1"].to_numpy() == pytest.approx(best.to_numpy() - 0.1)
    first = run[(run["dataset"] == "mfeat") & (run["fusion"] == best.index[0])]
    half = mean_interval(first["metric_macro_f1"].to_numpy(), 400 / 1200).half_width
    assert table.shown["macro_f1"].iloc[0] == f"{best.iloc[0] - 0.1:.3f} ± {half:.3f}"


def test_a_task_without_named_metrics_shows_all(run, monkeypatch):
    registry = setting.load_registry()
    suites = Shelf("suite")
    suites.put(replace(DESK, metrics={}), "test")
    changed = replace(registry, suites=suites)
    monkeypatch.setattr(setting, "load_registry", lambda: changed)
    shown = tables(section(run))["setting-mfeat"].shown
    assert shown.columns.tolist() == ["method", "macro_f1", "accuracy", "seeds"]


def test_the_picture_has_a_panel_a_dataset_with_the_prior_as_a_line(run):
    [plot] = [artifact for artifact in section(run) if isinstance(artifact, Plot)]
    assert plot.name == "setting-desk"
    drawn = [ax for ax in plot.figure.axes if ax.axison]
    assert [ax.get_title(loc="left").partition(",")[0] for ax in drawn] == ["emoji", "mfeat"]
    prior = run[(run["dataset"] == "emoji") & (run["fusion"] == "prior")]["score"].mean()
    lines = [line.get_xdata()[0] for line in drawn[0].lines]
    assert np.isclose(lines, prior).any()
    assert drawn[0].get_yticklabels()[0].get_text().startswith("unimodal:")
    assert "Shown: the first 14 of 19 methods" in plot.caption


def test_a_run_of_no_suite_shows_its_data_and_no_more(make):
    artifacts = section(make(datasets=1))
    assert texts(artifacts) == ["No suite was named; these are the data of the run."]
    assert set(tables(artifacts)) == {"setting"}
    assert len(artifacts) == 2


def test_a_suite_that_is_not_registered_is_named(make):
    records = make(datasets=1).assign(suite="elsewhere")
    artifacts = section(records)
    assert texts(artifacts)[0].startswith("Suite `elsewhere`, which is not registered here")
    assert set(tables(artifacts)) == {"setting"}


def test_two_suites_on_one_dataset_have_tables_of_their_own(run, monkeypatch):
    registry = setting.load_registry()
    suites = Shelf("suite")
    for entry in (DESK, replace(DESK, name="desk-2")):
        suites.put(entry, "test")
    changed = replace(registry, suites=suites)
    monkeypatch.setattr(setting, "load_registry", lambda: changed)
    run.loc[run["dataset"] == "mfeat", "suite"] = "desk-2"
    assert {"setting-mfeat", "setting-mfeat-2"} <= set(tables(section(run)))


def test_records_of_failures_alone_still_have_their_setting(run):
    failed = run.assign(status="failed", score=None)
    artifacts = section(failed)
    assert not [artifact for artifact in artifacts if isinstance(artifact, Plot)]
    assert "setting" in tables(artifacts)
