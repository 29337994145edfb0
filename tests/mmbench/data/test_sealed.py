from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from mmbench import Samples
from mmbench.data.preparation import InputSpec, Standardise
from mmbench.data.sealed import SealedTest, prepare
from mmbench.data.split import Split
from mmbench.errors import DataError, MmbenchError
from mmbench.tasks import TASKS

SPLIT = Split(np.array([3, 0, 4]), np.array([1, 6]), np.array([2, 5]))
RNG = np.random.default_rng(0)


def samples(**changes):
    inputs = {"row": RNG.normal(size=(7, 2)), "series": RNG.normal(size=(7, 5, 3))}
    return Samples(**{"inputs": inputs, "targets": np.arange(7) * 1.5, **changes})


def vault_of(given, task="regression", split=SPLIT):
    return prepare(given, split, TASKS[task](), dict.fromkeys(given.inputs, Standardise))


def same(one, two):
    return (
        all(torch.equal(one.inputs[name], two.inputs[name]) for name in one.inputs)
        and all(torch.equal(one.masks[name], two.masks[name]) for name in one.masks)
        and torch.equal(one.targets, two.targets)
    )


def test_the_test_part_opens_once():
    part = vault_of(samples()).seal().open()
    sealed = SealedTest(part)
    assert sealed.open() is part
    with pytest.raises(MmbenchError, match="Found a second attempt"):
        sealed.open()


def test_every_job_has_a_seal_of_its_own():
    vault = vault_of(samples())
    assert vault.seal().open() is vault.seal().open()


def test_parts_hold_the_samples_of_the_split_in_its_order():
    given = samples()
    vault = vault_of(given)
    train = vault.training.train
    row = Standardise().fit(given.inputs["row"][SPLIT.train])
    assert vault.sizes == {"train": 3, "validation": 2, "test": 2}
    assert vault.split_hash == SPLIT.hash
    assert vault.training.specs == {"row": InputSpec((2,)), "series": InputSpec((5, 3))}
    for part, index in (
        (train, SPLIT.train),
        (vault.training.validation, SPLIT.validation),
        (vault.seal().open(), SPLIT.test),
    ):
        assert torch.equal(part.inputs["row"], row.transform(given.inputs["row"][index]).values)
        assert torch.equal(part.targets, vault.task.encode(given.targets[index]))
    assert train.targets.mean().abs() < 1e-6


@pytest.mark.parametrize("poisoned", ["validation", "test"])
def test_statistics_come_from_the_training_part_alone(poisoned):
    given = samples()
    index = getattr(SPLIT, poisoned)
    inputs = {name: values.copy() for name, values in given.inputs.items()}
    targets = given.targets.copy()
    inputs["row"][index], inputs["series"][index], targets[index] = 1e9, np.nan, -1e9
    clean, poison = vault_of(given), vault_of(samples(inputs=inputs, targets=targets))
    assert same(clean.training.train, poison.training.train)
    assert same(clean.training.validation, poison.training.validation) == (poisoned == "test")
    assert same(clean.seal().open(), poison.seal().open()) == (poisoned == "validation")
    assert torch.equal(clean.task.encode(given.targets), poison.task.encode(given.targets))


def test_training_data_leads_to_no_other_part_and_not_to_the_raw_dataset(reachable):
    given = samples(lengths={"series": np.full(7, 4)})
    vault = vault_of(given)
    hidden = [*given.inputs.values(), given.targets, *tensors_of(vault.seal().open())]
    found = [x for x in reachable(vault.training) if isinstance(x, torch.Tensor | np.ndarray)]
    assert len(found) >= 8
    assert not any(overlap(x, secret) for x in found for secret in hidden)


def tensors_of(part):
    return [*part.inputs.values(), *part.masks.values(), *part.present.values(), part.targets]


def overlap(one, two):
    return np.shares_memory(np.asarray(one), np.asarray(two))


def test_lengths_become_masks():
    given = samples(lengths={"series": np.array([5, 0, 1, 2, 3, 4, 5])})
    train = vault_of(given).training.train
    assert train.masks["series"].sum(dim=1).tolist() == [2, 5, 3]
    assert train.masks["series"][0].tolist() == [True, True, False, False, False]
    assert "row" not in train.masks


def test_an_absent_modality_is_zeros_and_a_false_mask():
    present = np.array([True, True, False, False, True, True, False])
    given = samples(lengths={"series": np.full(7, 4)}, present={"series": present})
    vault = vault_of(given)
    for part, index in (
        (vault.training.train, SPLIT.train),
        (vault.training.validation, SPLIT.validation),
        (vault.seal().open(), SPLIT.test),
    ):
        here = part.present["series"]
        assert here.tolist() == present[index].tolist()
        assert not part.inputs["series"][~here].any()
        assert not part.masks["series"][~here].any()
        assert part.inputs["series"][here].abs().sum() > 0
        assert part.masks["series"][here].sum(dim=1).tolist() == [4] * int(here.sum())
        assert "row" not in part.present


def test_what_stands_where_a_modality_is_absent_plays_no_part():
    present = np.array([True, True, False, False, True, True, True])
    given = samples(present={"row": present})
    inputs = {**given.inputs, "row": np.where(present[:, None], given.inputs["row"], 1e9)}
    clean, poison = vault_of(given), vault_of(dataclasses.replace(given, inputs=inputs))
    assert same(clean.training.train, poison.training.train)
    assert same(clean.training.validation, poison.training.validation)


def test_a_modality_that_training_never_sees_is_refused():
    given = samples(present={"row": np.isin(np.arange(7), SPLIT.test)})
    with pytest.raises(DataError, match="Expected modality 'row' in at least one training sample"):
        vault_of(given)


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_an_error_names_the_modality(part):
    given = samples()
    given.inputs["row"][getattr(SPLIT, part)[0], 0] = np.inf
    with pytest.raises(DataError, match="Modality 'row': Expected finite numbers"):
        vault_of(given)


def test_training_data_moves_to_a_device():
    moved = vault_of(samples()).training.to("meta")
    assert {part.targets.device.type for part in (moved.train, moved.validation)} == {"meta"}
    assert moved.specs["row"] == InputSpec((2,))
