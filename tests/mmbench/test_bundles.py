"""Which jobs one worker takes up together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from torch import nn

import mmbench
from mmbench.bundles import Bundle, bundled
from mmbench.jobs import Pick


class Looks(mmbench.LossWeighting):
    def observe(self, step):
        self.seen = step


class Plain(nn.Module):
    """A fusion."""


@pytest.fixture
def plan(bench):
    bench.put(mmbench.Weighting("looks", Looks), mmbench.Fusion("single", Plain, vectorises=False))

    def make(seeds, workers=1, names=("concat",), **changes):
        jobs = [bench.job(name, seed=s, **changes) for s in range(seeds) for name in names]
        return jobs, bundled(jobs, bench.registry, workers)

    return make


def sizes(items):
    return [len(item.jobs) if isinstance(item, Bundle) else 1 for item in items]


@pytest.mark.parametrize(
    ("seeds", "workers", "expected"),
    [
        (1, 1, [1]),
        (2, 1, [2]),
        (3, 1, [3]),
        (3, 2, [1] * 3),
        (5, 2, [3, 2]),
        (16, 1, [16]),
        (20, 1, [10, 10]),
        (20, 2, [10, 10]),
        (12, 2, [6, 6]),
        (9, 2, [5, 4]),
    ],
)
def test_seeds_of_one_arm_are_bundled_and_every_worker_has_some(plan, seeds, workers, expected):
    jobs, items = plan(seeds, workers)
    assert sizes(items) == expected
    found = [job for item in items for job in getattr(item, "jobs", (item,))]
    assert sorted(job.seed for job in found) == [job.seed for job in jobs]


def test_arms_stay_apart_and_in_order(plan, bench):
    _, items = plan(6, names=("concat", "single"))
    assert sizes(items) == [6] + [1] * 6
    assert {job.fusion_name for job in items[0].jobs} == {"concat"}
    assert [item.seed for item in items[1:]] == list(range(6))


def test_the_second_entry_of_the_aa_arm_joins_the_first(bench):
    jobs = [replace(bench.job(seed=s), again=again) for s in range(3) for again in (False, True)]
    assert sizes(bundled(jobs, bench.registry, 1)) == [6]


def test_a_weighting_that_looks_is_not_bundled(plan):
    assert sizes(plan(6, weighting=Pick("looks"))[1]) == [1] * 6


def test_a_bundle_has_a_key_of_its_own(plan):
    [bundle] = plan(5)[1]
    assert bundle.columns() == {"job": bundle.key}
    assert bundle.key not in {job.key for job in bundle.jobs}
