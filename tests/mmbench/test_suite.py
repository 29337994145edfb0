from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mmbench import fingerprint, jobs
from mmbench.budgets import BUDGETS
from mmbench.errors import BadParameter, DuplicateName, UnknownName, UsageError
from mmbench.jobs import Job
from mmbench.options import read_options
from mmbench.registrations import Dataset, Encoder, Fusion
from mmbench.registry import Registry
from mmbench.suite import plan

Build = Callable[..., Registry]


def planned(registry: Registry, **given: Any) -> list[Job]:
    return plan(read_options(None, {"seeds": 1, **given}), registry, "cpu")


def arms(found: list[Job]) -> list[tuple[str, str, str]]:
    return [(job.fusion_name, str(job.objective), str(job.weighting)) for job in found]


def test_nothing_chosen_is_an_error(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"Pass --all, or choose with -f FUSION"):
        planned(registry)


def test_a_run_is_the_product_of_what_is_chosen(registry: Registry) -> None:
    found = planned(
        registry,
        datasets=["facts", "remote"],
        fusions=["join", "extra"],
        weightings=["plain", "learned"],
        seeds=3,
    )
    assert len(found) == 2 * 2 * 2 * 3
    assert len({job.key for job in found}) == len(found)
    assert Counter(str(job.dataset) for job in found) == {"facts": 12, "remote": 12}
    assert {job.seed for job in found} == {0, 1, 2}
    assert not any(job.again for job in found)


def test_jobs_come_by_dataset_then_by_seed(registry: Registry) -> None:
    found = planned(registry, datasets=["remote", "facts"], fusions=["join", "extra"], seeds=2)
    assert [(str(job.dataset), job.seed) for job in found] == [
        ("remote", 0),
        ("remote", 0),
        ("remote", 1),
        ("remote", 1),
        ("facts", 0),
        ("facts", 0),
        ("facts", 1),
        ("facts", 1),
    ]


def test_what_is_not_said_is_the_default_and_the_embedded_datasets(registry: Registry) -> None:
    [job] = planned(registry, fusions=["extra"])
    assert (str(job.dataset), str(job.weighting)) == ("facts", "plain")
    [job] = planned(registry, datasets=["remote"])
    assert job.fusion_name == "join"


def test_a_fusion_with_arms_has_one_per_modality(registry: Registry) -> None:
    found = planned(registry, datasets=["remote"], fusions=["single", "mixed:l*", "prior"])
    assert [(job.fusion_name, job.modalities) for job in found] == [
        ("single:left", ("left",)),
        ("single:note", ("note",)),
        ("single:right", ("right",)),
        ("mixed:left", ("left", "note", "right")),
        ("prior", ()),
    ]
    assert [sorted(job.encoders) for job in found] == [list(job.modalities) for job in found]


def test_a_modality_that_no_chosen_dataset_has_is_an_error(registry: Registry) -> None:
    with pytest.raises(UsageError, match="at least one combination"):
        planned(registry, datasets=["facts"], fusions=["single:left"])
    found = planned(registry, datasets=["facts", "remote"], fusions=["single:left"])
    assert [str(job.dataset) for job in found] == ["remote"]


def test_all_counts_worked_out_by_hand(registry: Registry) -> None:
    # facts has two modalities: join, prior, extra, two of single and two of mixed are 7 arms under
    # joint; the default fusion under two weightings with joint+uni are 2; the A/A arm is 1.
    found = planned(registry, all=True)
    assert {str(job.dataset) for job in found} == {"facts"}
    assert len(found) == 7 + 2 + 1
    assert Counter(str(job.objective) for job in found) == {"joint": 8, "joint+uni": 2}
    assert arms([job for job in found if job.again]) == [("join:again", "joint", "plain")]
    assert ("join", "joint+uni", "learned") in arms(found)
    assert len(planned(registry, all=True, seeds=3)) == 30
    assert len(planned(registry, all=True, controls=False)) == 9


def test_all_on_named_datasets_covers_them_whether_embedded_or_not(registry: Registry) -> None:
    # remote has three modalities: 1 + 1 + 1 + 3 + 3 arms, 2 weightings, 1 again.
    assert len(planned(registry, all=True, datasets=["remote"])) == 9 + 2 + 1


def test_the_grid_is_the_full_product_and_the_controls(registry: Registry) -> None:
    # 7 arms by 2 weightings with joint+uni, and what they are compared to: 7 with joint, and the A/A arm.
    found = planned(registry, all=True, grid=True)
    assert Counter(str(job.objective) for job in found) == {"joint+uni": 14, "joint": 8}
    assert len(planned(registry, all=True, grid=True, controls=False)) == 21


def test_a_grid_of_named_methods_holds_the_default_weighting_and_the_controls(
    registry: Registry,
) -> None:
    found = planned(registry, fusions=["extra"], weightings=["learned"], grid=True)
    crossed = [job for job in found if str(job.objective) == "joint+uni"]
    assert arms(crossed) == [("extra", "joint+uni", "plain"), ("extra", "joint+uni", "learned")]
    assert ("extra", "joint", "plain") in arms(found)
    assert ("single:note", "joint", "plain") in arms(found)
    assert [job.fusion_name for job in found if job.again] == ["join:again"]


