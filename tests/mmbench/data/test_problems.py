"""Faults of files on disk: raised, or collected."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mmbench.data.problems import Problems
from mmbench.errors import DataError


def read(root, problems):
    """A folder that needs labels.json, a list of numbers, and x.npy of as many rows."""
    labels = values = None
    if path := problems.path("labels.json", needed="the labels"):
        with problems.reading(path):
            labels = json.loads(path.read_text())
    if path := problems.path("x.npy"):
        with problems.reading(path, "an array"):
            values = np.load(path, allow_pickle=False)
            problems.require(values.ndim == 2, path, "shape", "(N, F)", f"{values.shape}")
    return labels, values


def test_the_first_fault_is_raised(tmp_path):
    with pytest.raises(
        DataError, match=r"labels\.json: expected this file .*the labels.* found nothing"
    ):
        read(tmp_path, Problems(tmp_path))


def test_all_faults_are_collected(tmp_path):
    (tmp_path / "labels.json").write_text("[1, 2")
    np.save(tmp_path / "x.npy", np.zeros(3))
    problems = Problems(tmp_path, strict=False)
    assert read(tmp_path, problems)[0] is None
    first, second = map(str, problems.found)
    assert first.startswith("labels.json: expected a readable file, found JSONDecodeError: ")
    assert second == "x.npy: shape: expected (N, F), found (3,)"


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname"])
def test_no_path_leaves_the_root(tmp_path, name):
    (tmp_path / "secret").write_text("s")
    problems = Problems(tmp_path / "root", strict=False)
    (tmp_path / "root").mkdir()
    assert problems.path(name) is None
    assert "one that leaves it" in str(problems.found[0])


def test_a_link_of_the_owners_is_followed(tmp_path):
    (tmp_path / "large").write_text("s")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "large")
    assert Problems(root).path("link") == root / "link"


def test_a_note_is_no_fault(tmp_path):
    problems = Problems(tmp_path)
    problems.note(tmp_path / "x.csv", "3 rows left out")
    assert (problems.found, problems.notes) == ([], ["x.csv: 3 rows left out"])


def test_a_truncated_array_names_the_file(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((4, 4)))
    whole = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(whole[:-9])
    (tmp_path / "labels.json").write_text("[]")
    with pytest.raises(DataError, match=r"^x\.npy: expected an array, found ValueError"):
        read(tmp_path, Problems(tmp_path))


def test_a_file_that_is_the_root_goes_by_its_name(tmp_path):
    path = tmp_path / "mine.npz"
    with pytest.raises(DataError, match=r"^mine\.npz: y: expected labels, found none\.$"):
        Problems(path).add(path, "y", "labels", "none")
