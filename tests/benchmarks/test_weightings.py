"""What a training step costs under each weighting, and as a ratio to the default weighting in the same run."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mmbench.options import read_options
from mmbench.registry import load_registry
from mmbench.suite import plan
from mmbench.training.loop import Trainer, all_terms, training_of
from mmbench.training.trials import Trial
from mmbench.worker import open_vault, recipe_for

HYPER = {"lr": 3e-3, "weight_decay": 1e-2}
STEPS = 50
"""More than are taken: the schedule has an end."""
SHELF = load_registry().weightings
DEFAULT = SHELF.with_role("default").name


def trainer(weighting: str) -> Trainer:
    """The harness's own, over one batch: an epoch is a step."""
    given = {"weightings": [weighting], "datasets": ["mfeat"], "seeds": 1, "epochs": STEPS}
    [job] = plan(read_options(None, given), load_registry(), "cpu")
    vault = open_vault(job)
    recipe = recipe_for(job, vault)
    batch = vault.training.train.take(torch.arange(job.budget.batch_size))
    lane = Trial(recipe, replace(vault.training, train=batch), HYPER).lane()
    terms = all_terms(lane.model, recipe.terms, lane.data, lane.task)
    built = lane.make_weighting(terms)
    built.begin(training_of(lane.model, lane.task, lane.data, terms, lane.settings))
    return Trainer(lane.model, built, recipe.terms, lane.task, lane.settings, lane.sampling, batch)


@pytest.mark.benchmark(group=f"weightings: a training step (ratio to {DEFAULT})")
@pytest.mark.parametrize("name", SHELF)
def test_training_step(name, against, benchmark):
    base, ours = trainer(DEFAULT), trainer(name)
    against(base.epoch, ours.epoch)
    benchmark.extra_info["backward passes"] = ours.cost()[0]