def test_several_alignments_and_samplers_are_crossed(registry: Registry) -> None:
    given = {"datasets": ["facts"], "alignments": ["*"], "samplers": ["whole", "half"]}
    found = planned(registry, **given)
    assert {str(job.objective) for job in found} == {"joint+uni+align"}
    pairs = [(str(job.objective.alignment), str(job.sampler)) for job in found]
    alignments = list(registry.alignments)
    assert pairs == [(a, s) for a in alignments for s in ("whole", "half")]


def test_controls_are_every_fusion_with_a_role_and_the_default_again(registry: Registry) -> None:
    found = planned(registry, fusions=["extra"], controls=True)
    assert [job.fusion_name for job in found] == [
        "extra",
        "join",
        "mixed:note",
        "mixed:table",
        "prior",
        "single:note",
        "single:table",
        "join:again",
    ]
    assert {str(job.objective) for job in found} == {"joint"}


def test_the_a_a_arm_shares_data_but_not_the_training_seed(registry: Registry) -> None:
    found = planned(registry, datasets=["facts"], controls=True)
    [one] = [job for job in found if job.fusion_name == "join"]
    [again] = [job for job in found if job.again]
    assert replace(again, again=False, fusion_role=one.fusion_role).key == one.key
    assert (again.fusion_role, one.fusion_role) == ("again", "default")
    assert again.training_seed != one.training_seed


@pytest.mark.parametrize(
    ("given", "terms"),
    [
        ({"fusions": ["join"]}, "joint"),
        ({"weightings": ["plain"]}, "joint+uni"),
        ({"fusions": ["join"], "lambdas": {"note": 2}}, "joint+uni"),
        ({"fusions": ["join"], "ws": {"note->table": 2}}, "joint+uni+align"),
        (
            {"fusions": ["join"], "ws": {"table->note": 2}, "lambdas": {"joint": 1}},
            "joint+uni+align",
        ),
        ({"weightings": ["plain"], "objective": "joint"}, "joint"),
        ({"fusions": ["join"], "objective": "joint+uni+align"}, "joint+uni+align"),
    ],
)
def test_the_objective_follows_from_what_is_asked_for(
    registry: Registry, given: dict[str, Any], terms: str
) -> None:
    [job] = planned(registry, **given)
    assert str(job.objective) == terms
    expected = "pull" if "align" in terms else ""
    assert str(job.objective.alignment or "") == expected


def test_an_alignment_can_be_chosen(registry: Registry) -> None:
    given = {"fusions": ["join"], "objective": "joint+uni+align"}
    [job] = planned(registry, **given, alignments=["push"])
    assert str(job.objective.alignment) == "push"
    with pytest.raises(UnknownName, match=r"Unknown alignment 'pus'\. Did you mean 'push'"):
        planned(registry, **given, alignments=["pus"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lambdas": {"tabel": 1}}, "'tabel'. Did you mean 'table'"),
        ({"lambdas": {"left": 1}}, "'left'"),
        ({"ws": {"note-table": 1}}, "'note-table'. Did you mean 'note->table'"),
        ({"ws": {"note->note": 1}}, "'note->note'"),
        ({"ws": {"joint->note": 1}}, "'joint->note'"),
    ],
)
def test_a_table_names_terms_that_exist(
    registry: Registry, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnknownName, match=f"entry of the tables λ and w: {message}"):
        planned(registry, datasets=["facts"], **given)
    assert planned(registry, datasets=["facts"], lambdas={"joint": 1}, ws={"table->note": 0})


def test_encoders_are_the_users_else_the_datasets_else_the_default(registry: Registry) -> None:
    [job] = planned(registry, datasets=["remote"])
    assert {name: str(pick) for name, pick in job.encoders.items()} == {
        "left": "dense",
        "note": "wide",
        "right": "dense",
    }
    [job] = planned(registry, datasets=["remote"], encoders=["left=wide[size=3]", "note=reader"])
    assert {name: str(pick) for name, pick in job.encoders.items()} == {
        "left": "wide[size=3]",
        "note": "reader",
        "right": "dense",
    }


