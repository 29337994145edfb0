"""Records as a run would leave them, made up from known effects."""

from __future__ import annotations

import copy
import functools
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

DATASETS = {
    # name: metric, greater is better, level of the best modality, what fusing adds
    "mfeat": ("accuracy", True, 0.94, 0.03),
    "emoji": ("accuracy", True, 0.71, 0.08),
    "seizure-windows": ("accuracy", True, 0.83, 0.0),
    "newsgroups_pairs": ("accuracy", True, 0.62, -0.04),
    "autompg": ("rmse", False, 3.10, 0.25),
    "yeast": ("f1_macro", True, 0.44, 0.015),
}
MODALITIES = ("audio", "image", "text")
FUSIONS = {
    # name: role, quality, parameters, milliseconds
    "concat": ("default", 0.0, 41_000, 0.21),
    "late_transformer": ("control", 0.2, 310_000, 0.95),
    "mean": ("", -0.5, 12_000, 0.12),
    "max": ("", -0.7, 12_000, 0.12),
    "gated": ("", 0.4, 64_000, 0.26),
    "film": ("", 0.1, 52_000, 0.25),
    "low_rank_tensor": ("", 0.3, 88_000, 0.31),
    "tensor_fusion": ("", 0.5, 2_400_000, 0.75),
    "bilinear": ("", -0.1, 1_100_000, 0.5),
    "cross_attention": ("", 0.6, 420_000, 1.4),
    "multimodal_transformer": ("", 0.9, 1_300_000, 3.9),
    "bottleneck": ("", 0.7, 650_000, 2.2),
    "perceiver": ("", 0.2, 800_000, 2.9),
    "mixture_of_experts": ("", 0.35, 230_000, 0.6),
    "late_mean": ("", -0.3, 9_000, 0.1),
    "weighted_vote": ("", -0.2, 9_100, 0.11),
}


def _arms() -> dict[str, tuple[str, float, int, float]]:
    arms = dict(FUSIONS)
    arms["concat:again"] = ("again", 0.0, 41_000, 0.21)
    arms["prior"] = ("prior", -9.0, 10, 0.02)
    for rank, modality in enumerate(MODALITIES):
        arms[f"unimodal:{modality}"] = ("unimodal", -1.0 - rank, 15_000, 0.11 + 0.01 * rank)
        arms[f"shuffled:{modality}"] = ("shuffled", -0.4 - 0.6 * rank, 41_000, 0.21)
    return arms


def _row(
    dataset: str, fusion: str, seed: int, weighting: str, rng: np.random.Generator
) -> dict[str, Any]:
    metric, greater, level, gain = DATASETS[dataset]
    role, quality, params, milliseconds = _arms()[fusion]
    sign = 1.0 if greater else -1.0
    spread = 0.006 if greater else 0.05
    effect = gain * (1 + 0.3 * quality) if role not in ("unimodal", "prior") else 0.0
    effect -= {"prior": 0.45 * level, "unimodal": -spread * 3 * (quality + 1)}.get(role, 0.0)
    effect += {"shuffled": 0.8 * gain * quality}.get(role, 0.0)
    score = level + sign * (effect + spread * rng.normal())
    epochs = int(rng.integers(9, 16))
    rise = 1 - np.exp(-np.arange(1, epochs + 1) / 3)
    curve = score * rise + rng.normal(0, spread / 2, epochs) if greater else score / rise
    return {
        "job": f"{rng.integers(2**60):016x}",
        "dataset": dataset,
        "modalities": "+".join(MODALITIES),
        "encoders": ",".join(f"{name}=auto" for name in MODALITIES),
        "fusion": fusion,
        "fusion_role": role,
        "objective": "joint" if weighting == "equal" else "joint+uni",
        "weighting": weighting.removeprefix("uni:"),
        "weighting_role": "default" if weighting.endswith("equal") else "",
        "seed": seed,
        "budget": "quick",
        "device": "cpu",
        "status": "ok",
        "phase": "done",
        "error": None,
        "task": "classification" if greater else "regression",
        "split_hash": f"{zlib.crc32(f'{dataset} {seed}'.encode()):08x}",
        "primary_metric": metric,
        "greater_is_better": greater,
        "score": score,
        "validation_score": score + sign * spread * rng.normal(),
        "params": params,
        "train_seconds": params / 40_000 + rng.uniform(1, 2),
        "epochs_run": epochs,
        "n_train": 1200,
        "n_validation": 400,
        "n_test": 400,
        "curve_validation_score": [float(value) for value in curve],
        "latency_b1_median_ms": milliseconds * rng.uniform(0.97, 1.03),
        "latency_b1_p90_ms": milliseconds * 1.2,
        "latency_b1_samples": 60,
        "latency_b64_median_ms": milliseconds * 7,
        "throughput_b64": 64_000 / (milliseconds * 7),
        "latency_peak_memory_mb": 3 + params / 250_000,
        "torch_version": "2.9.0",
        "mmbench_version": "0.1.0",
        "started_at": f"2025-11-25T04:{seed:02d}:00.000+00:00",
        **_joint_loss(dataset, fusion, seed, weighting, score, epochs),
    }


