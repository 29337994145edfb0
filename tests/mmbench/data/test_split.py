from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench import Samples
from mmbench.data.split import Split, make_split
from mmbench.errors import DataError

NO_LIMIT = 10**6
CLASSES = np.repeat(np.arange(5), [50, 20, 15, 10, 5])
SEEDS = st.integers(0, 2**63 - 1)


def of(targets, **more):
    return Samples({"a": np.zeros((len(targets), 1))}, targets, **more)


def parts(split):
    return split.train, split.validation, split.test


@given(SEEDS)
@settings(max_examples=25)
def test_the_same_seed_gives_the_same_split_whatever_the_inputs_hold(seed):
    one = make_split(of(CLASSES), seed, NO_LIMIT, stratify=True)
    other = Samples({"b": np.ones((100, 3, 8, 8))}, CLASSES.copy())
    two = make_split(other, seed, NO_LIMIT, stratify=True)
    assert one.hash == two.hash
    assert all((a == b).all() for a, b in zip(parts(one), parts(two), strict=True))


def test_every_seed_has_a_split_of_its_own():
    hashes = {make_split(of(CLASSES), seed, NO_LIMIT, stratify=True).hash for seed in range(50)}
    assert len(hashes) == 50


def test_the_global_random_state_plays_no_part():
    np.random.seed(1)
    before = make_split(of(CLASSES), 0, NO_LIMIT, stratify=True).hash
    np.random.seed(2)
    assert make_split(of(CLASSES), 0, NO_LIMIT, stratify=True).hash == before


@given(SEEDS, st.integers(5, 200), st.booleans())
@settings(max_examples=50)
def test_the_parts_are_disjoint_and_hold_every_sample(seed, size, stratify):
    split = make_split(of(np.arange(size) % 3), seed, NO_LIMIT, stratify)
    assert sorted(np.concatenate(parts(split))) == list(range(size))
    assert len(split.test) == pytest.approx(0.2 * size, abs=1)
    assert len(split.validation) == pytest.approx(0.2 * size, abs=1)


@given(SEEDS, st.lists(st.integers(0, 12), min_size=10, max_size=80))
@settings(max_examples=50)
def test_a_group_never_straddles_the_split(seed, groups):
    groups = np.array([0, 1, 2, *groups])
    split = make_split(of(groups % 2, groups=groups), seed, NO_LIMIT, stratify=True)
    found = [set(groups[part]) for part in parts(split)]
    assert sum(map(len, found)) == len(set(groups))
    assert set.union(*found) == set(groups)


@given(SEEDS)
@settings(max_examples=25)
def test_classes_keep_their_shares(seed):
    split = make_split(of(CLASSES), seed, NO_LIMIT, stratify=True)
    counts = [np.bincount(CLASSES[part], minlength=5).tolist() for part in parts(split)]
    assert counts == [[30, 12, 9, 6, 3], [10, 4, 3, 2, 1], [10, 4, 3, 2, 1]]


def test_a_class_of_one_sample_does_not_stop_the_split():
    split = make_split(of(np.array([0] * 20 + [1])), 0, NO_LIMIT, stratify=True)
    assert sorted(np.concatenate(parts(split))) == list(range(21))


@given(SEEDS)
@settings(max_examples=10)
def test_a_split_that_comes_with_the_dataset_is_kept(seed):
    given_split = np.array(["train", "test", "validation", "train", "test"] * 4)
    split = make_split(of(np.zeros(20, int), split=given_split), seed, NO_LIMIT, stratify=True)
    assert set(given_split[split.train]) == {"train"}
    assert set(given_split[split.validation]) == {"validation"}
    assert set(given_split[split.test]) == {"test"}
    assert [len(part) for part in parts(split)] == [8, 4, 8]


def test_the_order_within_a_given_split_depends_on_the_seed():
    samples = of(np.zeros(60, int), split=np.repeat(["train", "validation", "test"], 20))
    assert len({make_split(samples, seed, NO_LIMIT, stratify=True).hash for seed in range(9)}) == 9


@pytest.mark.parametrize(("limit", "sizes"), [(30, [30, 15, 15]), (1, [1, 1, 1]), (7, [7, 3, 3])])
def test_parts_are_cut_to_the_budget(limit, sizes):
    whole = make_split(of(CLASSES), 0, NO_LIMIT, stratify=True)
    cut = make_split(of(CLASSES), 0, limit, stratify=True)
    assert [len(part) for part in parts(cut)] == sizes
    for few, all_of_them in zip(parts(cut), parts(whole), strict=True):
        assert (few == all_of_them[: len(few)]).all()


def test_the_hash_sees_which_part_a_sample_is_in_and_the_order():
    split = Split(np.array([0, 1]), np.array([2]), np.array([3]))
    others = [
        dataclasses.replace(split, train=np.array([1, 0])),
        Split(np.array([0]), np.array([1, 2]), np.array([3])),
        Split(np.array([0, 1]), np.array([3]), np.array([2])),
    ]
    assert len({split.hash, *(other.hash for other in others)}) == 4
    assert split.hash == Split(*(part.astype(np.int32) for part in parts(split))).hash
    assert len(split.hash) == 16


@pytest.mark.parametrize("size", [1, 2])
def test_too_few_samples_are_refused(size):
    with pytest.raises(DataError, match=f"at least 3 samples to split. Found {size}"):
        make_split(of(np.zeros(size, int)), 0, NO_LIMIT, stratify=False)


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_groups_are_refused(count):
    groups = np.arange(20) % count
    with pytest.raises(DataError, match=f"at least 3 groups to split by. Found {count}"):
        make_split(of(groups, groups=groups), 0, NO_LIMIT, stratify=False)


def test_a_given_split_without_a_part_is_refused():
    samples = of(np.zeros(4, int), split=np.array(["train", "train", "test", "test"]))
    with pytest.raises(DataError, match="Found none in 'validation' of 4 samples"):
        make_split(samples, 0, NO_LIMIT, stratify=True)
