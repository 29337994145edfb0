"""How fast jobs train, as ratios to loops that a user would write, in one process on one thread.

Seconds are of the processor, so that other work on the machine matters less. A run has a worker per core,
and each of them has this speed; a user's loop is one process.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from mmbench.jobs import Job
from mmbench.options import read_options
from mmbench.registry import load_registry
from mmbench.suite import plan
from mmbench.training.lanes import fit_lanes
from mmbench.training.trials import Trial
from mmbench.worker import open_vault, recipe_for

SPEC = importlib.util.spec_from_file_location(
    "reference_loop", Path(__file__).with_name("reference_loop.py")
)
reference_loop = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(reference_loop)

EPOCHS = 2
LANES = 10
HYPER = {"lr": 3e-3, "weight_decay": 1e-2}
AT_LEAST = {"concat": 1.4, "late_transformer": 1.15, "bottleneck": 1.25, "cross_attention": 1.7}
"""Trainings in lanes for one by a DataLoader: three quarters of what was measured, 2026 on a Xeon."""

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def job_of(fusion: str) -> Job:
    given = {"fusions": [fusion], "datasets": ["mfeat"], "seeds": 1, "device": "cpu"}
    [job] = plan(read_options(None, given), load_registry(), "cpu")
    return replace(job, budget=replace(job.budget, epochs=EPOCHS))


def trial(job: Job, seed: int = 0) -> Trial:
    seeded = replace(job, seed=seed)
    vault = open_vault(seeded)
    return Trial(recipe_for(seeded, vault), vault.training, HYPER)


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def fastest(*makers: Callable[[], Callable[[], object]], times: int = 4) -> list[float]:
    """The least time of each, turn by turn, so that a busy moment meets all."""
    found = [[seconds(make()) for make in makers] for _ in range(times)]
    return [min(turns) for turns in zip(*found, strict=True)]


def by_hand(loop: Callable[..., float], of: Trial) -> Callable[[], object]:
    lane = of.lane()
    parts = (lane.data.train, lane.data.validation)
    return partial(loop, lane.model, *parts, EPOCHS, lane.settings.batch_size)


def together(trials: list[Trial]) -> Callable[[], object]:
    return partial(fit_lanes, [one.lane() for one in trials], trials[0].recipe.terms)


@pytest.mark.parametrize("fusion", AT_LEAST)
def test_lanes_against_a_data_loader(fusion, benchmark):
    job = job_of(fusion)
    trials = [trial(job, seed) for seed in range(LANES)]
    loop = reference_loop.train_as_users_do
    users, lanes = fastest(lambda: by_hand(loop, trials[0]), lambda: together(trials), times=2)
    benchmark.extra_info["ratio"] = ratio = users / (lanes / LANES)
    benchmark.pedantic(together(trials), rounds=1)
    assert ratio >= AT_LEAST[fusion]


@pytest.mark.parametrize("fusion", AT_LEAST)
def test_lanes_are_never_slower_than_one_after_another(fusion):
    job = job_of(fusion)
    trials = [trial(job, seed) for seed in range(LANES)]
    alone, lanes = fastest(
        lambda: lambda: trials[0].fit(lambda done: None), lambda: together(trials), times=2
    )
    assert lanes / len(trials) <= alone


@pytest.mark.parametrize("fusion", ["concat", "late_transformer"])
def test_one_job_against_a_loop_by_hand_over_the_same_tensors(fusion, benchmark):
    one = trial(job_of(fusion))
    loop = reference_loop.train_over_tensors
    hand, ours = fastest(
        lambda: by_hand(loop, one), lambda: lambda: one.fit(lambda done: None), times=6
    )
    benchmark.extra_info["ratio"] = ours / hand
    benchmark.pedantic(one.fit, args=(lambda done: None,), rounds=1)
    assert ours <= 1.10 * hand


@pytest.mark.parametrize("loop", ["train_as_users_do", "train_over_tensors"])
def test_the_loops_by_hand_learn(loop):
    """A ratio to a loop that trains nothing would say nothing."""
    assert by_hand(getattr(reference_loop, loop), trial(job_of("concat")))() > 0.6
