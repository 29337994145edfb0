from __future__ import annotations

import numpy as np
import pytest

from mmbench import Dataset, Samples
from mmbench.errors import DataError
from mmbench.testing import check

_CALLS = iter(range(10_000))


def samples(**changed):
    rng = np.random.default_rng(0)
    inputs = {"table": rng.normal(size=(60, 3)), "sound": rng.normal(size=(60, 8, 2))}
    given = {"inputs": inputs, "targets": np.arange(60) % 3, "target_names": ("a", "b", "c")}
    given["inputs"] = {**inputs, **changed.pop("inputs", {})}
    return Samples(**{**given, **changed})


def results(load, **more):
    given = {
        "task": "classification",
        "modalities": {"table": "tabular", "sound": "audio"},
        "licence": "CC0",
        "source": "generated",
        "summary": "D.",
    }
    return check(Dataset("d", load, **{**given, **more}))


def failures(load, **more):
    return {r.property: r.message for r in results(load, **more) if r.status == "failed"}


def test_a_sound_dataset_passes():
    assert failures(samples) == {}


@pytest.mark.parametrize("what", ["licence", "source"])
def test_a_missing_licence_or_source_is_caught(what):
    assert what in failures(samples, **{what: ""})["licence and source are named"]


def test_a_modality_that_is_not_there_is_caught():
    found = failures(samples, modalities={"table": "tabular", "picture": "image"})
    assert "picture" in found["modalities are what is registered"]


def test_a_shape_of_another_kind_is_caught():
    found = failures(samples, modalities={"table": "tabular", "sound": "image"})
    assert "(60, 8, 2)" in found["modalities are what is registered"]


def test_unknown_values_outside_tables_are_caught():
    sound = np.full((60, 8, 2), np.nan)
    assert "sound" in failures(lambda: samples(inputs={"sound": sound}))["numbers are finite"]
    table = np.full((60, 3), np.nan)
    assert failures(lambda: samples(inputs={"table": table})) == {}


def test_targets_of_another_task_are_caught():
    assert "targets fit the task" in failures(samples, task="multilabel")
    assert "targets fit the task" in failures(lambda: samples(target_names=("a", "b")))


def test_another_draw_at_every_load_is_caught():
    def load():
        return samples(inputs={"table": np.full((60, 3), float(next(_CALLS)))})

    assert list(failures(load)) == ["loading twice gives the same"]


def test_groups_across_a_split_are_caught():
    def load():
        split = np.array(["train", "validation", "test"])[np.arange(60) % 3]
        return samples(groups=np.arange(60) // 3, split=split)

    assert list(failures(load)) == ["splits can be drawn"]


def test_a_dataset_whose_files_are_elsewhere_is_not_tested():
    def load():
        raise DataError("Expected a file. Found none.")

    found = results(load, embedded=False)
    assert {r.status for r in found if r.property == "splits can be drawn"} == {"skipped"}
    assert "splits can be drawn" in failures(load)
