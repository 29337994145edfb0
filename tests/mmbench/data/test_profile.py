from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy.stats import entropy

from mmbench import Dataset, Samples
from mmbench.data.profile import profile
from mmbench.data.split import make_split

N = 300


def views(task="classification", **changes):
    """`told` shows the target, `noise` nothing, `gaps` is absent in half of class 1."""
    rng = np.random.default_rng(0)
    targets = np.repeat([0, 1, 2], [150, 100, 50])
    present = ~((targets == 1) & (np.arange(N) % 2 == 0))
    inputs = {
        "gaps": rng.normal(size=(N, 2)),
        "noise": rng.normal(size=(N, 6, 2)),
        "told": np.eye(3)[targets] + 0.1 * rng.normal(size=(N, 3)),
    }
    if task == "regression":
        targets = inputs["told"] @ [1.0, 2.0, 4.0]
    if task == "multilabel":
        targets = np.eye(3, dtype=int)[targets]
    names = ("one", "two", "three")
    return Samples(
        **{
            "inputs": inputs,
            "targets": targets,
            "target_names": names,
            "present": {"gaps": present},
        }
        | changes
    )


def registered(task="classification", **more):
    kinds = {"gaps": "tabular", "noise": "sensor", "told": "tabular"}
    return Dataset("views", lambda: None, task=task, modalities=kinds, **more)


@pytest.fixture(scope="module", name="found")
def found_fixture():
    return profile(views(), registered(), seed=3)


def test_parts_are_those_of_a_run(found):
    split = make_split(views(), 3, 10**6, stratify=True)
    assert found.split == split.hash
    assert found.sizes == {"train": 180, "validation": 60, "test": 60}
    assert found.looked_into == {"train": 180, "validation": 60}
    assert found.groups == {}


def test_classes_are_counted(found):
    assert found.targets.counts["two"] == {"train": 60, "validation": 20, "test": 20}
    assert found.targets.entropy == pytest.approx(entropy([90, 60, 30], base=2))
    assert found.targets.most_entropy == pytest.approx(np.log2(3))
    assert found.targets.imbalance == 3


def test_absences_are_told_by_part_and_class(found):
    split = make_split(views(), 3, 10**6, stratify=True)
    absent = ~views().present["gaps"]
    gaps = found.modalities["gaps"]
    assert gaps.absent == {
        part: absent[getattr(split, part)].mean() for part in ("train", "validation", "test")
    }
    train = split.train[views().targets[split.train] == 1]
    assert gaps.absent_by_class == {"one": 0, "two": absent[train].mean(), "three": 0}
    assert found.modalities["told"].absent_by_class == {}


def test_probes_find_what_is_told(found):
    assert found.metric == "accuracy"
    assert found.prior == 0.5
    assert found.modalities["told"].probe == 1
    assert found.together == 1
    assert found.modalities["noise"].probe < 0.65


def test_interactions_of_every_pair(found):
    assert [(pair.first, pair.second) for pair in found.pairs] == [
        ("gaps", "noise"),
        ("gaps", "told"),
        ("noise", "told"),
    ]
    noise, told = found.pairs[0].estimate, found.pairs[2].estimate
    assert told.value.unique_2 == pytest.approx(told.entropy, abs=0.1)
    assert told.value.redundancy == pytest.approx(0, abs=0.05)
    assert noise.value.redundancy == pytest.approx(0, abs=0.05)
    present = views().present["gaps"]
    split = make_split(views(), 3, 10**6, stratify=True)
    assert noise.samples == present[np.concatenate([split.train, split.validation])].sum()


def test_the_test_part_is_not_learned_from(found):
    given = views()
    test = make_split(given, 3, 10**6, stratify=True).test
    for values in given.inputs.values():
        values[test] = 1e9 * (1 + test.reshape(-1, *[1] * (values.ndim - 1)))
    assert profile(given, registered(), seed=3) == found


def test_everything_can_be_written_as_json(found):
    read = json.loads(json.dumps(asdict(found), allow_nan=False))
    assert read["modalities"]["noise"]["shape"] == [6, 2]
    assert set(read["pairs"][0]["estimate"]["low"]) == set(read["pairs"][0]["estimate"]["value"])


def test_unknown_values_and_lengths():
    given = views(lengths={"noise": np.arange(N) % 6 + 1})
    given.inputs["told"][:, 1] = np.nan
    found = profile(given, registered())
    assert found.modalities["told"].unknown == pytest.approx(1 / 3)
    assert found.modalities["noise"].lengths == (1, 3, 6)


def test_real_targets():
    given = views("regression")
    found = profile(given, registered("regression"))
    split = make_split(given, 0, 10**6, stratify=False)
    low, *_, high = found.targets.quantiles["one"]["train"]
    assert (low, high) == (given.targets[split.train].min(), given.targets[split.train].max())
    assert found.metric == "r2"
    assert found.prior == pytest.approx(0, abs=0.1)
    assert found.modalities["told"].probe > 0.99
    assert found.pairs[2].estimate.value.unique_2 > 1
    assert next(iter(found.modalities["gaps"].absent_by_class)).startswith("below ")


def test_labels_have_no_interactions():
    found = profile(views("multilabel"), registered("multilabel"))
    assert found.targets.counts["three"]["train"] > 0
    assert found.targets.entropy is None
    assert found.together == pytest.approx(1)
    assert [pair.estimate for pair in found.pairs] == [None] * 3
    assert "Found multilabel" in found.pairs[0].reason


def test_retrieval_has_neither_probes_nor_interactions():
    given = views(targets=np.arange(N))
    found = profile(given, registered("retrieval", gallery="told"))
    assert found.targets.items == N
    assert found.prior is found.together is found.modalities["told"].probe is None
    assert "Found retrieval" in found.pairs[0].reason


def test_warnings_say_what_is_wrong():
    given = views(groups=np.arange(N) % 6, present={"gaps": np.zeros(N, dtype=bool)})
    for values in given.inputs.values():
        values[0::6], values[1::6] = values[0], values[0]
        values[2::6], values[3::6] = values[0], values[0]
    found = profile(given, registered())
    text = "\n".join(found.warnings)
    assert "No training sample has modality 'gaps'" in text
    assert "Groups in the train part: only 3." in text
    assert "equal one of train in all modalities: leakage" in text


def test_an_unseen_class_is_named():
    found = profile(views(targets=np.repeat([0, 2, 4], 100)), registered())
    assert any("cannot be learned: two, 3" in warning for warning in found.warnings)
