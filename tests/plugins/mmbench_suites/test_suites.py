"""The first-party suites: whole, as their texts say, and solved as far as they can be."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import mmbench
from mmbench.registry import load_registry
from mmbench.reporting.comparisons import main_rows, prepared
from mmbench.suite_datasets import entries
from mmbench.testing import check
from mmbench_reports.against_prior import against_prior
from mmbench_suites import mmbench_suites

SUITES = {suite.name: suite for suite in mmbench_suites()}


def datasets_of(name):
    registry = load_registry()
    return {pick.name: registry.datasets[pick.name] for pick, _ in entries(SUITES[name], registry)}


def test_there_is_one_for_each_setting():
    assert sorted(SUITES) == [
        "customer-service",
        "driving",
        "interactions",
        "medical",
        "retrieval",
        "sentiment",
    ]


@pytest.mark.parametrize("name", SUITES)
def test_a_suite_keeps_to_the_contract(name):
    failed = [result for result in check(SUITES[name]) if result.status == "failed"]
    assert failed == []


@pytest.mark.parametrize("name", SUITES)
def test_the_text_names_only_data_of_the_suite(name):
    words = set(re.findall(r"`([a-z0-9_]+)`", SUITES[name].text))
    known = set(load_registry().datasets) | set(SUITES[name].datasets)
    assert words & known <= set(SUITES[name].datasets)


def test_a_service_reads_and_hears():
    for encoders in SUITES["customer-service"].datasets.values():
        assert dict(option.split("=") for option in encoders) == {
            "speech": "recurrent",
            "text": "text_transformer",
        }
    for dataset in datasets_of("customer-service").values():
        assert {name: m.kind for name, m in dataset.modalities.items()} == {
            "speech": "audio",
            "text": "text",
        }


def test_cars_see_by_three_sensors():
    assert all(len(dataset.modalities) == 3 for dataset in datasets_of("driving").values())


def test_retrieval_is_all_retrieval_and_medicine_ships_no_data():
    assert {dataset.task for dataset in datasets_of("retrieval").values()} == {"retrieval"}
    assert all(dataset.layout for dataset in datasets_of("medical").values())


def test_every_suite_but_medicine_has_data_that_need_no_disk():
    for name in set(SUITES) - {"medical"}:
        assert any(not dataset.layout for dataset in datasets_of(name).values())


@pytest.mark.slow
def test_synergy_is_solved_by_products_and_attention_and_by_nothing_else(tmp_path):
    records = mmbench.run(
        suite="interactions",
        datasets=["interactions_synergy"],
        fusions=["tensor_fusion", "cross_attention", "late_average", "unimodal", "prior"],
        objective="joint",
        controls=False,
        seeds=1,
        jobs=1,
        latency=False,
        out=tmp_path / "out",
    )
    found = against_prior(main_rows(prepared(records))).set_index("fusion")
    assert found["prior_score"].between(0.2, 0.3).all()
    assert (found.loc[["tensor_fusion", "cross_attention"], "score"] > 0.9).all()
    assert (
        found.loc[["late_average", "unimodal:a", "unimodal:b"], "score"].between(0.15, 0.35).all()
    )


def test_listing_imports_nothing_heavy():
    code = (
        "import sys, mmbench_suites; mmbench_suites.mmbench_suites(); "
        "print([m for m in ('torch', 'numpy', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
