from __future__ import annotations

from pathlib import Path

import pytest

from mmbench_datasets.files import DATA, SHA256, files


def test_files_gives_absolute_paths_with_their_hashes() -> None:
    found = files("mfeat.npz", "emoji.csv")
    assert found == {
        str(DATA / "mfeat.npz"): SHA256["mfeat.npz"],
        str(DATA / "emoji.csv"): SHA256["emoji.csv"],
    }
    assert all(Path(path).is_absolute() and Path(path).is_file() for path in found)


def test_files_knows_its_own_files_only() -> None:
    with pytest.raises(KeyError):
        files("somebody_else.npz")
