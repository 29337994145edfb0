from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import mmbench
from mmbench import worker
from mmbench.data.split import make_split
from mmbench.jobs import Objective, Pick
from mmbench.training.tuning import tune

FIELDS = {
    "job": str,
    "dataset": str,
    "modalities": str,
    "encoders": str,
    "fusion": str,
    "fusion_role": str,
    "objective": str,
    "alignment": str,
    "lambdas": str,
    "weighting": str,
    "weighting_role": str,
    "sampler": str,
    "sampler_role": str,
    "match_params": str,
    "seed": int,
    "budget": str,
    "device": str,
    "precision": str,
    "mode": str,
    "spec": str,
    "started_at": str,
    "mmbench_version": str,
    "torch_version": str,
    "python_version": str,
    "schema": int,
    "task": str,
    "primary_metric": str,
    "greater_is_better": bool,
    "split_hash": str,
    "n_train": int,
    "n_validation": int,
    "n_test": int,
    "train_seconds": float,
    "data_seconds": float,
    "evaluate_seconds": float,
    "model": str,
    "params": int,
    "validation_score": float,
    "epochs_run": int,
    "hyperparameters": str,
    "trial_scores": list,
    "trial_hyperparameters": list,
    "curve_train_loss": list,
    "curve_validation_loss": list,
    "curve_validation_score": list,
    "curve_term_joint": list,
    "lanes": int,
    "suite": str,
    "backward_passes": float,
    "batch_seconds": float,
    **{
        f"{what}_{name}": float
        for what in ("without", "only", "probe")
        for name in ("left", "right")
    },
    "score": float,
    "metric_accuracy": float,
    "metric_macro_f1": float,
    "metric_balanced_accuracy": float,
    "metric_log_loss": float,
    "metric_calibration_error": float,
    "status": str,
    "phase": str,
    "error": str,
    "traceback": str,
}
NOT_REPEATED = (
    *("started_at", "data_seconds", "train_seconds", "evaluate_seconds"),
    *("batch_seconds", "peak_memory_mb"),
)


class Fusion(nn.Module):
    """A fusion to break."""

    def __init__(self, dims, out_dim):
        super().__init__()
        self.body = nn.Linear(sum(dims.values()), out_dim)

    def forward(self, features):
        return self.body(torch.cat(list(features.values()), dim=1))


class NotBuilt(Fusion):
    def __init__(self, dims, out_dim):
        raise ValueError("no such width")


class NotRun(Fusion):
    def forward(self, features):
        raise ZeroDivisionError("in forward")


class NotANumber(Fusion):
    def forward(self, features):
        return super().forward(features) * float("nan")


class WrongShape(Fusion):
    def forward(self, features):
        return super().forward(features)[:, :-1]


class WrongType(Fusion):
    def forward(self, features):
        return list(super().forward(features))


class ForgetsTests(Fusion):
    """Fails on the part it has not seen in training: the third that it meets without gradients."""

    def forward(self, features):
        fused = super().forward(features)
        return fused / 0 if torch.is_inference_mode_enabled() and len(fused) == 17 else fused


def test_a_record_has_every_field(bench):
    record = bench.run(bench.job(fusion_role="control"))
    assert record["status"] == "ok", record["traceback"]
    for name, kind in FIELDS.items():
        assert isinstance(record[name], kind), name
    assert record["peak_memory_mb"] is None or record["peak_memory_mb"] > 0
    assert set(record) == {*FIELDS, "peak_memory_mb"}
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_a_record_says_what_the_job_gave(bench):
    trials = replace(bench.job().budget, trials=3)
    record = bench.run(bench.job(budget=trials, objective=Objective("joint+uni")))
    assert record["score"] == record["metric_accuracy"]
    assert (record["n_train"], record["n_validation"], record["n_test"]) == (48, 16, 16)
    assert record["split_hash"] == make_split(bench.samples, 0, 10**6, stratify=True).hash
    assert record["params"] == 2 * (4 * 64 + 64) + (128 * 64 + 64) + 3 * (64 * 2 + 2)
    assert len(record["trial_scores"]) == len(record["trial_hyperparameters"]) == 3
    best = int(np.argmax(record["trial_scores"]))
    assert record["validation_score"] == max(record["trial_scores"])
    assert record["hyperparameters"] == record["trial_hyperparameters"][best]
    assert record["epochs_run"] == len(record["curve_train_loss"])
    assert len(record["curve_term_uni:left"]) == record["epochs_run"]
    assert (record["phase"], record["error"], record["traceback"]) == ("done", "", "")


