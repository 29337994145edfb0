from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mmbench_encoders.pretrained.folders import cache_folder, written_once


def test_the_cache_is_at_home_unless_the_environment_says_otherwise(monkeypatch):
    monkeypatch.setenv("MMBENCH_CACHE", "/somewhere/else")
    assert cache_folder() == Path("/somewhere/else")
    monkeypatch.delenv("MMBENCH_CACHE")
    assert cache_folder() == Path.home() / ".cache" / "mmbench"


def test_of_several_writers_one_writes(tmp_path):
    calls = []

    def write(folder):
        calls.append(folder)
        (folder / "file").write_text("whole")

    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: written_once(tmp_path / "a" / "b", write), range(8)))
    assert set(folders) == {tmp_path / "a" / "b"}
    assert (tmp_path / "a" / "b" / "file").read_text() == "whole"
    assert len(calls) == 1


def test_a_writer_that_fails_leaves_nothing_and_is_tried_again(tmp_path):
    def fail(folder):
        (folder / "file").write_text("half")
        raise RuntimeError("no room")

    with pytest.raises(RuntimeError, match="no room"):
        written_once(tmp_path / "b", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["b.lock"]
    assert not list(written_once(tmp_path / "b", lambda folder: None).iterdir())
