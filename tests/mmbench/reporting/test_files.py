from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.errors import PluginError
from mmbench.reporting.files import check_name, slug, unique, write_atomically


@pytest.mark.parametrize("name", ["ranking", "ranking-mfeat_2", "a"])
def test_plain_names_pass(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "../x", "a/b", "a\\b", "A", "a.b", "a\n", "é", "x" * 101, None]
)
def test_names_that_could_leave_the_folder_are_refused(name):
    with pytest.raises(PluginError, match="Expected the name of a table or plot"):
        check_name(name)


@given(st.text())
def test_a_slug_is_always_a_name(text):
    assert check_name(slug(text))


def test_slug_looks_like_the_text():
    assert slug("My Set[size=3]") == "my-set-size-3"


def test_a_name_that_is_taken_gets_a_number():
    taken: set[str] = set()
    assert [unique("a", taken) for _ in range(3)] == ["a", "a-2", "a-3"]
    assert taken == {"a", "a-2", "a-3"}


def test_writing_replaces_the_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "new" / "table.csv"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["table.csv"]  # noqa: PTH208


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    write_atomically(path, b"old")
    monkeypatch.setattr("pathlib.Path.replace", _refuse)
    with pytest.raises(OSError, match="no space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def _refuse(*_):
    raise OSError("no space")