def test_progress_goes_through_the_phases(bench):
    seen = []
    bench.run(report=lambda phase, done: seen.append((phase, done)))
    assert list(dict.fromkeys(phase for phase, _ in seen)) == [
        "load",
        "data",
        "build",
        "train",
        "evaluate",
    ]
    assert [done for phase, done in seen if phase == "train"] == [0, 0.25, 0.5, 0.75, 1]


def test_two_runs_agree(bench):
    one = bench.run()
    torch.rand(11)
    two = bench.run()
    for name in set(one) - set(NOT_REPEATED):
        expected = one[name] if isinstance(one[name], str) else pytest.approx(one[name], abs=1e-6)
        assert two[name] == expected, name


def test_methods_and_their_second_entry_share_the_split(bench):
    bench.put(mmbench.Fusion("other", Fusion))
    records = [
        bench.run(job)
        for job in (bench.job(), bench.job("other"), bench.job(again=True), bench.job(seed=1))
    ]
    hashes = [record["split_hash"] for record in records]
    assert hashes[0] == hashes[1] == hashes[2] != hashes[3]
    assert records[0]["curve_train_loss"] != records[2]["curve_train_loss"]


@pytest.mark.parametrize(
    ("fusion", "phase", "message"),
    [
        (NotBuilt, "build", "ValueError: no such width"),
        (NotRun, "train", "ZeroDivisionError: in forward"),
        (NotANumber, "train", "NonFiniteError: .*joint = nan in epoch 1"),
        (WrongShape, "train", r"PluginError: .*return shape .*Found \(\d+, 63\)"),
        (WrongType, "train", "PluginError: .*to return a Tensor .* Found list"),
        (ForgetsTests, "evaluate", "NonFiniteError: .*on the test part"),
    ],
)
def test_a_fusion_that_fails_becomes_a_record_with_its_phase(
    bench, two_views, fusion, phase, message
):
    bench.samples = two_views(85)  # 51, 17 and 17 samples
    if fusion is ForgetsTests:
        split = np.repeat(["train", "validation", "test"], [52, 16, 17])
        bench.samples = replace(bench.samples, split=split)
    bench.put(mmbench.Fusion("broken", fusion))
    record = bench.run(bench.job("broken"))
    assert (record["status"], record["phase"]) == ("failed", phase)
    assert re.match(message, record["error"], re.DOTALL)
    assert record["traceback"].rstrip().endswith(record["error"])
    assert record["fusion"] == "broken"
    assert record["n_test"] == 17
    assert "score" not in record
    json.dumps(record, allow_nan=False)


def test_a_dataset_that_fails_becomes_a_record_with_its_phase(bench):
    def broken():
        raise OSError("no such archive")

    bench.put(
        mmbench.Dataset("broken", broken, task="classification", modalities={"left": "tabular"}),
        mmbench.Dataset("odd", dict, task="classification", modalities={"left": "tabular"}),
        mmbench.Dataset(
            "poor", lambda: bench.samples, task="classification", modalities={"third": "image"}
        ),
    )
    expected = {
        "broken": "OSError: no such archive",
        "odd": "DataError: .*to give mmbench.Samples. Found dict",
        "poor": "DataError: .*Found no third",
        "viewz": "UnknownName: Unknown dataset 'viewz'. Did you mean 'views'",
    }
    for name, message in expected.items():
        record = bench.run(bench.job(dataset=Pick(name)))
        assert (record["status"], record["phase"]) == ("failed", "data")
        assert re.match(message, record["error"])
        assert record["dataset"] == name


def test_a_registry_that_fails_becomes_a_record_with_its_phase(bench, monkeypatch):
    def broken():
        raise RuntimeError("no entry points")

    monkeypatch.setattr(worker, "load_registry", broken)
    record = bench.run()
    assert (record["phase"], record["error"]) == ("load", "RuntimeError: no entry points")


