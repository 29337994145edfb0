from __future__ import annotations

import pandas as pd

from mmbench.reporting.comparisons import prepared
from mmbench_reports.arms import PAIR, arms, beside, focus, modality_of, named, said, uniform


def together(*frames: pd.DataFrame) -> pd.DataFrame:
    return prepared(pd.concat(frames, ignore_index=True))


def test_arms_are_the_fusions_in_the_main_setting_under_every_objective(runs):
    frame = together(
        runs([0.5, 0.6], fusion_role="control"),
        runs([0.5], fusion="alone:text", fusion_role="unimodal"),
        runs([0.7], objective="joint+uni", weighting="clever"),
        runs([0.9], objective="joint+uni", weighting="clever", budget="full"),
    )
    rows = arms(frame)
    assert rows["score"].tolist() == [0.5, 0.6, 0.7]
    assert rows["main"].tolist() == [True, True, False]
    assert rows["default"].tolist() == [True, True, False]
    assert set(rows["main_terms"]) == {"joint"}


def test_a_weighting_is_not_the_default_for_being_the_main_one(runs):
    rows = arms(together(runs([0.5, 0.6], weighting="clever"), runs([0.5], weighting="wild")))
    assert rows["main"].tolist() == [True, True, False]
    assert not rows["default"].any()


def test_objectives_in_words():
    terms = pd.DataFrame(
        {
            "objective": ["joint", "joint+uni+align", "joint+uni"],
            "alignment": ["", "infonce", ""],
            "lambdas": ["", "", "text=2"],
        }
    )
    assert said(terms).tolist() == ["joint", "joint+uni+align, infonce", "joint+uni, text=2"]


def test_short_names_leave_out_the_usual_objective(runs):
    rows = arms(
        together(
            runs([0.5]),
            *(runs([0.5], objective="joint+uni", weighting=name) for name in ("sum", "clever")),
            runs([0.5], objective="joint+uni+align", alignment="mmd", weighting="clever"),
        )
    )
    assert named(rows).tolist() == ["sum, joint", "sum", "clever", "clever, mmd"]


def test_beside_joins_what_finished(runs):
    first = prepared(runs([0.1, 0.2, 0.3]))
    second = prepared(runs([0.5, None]))
    joined = beside(first, second, PAIR, "score", "other")
    assert joined["other"].fillna(-1).tolist() == [0.5, -1, -1]


def test_uniform_prefers_what_has_no_table_of_coefficients(runs):
    rows = arms(together(runs([0.5], lambdas="text=2"), runs([0.6]), runs([0.7], weighting="w")))
    assert uniform(rows)["lambdas"].tolist() == ["", "text=2"]


def test_the_focus_is_the_default_fusion_or_the_one_with_the_most_arms(runs):
    def tried(fusion: str, role: str, weightings: list[str]) -> list[pd.DataFrame]:
        return [runs([0.5], fusion=fusion, fusion_role=role, weighting=w) for w in weightings]

    both = together(*tried("a", "", ["sum", "x", "y"]), *tried("b", "default", ["sum", "x"]))
    assert set(focus(arms(both))["fusion"]) == {"b"}
    one = together(*tried("a", "", ["sum", "x", "y"]), *tried("b", "default", ["sum"]))
    assert set(focus(arms(one))["fusion"]) == {"a"}


def test_the_modality_that_an_arm_names():
    names = modality_of(pd.Series(["unimodal:image[k=1]", "unimodal:text", "odd"]))
    assert names.tolist() == ["image", "text", "odd"]
