from __future__ import annotations

import json
import pickle
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench import jobs
from mmbench.budgets import BUDGETS
from mmbench.jobs import Job, Objective, Pick, digest

JOB = Job(
    dataset=Pick("facts"),
    modalities=("note", "table"),
    encoders={"note": Pick("reader"), "table": Pick("dense", {"dropout": 0.5})},
    fusion=Pick("join"),
    objective=Objective("joint+uni+align", Pick("pull"), {"note": 1.0}, {"note->table": 2.0}),
    weighting=Pick("plain"),
    seed=0,
    budget=BUDGETS["quick"],
    sources={"toy.fusions": "1f"},
    data="2e",
    search={"lr": "Float(0, 1)"},
)
OBJECTIVE = JOB.objective
CHANGES: list[dict[str, Any]] = [
    {"dataset": Pick("facts", {"size": 3})},
    {"modalities": ("note",)},
    {"encoders": {"note": Pick("reader"), "table": Pick("dense")}},
    {"fusion": Pick("join", {"size": 3})},
    {"fusion": Pick("join", {}, "note")},
    {"objective": replace(OBJECTIVE, terms="joint+uni")},
    {"objective": replace(OBJECTIVE, alignment=Pick("push"))},
    {"objective": replace(OBJECTIVE, lambdas={"note": 1.5})},
    {"objective": replace(OBJECTIVE, ws={})},
    {"weighting": Pick("learned")},
    {"sampler": Pick("half")},
    {"seed": 1},
    {"device": "cuda"},
    {"precision": "bfloat16"},
    {"mode": "compiled"},
    {"again": True},
    {"sources": {"toy.fusions": "2f"}},
    {"sources": {"toy.fusions": "1f", "toy.more": "1f"}},
    {"data": "3e"},
    {"match_params": "join"},
    {"search": {"lr": "Float(0, 2)"}},
    *(
        {"budget": replace(BUDGETS["quick"], **{name: 99})}
        for name in ("trials", "epochs", "patience", "batch_size", "max_train")
    ),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_the_key_changes_with_every_part_of_the_specification(change: dict[str, Any]) -> None:
    assert replace(JOB, **change).key != JOB.key


def test_every_field_but_the_roles_and_the_suite_is_part_of_the_key() -> None:
    changed = {name for change in CHANGES for name in change}
    # The reference is named by `match_params`, and its sources are among the job's.
    left = {field.name for field in fields(Job)} - changed - {"reference"}
    assert left == {"fusion_role", "sampler_role", "suite", "weighting_role"}
    assert replace(JOB, **dict.fromkeys(left, "control")).key == JOB.key


def test_the_key_changes_with_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    key = replace(JOB).key
    monkeypatch.setattr(jobs, "SCHEMA", jobs.SCHEMA + 1)
    assert replace(JOB).key != key


def test_the_key_ignores_how_many_seeds_run_and_the_order_of_tables() -> None:
    assert replace(JOB, budget=replace(JOB.budget, seeds=99)).key == JOB.key
    turned = dict(reversed(list(JOB.encoders.items())))
    assert replace(JOB, encoders=turned).key == JOB.key


def test_the_key_survives_a_pickle() -> None:
    assert digest(pickle.loads(pickle.dumps(JOB)).spec()) == JOB.key


def test_columns_are_json_and_hold_the_specification() -> None:
    columns = json.loads(json.dumps(JOB.columns()))
    assert columns["job"] == JOB.key
    assert digest(json.loads(columns["spec"])) == JOB.key
    assert columns["encoders"] == "note=reader,table=dense[dropout=0.5]"
    assert (columns["modalities"], columns["fusion"]) == ("note+table", "join")


def test_the_second_entry_of_the_a_a_arm_differs_in_name_and_training_seed_only() -> None:
    again = replace(JOB, again=True)
    assert again.fusion_name == "join:again"
    assert again.seed == JOB.seed == JOB.training_seed
    assert again.training_seed != JOB.seed
    assert again.training_seed == replace(JOB, again=True).training_seed
    assert replace(again, seed=1).training_seed != again.training_seed


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(JSON, JSON)
def test_a_digest_is_short_and_tells_values_apart(one: Any, other: Any) -> None:
    assert len(digest(one)) == 16
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest(one) == digest(other)) == same