@pytest.mark.parametrize(
    ("option", "error", "message"),
    [
        (
            "left=reader",
            UsageError,
            r"takes tabular for modality 'left'.*'reader', which takes text",
        ),
        ("left=dens", UnknownName, r"Unknown encoder 'dens'\. Did you mean 'dense'"),
        ("lef=dense", UnknownName, r"modality of the chosen datasets: 'lef'\. Did you mean 'left'"),
        ("left", UsageError, r"Expected `modality=encoder`\. Found 'left'"),
        ("left=wide[size=x]", BadParameter, "expected a whole number"),
    ],
)
def test_an_encoder_that_does_not_fit_is_refused(
    registry: Registry, option: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        planned(registry, datasets=["remote"], encoders=[option])


def test_a_kind_without_an_encoder_says_what_is_missing(build: Build) -> None:
    only = [Encoder("dense", "toy:D", kinds=("tabular",), default_for=("tabular",))]
    with pytest.raises(
        UsageError, match=r"Expected an encoder for text data\. Found none among dense"
    ):
        planned(build(encoders=only), datasets=["facts"])


def test_a_dataset_can_be_cut_to_some_modalities(registry: Registry) -> None:
    [job] = planned(registry, datasets=["remote[modalities=right+left]"])
    assert job.modalities == ("left", "right")
    with pytest.raises(
        UnknownName, match=r"modality of dataset 'remote': 'lft'\. Did you mean 'left'"
    ):
        planned(registry, datasets=["remote[modalities=lft]"])


def test_a_gallery_is_retrieved_not_fused(build: Build) -> None:
    found = Dataset(
        "search",
        "toy.data:search",
        task="retrieval",
        modalities={"a": "tabular", "b": "tabular", "shelf": "text"},
        gallery="shelf",
    )
    picked = planned(build(datasets=[found]), fusions=["single"])
    assert [(job.fusion_name, job.modalities) for job in picked] == [
        ("single:a", ("a", "shelf")),
        ("single:b", ("b", "shelf")),
    ]


def test_the_budget_is_the_named_one_with_what_is_said(registry: Registry) -> None:
    options = {"fusions": ["join"], "budget": "standard", "seeds": None}
    found = planned(registry, **options)
    assert len(found) == BUDGETS["standard"].seeds
    assert found[0].budget == BUDGETS["standard"]
    [job] = planned(registry, **{**options, "seeds": 1}, trials=2, epochs=3)
    assert job.budget == replace(BUDGETS["standard"], trials=2, epochs=3)


def test_search_spaces_count_only_where_they_are_searched(registry: Registry) -> None:
    [once] = planned(registry, fusions=["extra"], trials=1)
    [searched] = planned(registry, fusions=["extra"], trials=2)
    assert once.search == {}
    assert searched.search["fusion.mode"] == "Choice(options=('a', 'b'))"


def test_a_clash_stops_only_who_uses_the_name(build: Build, registry: Registry) -> None:
    twice = [*registry.fusions.values(), Fusion("extra", "other.extra:Extra")]
    clashing = build(fusions=twice)
    assert len(planned(clashing, fusions=["join"], controls=True)) == 7
    for given in ({"fusions": ["extra"]}, {"all": True}):
        with pytest.raises(DuplicateName, match="'extra'"):
            planned(clashing, **given)


def test_an_unreadable_file_fails_its_own_jobs_only(build: Build, registry: Registry) -> None:
    gone = Dataset(
        "gone",
        "toy.data:gone",
        task="classification",
        modalities={"table": "tabular"},
        files={"/no/such/file": "00"},
    )
    both = build(datasets=[gone, registry.datasets["facts"]])
    found = planned(both, fusions=["join"])
    assert [str(job.dataset) for job in found] == ["facts", "gone"]


SOURCES = ("data", "encoders", "wide", "words", "fusions", "extra", "weightings", "alignments")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("__init__", *SOURCES):
        (tmp_path / "toy").mkdir(exist_ok=True)
        (tmp_path / "toy" / f"{name}.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    return tmp_path / "toy"


def forget() -> None:
    for cached in (
        fingerprint.source_hash,
        fingerprint._source,
        fingerprint._path,
        fingerprint._entries,
        fingerprint._locate,
    ):
        cached.cache_clear()


@pytest.mark.parametrize(
    ("module", "used"),
    [
        ("data", True),
        ("encoders", True),
        ("words", True),
        ("fusions", True),
        ("weightings", True),
        ("alignments", True),
        ("extra", False),
        ("wide", False),
        ("__init__", False),
    ],
)
def test_a_key_changes_with_the_sources_it_uses_and_no_others(
    registry: Registry, toy: Path, module: str, used: bool
) -> None:
    given = {"datasets": ["facts"], "objective": "joint+uni+align"}
    [before] = planned(registry, **given)
    (toy / f"{module}.py").write_text("changed = 1\n")
    forget()
    [after] = planned(registry, **given)
    assert (after.key != before.key) == used
    (toy / f"{module}.py").write_text("")
    forget()
    [back] = planned(registry, **given)
    assert back.key == before.key
    forget()


def test_a_key_changes_with_the_data_and_with_nothing_else(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "facts.csv"
    path.write_text("1,2\n")

    def key(**given: Any) -> str:
        dataset = Dataset(
            "facts",
            "toy.data:facts",
            task="classification",
            modalities={"table": "tabular"},
            files={str(path): "ff"},
        )
        [job] = planned(build(datasets=[dataset]), fusions=["join"], **given)
        return job.key

    first = key()
    assert key(timeout=3, jobs=2, fresh=True, latency=False, fail_fast=True, out="x") == first
    path.write_text("1,3\n")
    changed = key()
    assert changed != first
    path.write_text("1,2\n")
    assert key() == first
    monkeypatch.setattr(jobs, "SCHEMA", jobs.SCHEMA + 1)
    assert key() != first
