"""Properties of report sections."""

from __future__ import annotations

import pandas as pd

from mmbench.artifacts import Plot, Table, Text
from mmbench.latency.rows import framed
from mmbench.registrations import Report
from mmbench.testing.results import expect

__all__ = ["PROPERTIES"]


def it_has_a_title(report: Report) -> str:
    """The section has a heading."""
    expect(bool(report.title.strip()), "a title", "none", "Pass `title=`.")
    return report.title


def records_become_artifacts(report: Report) -> str:
    """Of records with a failure among them come Text, Table and Plot, and the records stay as they were."""
    records = _records(report)
    before = records.copy(deep=True)
    artifacts = report.load()(records)
    strange = [type(a).__name__ for a in artifacts if not isinstance(a, Text | Table | Plot)]
    expect(
        isinstance(artifacts, list) and not strange,
        "a list of mmbench.Text, mmbench.Table and mmbench.Plot",
        ", ".join(strange) or type(artifacts).__name__,
        "Return a list of them.",
    )
    expect(
        records.equals(before),
        "the records to stay as they were",
        "changes",
        "Work on a copy: every section is given the same frame.",
    )
    return ", ".join(type(artifact).__name__ for artifact in artifacts) or "nothing to show"


def failures_alone_become_artifacts(report: Report) -> str:
    """Where every job failed the section still comes."""
    records = _records(report)
    failed = records.assign(status="failed", phase="train", error="no luck", score=float("nan"))
    return f"{len(report.load()(failed))} artifacts"


def _records(report: Report) -> pd.DataFrame:
    return _jobs() if report.records == "jobs" else _latencies()


def _latencies() -> pd.DataFrame:
    """Two fusions and the A/A arm at two batch sizes; one has failed, and one stands for few samples."""
    rows = [
        {
            "dataset": "one",
            "fusion": fusion,
            "batch": batch,
            "status": "ok",
            "error": "",
            **_LATENCY,
        }
        for batch in (1, 8)
        for fusion in ("joined", "joined:again", "other")
    ]
    rows[0] |= {"p99_ms": None, "p99_low_ms": None, "p99_high_ms": None}
    rows[-1] |= {"status": "failed", "error": "no luck", "median_ms": None}
    return framed(rows)


def _jobs() -> pd.DataFrame:
    """Two datasets, the controls and one fusion, three seeds; one job has failed."""
    arms = {"guess": "prior", "alone:a": "unimodal", "alone:b": "unimodal"}
    arms |= {"joined": "default", "joined:again": "again", "other": ""}
    rows = [
        _row(dataset, fusion, role, seed)
        for dataset in ("one", "two")
        for fusion, role in arms.items()
        for seed in range(3)
    ]
    rows[-1] |= {"status": "failed", "phase": "train", "error": "no luck", "score": None}
    records = pd.DataFrame(rows)
    records.attrs["run"] = {"command": "mmbench run", "plugins": []}
    return records


def _row(dataset: str, fusion: str, role: str, seed: int) -> dict[str, object]:
    score = 0.5 + 0.01 * seed + 0.001 * len(fusion)
    return {
        "job": f"{dataset}-{fusion}-{seed}",
        "dataset": dataset,
        "modalities": "a+b",
        "encoders": "a=auto,b=auto",
        "fusion": fusion,
        "fusion_role": role,
        "objective": "joint",
        "weighting": "plain",
        "seed": seed,
        "budget": "quick",
        "device": "cpu",
        "status": "ok",
        "phase": "done",
        "error": "",
        "task": "classification",
        "split_hash": f"{dataset}{seed}",
        "primary_metric": "accuracy",
        "greater_is_better": True,
        "score": score,
        "validation_score": score,
        "params": 100,
        "train_seconds": 1.0,
        "epochs_run": 2,
        "n_train": 60,
        "n_validation": 20,
        "n_test": 20,
        "curve_validation_score": [score - 0.1, score],
        "latency_b1_median_ms": 0.2,
        "latency_b1_p90_ms": 0.3,
        "latency_b1_samples": 50,
        "latency_b64_median_ms": 2.0,
        "throughput_b64": 32_000.0,
        "latency_peak_memory_mb": 1.0,
        "torch_version": "2.6.0",
        "mmbench_version": "0.1.0",
        "started_at": "2026-01-01T00:00:00.000+00:00",
    }


_LATENCY = {
    **{"fusion_role": "", "device": "cpu", "precision": "float32", "mode": "eager", "threads": 1},
    **{"samples": 400, "throughput": 5000.0, "noise_floor": 0.01, "first_result_ms": 3.0},
    **{f"{name}_ms": 0.2 for name in ("median", "p90", "p99")},
    **{f"{name}_low_ms": 0.19 for name in ("median", "p90", "p99")},
    **{f"{name}_high_ms": 0.21 for name in ("median", "p90", "p99")},
    **{f"{part}_ms": 0.05 for part in ("encoder", "fusion", "head", "rest")},
    **{"params": 100, "flops": 1000, "uncounted": {"relu": 1}, "peak_memory_mb": 0.1},
}

PROPERTIES = (it_has_a_title, records_become_artifacts, failures_alone_become_artifacts)
