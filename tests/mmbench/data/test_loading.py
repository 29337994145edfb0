"""Datasets on disk: where they are looked for, and what their data are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import mmbench
from mmbench.data.loading import DATA, described, fingerprint_of, load_samples, root_of
from mmbench.data.validation import validated
from mmbench.errors import DataError, UsageError
from mmbench.jobs import Pick


def read(root, problems, scale=1):
    path = problems.path("x.npy", needed="the values")
    if path is None:
        return None
    values = np.load(path) * scale
    problems.require(len(values) > 2, path, "rows", "three or more", str(len(values)))
    return mmbench.Samples({"a": values}, np.arange(len(values)) % 2)


ON_DISK = mmbench.Dataset(
    "stored",
    read,
    task="classification",
    modalities={"a": "tabular"},
    layout="x.npy (N, F)",
    embedded=False,
)
UNKNOWN = mmbench.Dataset(
    "any",
    read,
    layout="x.npy (N, F)",
    describes=lambda root: mmbench.Dataset(
        "any", read, task="regression", modalities={root.name: "sensor"}, layout="x.npy"
    ),
    opens=(".xyz",),
    embedded=False,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "stored"
    folder.mkdir()
    np.save(folder / "x.npy", np.ones((4, 2)))
    return folder


def test_the_root_is_what_the_user_says_or_the_datasets_folder(root, monkeypatch):
    monkeypatch.delenv(DATA, raising=False)
    with pytest.raises(
        UsageError, match=r"where dataset 'stored' lies.*stored\[root=DIR\].*x\.npy"
    ):
        root_of(ON_DISK, Pick("stored"))
    monkeypatch.setenv(DATA, str(root.parent))
    assert root_of(ON_DISK, Pick("stored")) == root
    assert root_of(ON_DISK, Pick("stored", {"root": str(root)})) == root
    with pytest.raises(UsageError, match="Found nothing there"):
        root_of(ON_DISK, Pick("stored", {"root": "nowhere"}))


def test_samples_are_read_from_the_root_with_the_datasets_parameters(root):
    found = load_samples(
        ON_DISK, Pick("stored", {"root": str(root), "scale": 3, "modalities": "a"})
    )
    assert (found.inputs["a"] == 3).all()


def test_a_fault_stops_loading_and_is_listed_when_validating(root):
    np.save(root / "x.npy", np.ones((2, 2)))
    with pytest.raises(DataError, match=r"x\.npy: rows: expected three or more, found 2"):
        load_samples(ON_DISK, Pick("stored", {"root": str(root)}))
    outcome = validated(ON_DISK, root)
    assert [str(problem) for problem in outcome.problems] == [
        "x.npy: rows: expected three or more, found 2"
    ]


def test_validation_says_what_a_sound_folder_holds(root):
    outcome = validated(ON_DISK, root)
    assert outcome.problems == []
    assert outcome.contents == ["4 samples, task classification", "  a: float64 (2,)"]


def test_only_data_on_disk_are_validated(root):
    packaged = mmbench.Dataset("p", read, task="classification", modalities={"a": "tabular"})
    with pytest.raises(UsageError, match="comes with its package"):
        validated(packaged, root)
    with pytest.raises(UsageError, match="Found nothing there"):
        validated(ON_DISK, root / "x")


def test_the_fingerprint_is_that_of_the_contents(root):
    pick = Pick("stored", {"root": str(root)})
    first = fingerprint_of(ON_DISK, pick)
    os.utime(root / "x.npy", (1, 1))
    assert fingerprint_of(ON_DISK, pick) == first
    np.save(root / "x.npy", np.zeros((4, 2)))
    assert fingerprint_of(ON_DISK, pick) != first


def test_task_and_modalities_may_come_from_the_files(root):
    pick = Pick("any", {"root": str(root)})
    found = described(UNKNOWN, pick)
    assert (found.task, set(found.modalities)) == ("regression", {"stored"})
    assert described(ON_DISK, pick) is ON_DISK
