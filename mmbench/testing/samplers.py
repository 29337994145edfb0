"""Properties of samplers."""

from __future__ import annotations

import torch

from mmbench.contracts import Sampling
from mmbench.data.part import Part
from mmbench.errors import NotApplicable
from mmbench.registrations import Sampler
from mmbench.tasks import TASKS
from mmbench.testing.joint_model import joint_data, joint_task
from mmbench.testing.results import NotTested, expect

__all__ = ["PROPERTIES"]


def epochs_visit_training_samples(sampler: Sampler) -> str:
    """On every task an epoch is one or more places in the training part."""
    seen = []
    for task, sampling, part in _fitted(sampler):
        places = sampling.epoch(torch.Generator().manual_seed(0))
        expect(
            places.dim() == 1 and places.dtype == torch.int64 and len(places) > 0,
            f"a vector of whole numbers from epoch() ({task})",
            f"shape {tuple(places.shape)} of {places.dtype}",
            "Return the places of the samples, (K,) long.",
        )
        expect(
            int(places.min()) >= 0 and int(places.max()) < len(part),
            f"places from 0 to {len(part) - 1} ({task})",
            f"{int(places.min())} to {int(places.max())}",
            "Return places in the part that fit() was given.",
        )
        seen.append(f"{task}: {len(places)} of {len(part)}")
    return "; ".join(seen)


def weights_are_finite_and_not_negative(sampler: Sampler) -> str:
    """Weights, where there are any, are one finite number from 0 a sample, and not all 0."""
    seen = 0
    for task, sampling, part in _fitted(sampler):
        weights = sampling.weights()
        if weights is None:
            continue
        expect(
            weights.shape == (len(part),)
            and bool(weights.isfinite().all())
            and bool((weights >= 0).all())
            and bool(weights.any()),
            f"a finite weight from 0 for each of {len(part)} samples, and not all 0 ({task})",
            f"{weights}",
            "Return shape (N,).",
        )
        seen += 1
    return f"weights on {seen} tasks"


def the_generator_decides(sampler: Sampler) -> str:
    """An epoch depends on the generator that it is given and on nothing else."""
    for task, sampling, _ in _fitted(sampler):
        first = sampling.epoch(torch.Generator().manual_seed(1))
        torch.rand(7)
        second = sampling.epoch(torch.Generator().manual_seed(1))
        expect(
            torch.equal(first, second),
            f"the same epoch from generators of one seed ({task})",
            f"{first.tolist()} and {second.tolist()}",
            "Draw from the generator that is passed.",
        )
    return "the same epoch from each seed"


def _fitted(sampler: Sampler) -> list[tuple[str, Sampling, Part]]:
    """The sampler fitted to a small part of every task that it has a meaning for."""
    found = []
    for name in TASKS:
        task = joint_task(name, lambda loss: loss)
        part = joint_data(2, task).train
        sampling: Sampling = sampler.load()()
        expect(
            isinstance(sampling, Sampling),
            "a mmbench.Sampling",
            type(sampling).__name__,
            "Derive the class from mmbench.Sampling.",
        )
        try:
            sampling.fit(part, task)
        except NotApplicable:
            continue
        found.append((name, sampling, part))
    if not found:
        raise NotTested("it has a meaning for no task")
    return found


PROPERTIES = (
    epochs_visit_training_samples,
    weights_are_finite_and_not_negative,
    the_generator_decides,
)
