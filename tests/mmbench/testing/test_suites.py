"""What the kit says of suites, sound and unsound."""

from __future__ import annotations

import pytest

from mmbench.registrations import Suite
from mmbench.testing import check


def suite(**changes):
    given = {
        "title": "Digits",
        "text": "Digits, seen three ways.",
        "datasets": {"mfeat": ("fou=mlp[layers=1]",)},
        "fusions": ("gated",),
        "weightings": ("equal",),
        "metrics": {"classification": ("accuracy", "log_loss")},
        "summary": "Digits.",
    }
    return Suite("digits", **{**given, **changes})


def by_name(entry):
    return {result.property: result for result in check(entry)}


def test_a_sound_suite_keeps_to_all_properties():
    found = by_name(suite())
    assert {result.status for result in found.values()} == {"passed"}
    assert set(found) >= {"summary is one line", "what it names is registered", "it becomes jobs"}
    # gated, concat, late_transformer, the prior, the A/A arm; single and shuffled modalities, three
    # each; concat with unimodal losses.
    assert found["it becomes jobs"].message.startswith("12 jobs a seed on mfeat")


@pytest.mark.parametrize(
    ("changes", "broken", "message"),
    [
        ({"text": " "}, "it says what the setting is", "Expected a title and a text"),
        ({"fusions": ("gatd",)}, "what it names is registered", "Did you mean 'gated'"),
        ({"weightings": ("eqal",)}, "what it names is registered", "Did you mean 'equal'"),
        ({"datasets": {"mfet": ()}}, "what it names is registered", "Did you mean 'mfeat'"),
        (
            {"datasets": {"mfeat": ("fou=conv2d",)}},
            "what it names is registered",
            "an encoder that takes tabular for 'fou=conv2d' of dataset 'mfeat'",
        ),
        (
            {"metrics": {"classification": ("acuracy",)}},
            "its metrics are those of its tasks",
            "Expected metrics of classification: accuracy, ",
        ),
        (
            {"metrics": {"regression": ("r2",)}},
            "its metrics are those of its tasks",
            "Expected metrics of classification",
        ),
    ],
)
def test_each_property_can_fail(changes, broken, message):
    result = by_name(suite(**changes))[broken]
    assert result.status == "failed"
    assert message in result.message


@pytest.mark.parametrize("task", ["multilabel", "regression", "retrieval"])
def test_metrics_of_other_tasks_are_known(task):
    datasets = {
        "multilabel": ("movies_genres", "map"),
        "regression": ("movies_meter", "rmse"),
        "retrieval": ("coco_captions", "r_at_10"),
    }
    dataset, metric = datasets[task]
    found = by_name(suite(datasets={dataset: ()}, metrics={task: (metric,)}))
    assert found["its metrics are those of its tasks"].status == "passed"


def test_a_suite_with_nothing_here_is_not_planned(monkeypatch):
    monkeypatch.delenv("MMBENCH_DATA", raising=False)
    found = by_name(suite(datasets={"coco_captions": ()}, metrics={}))
    assert found["it becomes jobs"].status == "skipped"
    assert found["what it names is registered"].status == "passed"
