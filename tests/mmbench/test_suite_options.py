"""Which jobs a suite becomes, and what of it the user overrides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmbench.errors import UnknownName, UsageError
from mmbench.jobs import Job
from mmbench.options import read_options
from mmbench.registrations import Dataset, Suite
from mmbench.registry import Registry
from mmbench.suite import plan
from mmbench.suite_options import left_out

Build = Callable[..., Registry]
ON_DISK = Dataset(
    "far",
    "toy.data:far",
    task="regression",
    modalities={"table": "tabular"},
    layout="far.csv",
    source="far.example",
    embedded=False,
)


def planned(registry: Registry, **given: Any) -> list[Job]:
    return plan(read_options(None, {"seeds": 1, "suite": "office", **given}), registry, "cpu")


def suite(**changes: Any) -> Suite:
    given = {"title": "The office", "text": "Notes.", "datasets": {"facts": ()}, **changes}
    return Suite("office", **given)


def with_far(build: Build, registry: Registry, datasets: dict[str, tuple[str, ...]]) -> Registry:
    both = [ON_DISK, *registry.datasets.values()]
    return build(datasets=both, suites=[suite(datasets=datasets, fusions=("extra",))])


def test_a_suite_is_its_fusions_and_weightings_and_the_controls(registry: Registry) -> None:
    # remote has three modalities: extra, join, prior, three of single and of mixed, and the A/A arm under
    # joint are 10, and the default fusion under `learned` is 1. facts has two: 8 and 1.
    found = planned(registry)
    assert Counter(str(job.dataset) for job in found) == {"remote": 11, "facts": 9}
    assert str(found[0].dataset) == "remote"
    crossed = [
        (job.fusion_name, str(job.weighting)) for job in found if "uni" in job.objective.terms
    ]
    assert crossed == [("join", "learned"), ("join", "learned")]
    assert {job.fusion_name for job in found} >= {"extra", "join:again", "prior", "single:note"}


def test_an_empty_choice_is_all_there_is(build: Build) -> None:
    found = planned(build(suites=[suite()]))
    alone = plan(read_options(None, {"all": True, "seeds": 1}), build(), "cpu")
    assert [job.key for job in found] == [job.key for job in alone]


def test_encoders_are_the_users_else_the_suites_else_the_default(registry: Registry) -> None:
    first = planned(registry, datasets=["remote"], fusions=["extra"])[0]
    encoders = {name: str(pick) for name, pick in first.encoders.items()}
    assert encoders == {"left": "wide", "note": "reader", "right": "dense"}
    first = planned(registry, datasets=["remote"], encoders=["note=wide[size=2]"])[0]
    assert str(first.encoders["note"]) == "wide[size=2]"
    assert str(first.encoders["left"]) == "wide"


@pytest.mark.parametrize(
    ("given", "fusions", "weightings"),
    [
        ({"fusions": ["join"]}, {"join"}, {"learned"}),
        ({"weightings": ["plain"]}, {"extra"}, {"plain"}),
        ({"all": True}, {"extra", "join", "mixed", "prior", "single"}, {"learned", "plain"}),
    ],
)
def test_what_is_given_wins(
    registry: Registry, given: dict[str, Any], fusions: set[str], weightings: set[str]
) -> None:
    found = planned(registry, **given, controls=False)
    assert {job.fusion.name for job in found if job.objective.terms == "joint"} == fusions
    crossed = [job for job in found if job.objective.terms == "joint+uni"]
    assert {job.weighting.name for job in crossed} == weightings


def test_seeds_epochs_and_the_grid_are_the_users(registry: Registry) -> None:
    found = planned(registry, seeds=2, epochs=3, grid=True, controls=False, datasets=["facts"])
    assert {job.budget.epochs for job in found} == {3}
    arms = Counter((job.fusion_name, job.objective.terms, str(job.weighting)) for job in found)
    assert arms == {
        ("extra", "joint+uni", "plain"): 2,
        ("extra", "joint+uni", "learned"): 2,
        ("extra", "joint", "plain"): 2,
    }


def test_a_job_in_a_suite_is_the_same_job_outside(registry: Registry) -> None:
    inside = planned(registry, datasets=["remote"], controls=False)[0]
    given = {"datasets": ["remote"], "fusions": ["extra"], "encoders": ["left=wide", "note=reader"]}
    [outside] = planned(registry, **given, suite=None)
    assert inside.key == outside.key
    assert (inside.columns()["suite"], outside.columns()["suite"]) == ("office", "")


def test_a_dataset_is_chosen_among_the_suites(registry: Registry) -> None:
    found = planned(registry, datasets=["remote[modalities=right+left]"])
    assert {str(job.dataset) for job in found} == {"remote[modalities=left+right]"}
    assert str(found[0].encoders["left"]) == "wide"


def test_another_dataset_is_refused(build: Build) -> None:
    with pytest.raises(UsageError, match=r"suite 'office': facts\. Found remote\. Choose among"):
        planned(build(suites=[suite()]), datasets=["remote"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"datasets": {"factz": ()}}, r"dataset 'factz'\. Did you mean 'facts'"),
        ({"datasets": {"facts": ("tabel=dense",)}}, r"'tabel'\. Did you mean 'table'"),
        ({"datasets": {"facts": ("table=dens",)}}, r"encoder 'dens'\. Did you mean 'dense'"),
        ({"fusions": ("jion",)}, r"fusion 'jion'\. Did you mean 'join'"),
        ({"weightings": ("plian",)}, r"weighting 'plian'\. Did you mean 'plain'"),
    ],
)
def test_a_name_that_is_not_registered_is_an_error(
    build: Build, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnknownName, match=message):
        planned(build(suites=[suite(**changes)]))


def test_an_unknown_suite_gets_the_nearest(registry: Registry) -> None:
    with pytest.raises(UnknownName, match=r"Unknown suite 'ofice'\. Did you mean 'office'"):
        planned(registry, suite="ofice")


def test_what_is_not_on_disk_is_left_out(
    build: Build, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MMBENCH_DATA", raising=False)
    both = with_far(build, registry, {"far": (), "facts": ()})
    options = read_options(None, {"suite": "office"})
    assert {str(job.dataset) for job in planned(both)} == {"facts"}
    [(name, reason)] = left_out(options, both).items()
    assert name == "far"
    for part in ("MMBENCH_DATA is not set to a folder", "it needs far.csv", "source: far.example"):
        assert part in reason
    monkeypatch.setenv("MMBENCH_DATA", str(tmp_path))
    assert f"nothing is at {tmp_path / 'far'}" in left_out(options, both)["far"]
    (tmp_path / "far").mkdir()
    assert left_out(options, both) == {}
    assert {str(job.dataset) for job in planned(both)} == {"far", "facts"}


def test_what_the_user_chose_is_not_left_out_but_an_error(
    build: Build, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MMBENCH_DATA", raising=False)
    both = with_far(build, registry, {"far": (), "facts": ()})
    assert left_out(read_options(None, {"suite": "office", "datasets": ["far"]}), both) == {}
    with pytest.raises(UsageError, match="where dataset 'far' lies"):
        planned(both, datasets=["far"])
    found = planned(both, datasets=[f"far[root={tmp_path}]"])
    assert {job.dataset.params["root"] for job in found} == {str(tmp_path)}


def test_a_suite_with_nothing_left_says_how_to_get_it(
    build: Build, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MMBENCH_DATA", raising=False)
    with pytest.raises(UsageError, match=r"Found none:\n  far: MMBENCH_DATA is not set.*far\.csv"):
        planned(with_far(build, registry, {"far": ()}))