def _joint_loss(
    dataset: str, fusion: str, seed: int, weighting: str, score: float, epochs: int
) -> dict[str, Any]:
    """What a record holds of the terms of the loss and of each modality."""
    rng = np.random.default_rng(zlib.crc32(f"{dataset} {fusion} {seed} {weighting}".encode()))
    single = fusion.partition(":")[2] if fusion.startswith("unimodal") else ""
    names = [single] if single else [*MODALITIES] if fusion != "prior" else []
    terms = ["joint"] + ([f"uni:{name}" for name in names] if weighting != "equal" else [])
    still = weighting in ("equal", "uni:equal")
    found: dict[str, Any] = {
        "sampler": "uniform",
        "trial_scores": [score],
        "backward_passes": 1.0,
        "batch_seconds": rng.uniform(0.003, 0.004),
    }
    for term in terms:
        found[f"curve_weight_{term}"] = [1.0] * epochs if still else list(rng.random(epochs))
    for name in names:
        found[f"probe_{name}"] = score + 0.01 * rng.normal()
        if not single:
            found[f"only_{name}"] = score + 0.01 * rng.normal()
        if len(terms) > 1:
            found[f"head_{name}"] = score + 0.01 * rng.normal()
            cosines = [rng.uniform(-1, 1) if epoch % 3 == 0 else None for epoch in range(epochs)]
            found[f"curve_conflict_{name}: joint | uni:{name}"] = cosines
    return found


def make_records(
    datasets: int = 6, seeds: int = 3, failures: int = 7, weightings: bool = True, seed: int = 0
) -> pd.DataFrame:
    """Records of a whole run, the last `failures` of a seeded shuffle of which have failed."""
    rng = np.random.default_rng(seed)
    names = list(DATASETS)[:datasets]
    rows = [
        _row(dataset, fusion, number, "equal", rng)
        for dataset in names
        for fusion in _arms()
        for number in range(seeds)
    ]
    if weightings:
        rows += [
            _row(dataset, fusion, number, weighting, rng)
            for dataset in names[:2]
            for fusion in ("concat", "gated")
            for weighting in ("uni:equal", "uncertainty", "gradient_blending", "ogm_ge")
            for number in range(seeds)
        ]
    for index in rng.permutation(len(rows))[:failures]:
        rows[index] |= {
            "status": "failed",
            "phase": "train",
            "error": "NonFiniteError: Expected a finite loss. Found nan in epoch 3 | trial 0.",
            **dict.fromkeys(("score", "validation_score", "latency_b1_median_ms", "params")),
            "curve_validation_score": None,
        }
    frame = pd.DataFrame(rows)
    frame.attrs["run"] = {
        "command": "mmbench run --all --budget quick",
        "mmbench": "0.1.0",
        "python": "3.11.9",
        "torch": "2.9.0",
        "cpu": "AMD EPYC 7B13",
        "threads": 2,
        "plugins": [
            {"name": "mmbench_fusions", "distribution": "mmbench", "version": "0.1.0", "error": ""},
            {
                "name": "acme_gated",
                "distribution": "acme",
                "version": "3.0",
                "error": "ImportError: no <b>torchx</b>",
            },
        ],
    }
    return frame


@pytest.fixture(scope="session")
def records() -> pd.DataFrame:
    return make_records()


@pytest.fixture(scope="session")
def make() -> Callable[..., pd.DataFrame]:
    """`make_records`, which each test may change its own copy of."""
    made = functools.lru_cache(make_records)
    return lambda **options: copy.deepcopy(made(**options))


@pytest.fixture(scope="session")
def runs() -> Callable[..., pd.DataFrame]:
    """Records of one arm on the dataset `pairs`, a row a score; a None score is a failed job."""

    def make_runs(scores: list[float | None], **columns: Any) -> pd.DataFrame:
        fixed = {
            "dataset": "pairs",
            "fusion": "add",
            "fusion_role": "default",
            "objective": "joint",
            "weighting": "sum",
            "seed": range(len(scores)),
            "status": ["failed" if score is None else "ok" for score in scores],
            "greater_is_better": True,
            "primary_metric": "accuracy",
            "score": np.array(scores, dtype=float),
            "validation_score": np.array(scores, dtype=float),
            "n_train": 300,
            "n_test": 100,
        }
        frame = pd.DataFrame(fixed | columns)
        role = (frame["weighting"] == "sum").map({True: "default", False: ""})
        return frame.assign(weighting_role=role)

    return make_runs


@pytest.fixture(scope="session")
def half_width() -> Callable[[list[float]], float]:
    """Half of the interval of three differences, with an overlap of 1/3."""
    return lambda values: 4.302652729911275 * float(np.std(values, ddof=1)) * np.sqrt(2 / 3)


@pytest.fixture
def two_by_three(runs: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """Two fusions under three weightings; `mul` is shown to gain by `clever`, and fails under `wild`."""
    uni = {"objective": "joint+uni"}
    mul = {"fusion": "mul", "fusion_role": ""}
    return pd.concat(
        [
            runs([0.50, 0.60, 0.55]),
            runs([0.40, 0.50, 0.45], fusion="alone:text", fusion_role="unimodal"),
            runs([0.50, 0.60, 0.55], **uni),
            runs([0.55, 0.52, 0.58], weighting="clever", **uni),
            runs([0.61, None, 0.55], weighting="wild", **uni),
            runs([0.52, 0.62, 0.57], **uni, **mul),
            runs([0.57, 0.68, 0.62], weighting="clever", **uni, **mul),
            runs([None, None, None], weighting="wild", **uni, **mul),
        ],
        ignore_index=True,
    )