@pytest.mark.parametrize(
    ("task", "targets", "metric"),
    [
        ("multilabel", lambda y: np.stack([y, 1 - y], axis=1), "map"),
        ("regression", lambda y: 100 + 7.0 * y, "r2"),
        ("retrieval", lambda y: np.arange(len(y)), "mrr"),
    ],
)
def test_every_task_gives_a_record(bench, task, targets, metric):
    bench.task = task
    bench.samples = mmbench.Samples(bench.samples.inputs, targets(bench.samples.targets))
    record = bench.run()
    assert record["status"] == "ok", record["traceback"]
    assert (record["task"], record["primary_metric"]) == (task, metric)
    assert record["score"] == record[f"metric_{metric}"]
    json.dumps(record, allow_nan=False)


def test_what_tuning_is_given_does_not_lead_to_the_test_part(bench, monkeypatch, reachable):
    given = {}

    def spy(recipe, data, on_progress):
        given["to tuning"] = (recipe, data, on_progress)
        return tune(recipe, data, on_progress)

    monkeypatch.setattr(worker, "tune", spy)
    rng = np.random.default_rng(0)
    present = {"left": rng.random(80) > 0.2}
    bench.samples = replace(bench.samples, present=present)
    record = bench.run()
    assert record["status"] == "ok", record["traceback"]

    samples, test = bench.samples, worker.open_vault(bench.job()).seal().open()
    hidden = [*samples.inputs.values(), samples.targets, *samples.present.values()]
    hidden += [*test.inputs.values(), *test.present.values(), test.targets]
    everything = reachable(*given["to tuning"])
    found = [x for x in everything if isinstance(x, torch.Tensor | np.ndarray)]
    assert any(x is given["to tuning"][1].train.inputs["left"] for x in found)
    assert not any(leaks(x, secret) for x in found for secret in hidden)
    assert not any(isinstance(x, mmbench.Samples | worker.Vault) for x in everything)


def leaks(found, secret):
    """Whether `found` shares memory with `secret` or holds the same values."""
    found, secret = np.asarray(found), np.asarray(secret)
    same = found.shape == secret.shape and found.dtype.kind == secret.dtype.kind == "f"
    return np.shares_memory(found, secret) or (same and np.array_equal(found, secret))


def test_the_walk_would_find_what_is_hidden(bench, reachable):
    """The control of the test above: through the vault, both are reached."""
    vault = worker.open_vault(bench.job())
    test = vault.seal().open()
    assert any(x is test.inputs["left"] for x in reachable(lambda: vault))
    assert any(x is bench.samples.targets for x in reachable(bench.registry))


def test_garbage_in_the_test_part_changes_the_score_and_nothing_else(bench):
    trials = replace(bench.job().budget, trials=2)
    clean = bench.run(bench.job(budget=trials))
    test = make_split(bench.samples, 0, 10**6, stratify=True).test
    inputs = {name: values.copy() for name, values in bench.samples.inputs.items()}
    for values in inputs.values():
        values[test] = -100 * values[test]
    bench.samples = mmbench.Samples(inputs, bench.samples.targets)
    poison = bench.run(bench.job(budget=trials))
    assert poison["score"] < clean["score"]
    for name in set(clean) - set(NOT_REPEATED) - {"score"}:
        of_test = name.startswith(("metric_", "without_", "only_", "probe_"))
        assert of_test or poison[name] == clean[name], name


class Prior(nn.Module):
    def __init__(self, dims, out_dim):
        super().__init__()
        self.register_buffer("scores", torch.zeros(out_dim))

    def forward(self, batch_size):
        return self.scores.expand(batch_size, -1)


def test_retrieval_has_a_prior_too(bench):
    bench.samples = replace(bench.samples, targets=np.arange(len(bench.samples)))
    bench.task = "retrieval"
    bench.put(mmbench.Fusion("prior", Prior, level="none"))
    job = bench.job("prior", modalities=("right",), encoders={"right": Pick("linear")})
    record = bench.run(job)
    assert (record["status"], record["error"]) == ("ok", "")
    assert record["metric_r_at_1"] <= 0.1


def test_no_batch_is_left_with_one_sample(bench):
    class Normed(nn.Sequential):
        def __init__(self, dims, out_dim):
            super().__init__(nn.Linear(sum(dims.values()), out_dim), nn.BatchNorm1d(out_dim))

        def forward(self, features):
            return super().forward(torch.cat(list(features.values()), dim=1))

    bench.put(mmbench.Fusion("normed", Normed))
    budget = replace(bench.job().budget, batch_size=bench.run()["n_train"] - 1)
    assert bench.run(bench.job("normed", budget=budget))["status"] == "ok"
