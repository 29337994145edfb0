from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.data.vendored import fingerprint, verify
from mmbench.errors import DataError


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "digits.npz"
    path.write_bytes(b"as registered")
    return path


def test_verify_accepts_the_registered_bytes(file: Path) -> None:
    verify({str(file): _sha256(b"as registered")})
    verify({str(file): _sha256(b"as registered").upper()})
    verify({})


def test_verify_names_the_corrupt_file_and_both_hashes(file: Path) -> None:
    expected = _sha256(b"as registered")
    file.write_bytes(b"as registeree")
    with pytest.raises(DataError) as caught:
        verify({str(file): expected})
    message = str(caught.value)
    assert str(file) in message
    assert expected in message
    assert _sha256(b"as registeree") in message
    assert "reinstall" in message


def test_verify_names_the_missing_file_and_its_hash(tmp_path: Path) -> None:
    path, expected = tmp_path / "gone.npz", _sha256(b"as registered")
    with pytest.raises(DataError, match="No such file") as caught:
        verify({str(path): expected})
    assert str(path) in str(caught.value)
    assert expected in str(caught.value)
    assert "Reinstall" in str(caught.value)


def test_verify_and_fingerprint_refuse_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="readable file"):
        verify({str(tmp_path): _sha256(b"")})
    with pytest.raises(DataError, match="readable file"):
        fingerprint({str(tmp_path): _sha256(b"")})


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_fingerprint_tells_contents_apart(
    tmp_path_factory: pytest.TempPathFactory, first: bytes, second: bytes
) -> None:
    folder = tmp_path_factory.mktemp("contents")
    prints = []
    for content in (first, second):
        path = folder / "data.bin"
        path.write_bytes(content)
        prints.append(fingerprint({str(path): "not what it holds"}))
    assert (prints[0] == prints[1]) == (first == second)


def test_fingerprint_follows_names_but_not_folders_or_order(tmp_path: Path) -> None:
    for folder, names in (("one", ("a", "b")), ("two", ("a", "b")), ("three", ("b", "a"))):
        (tmp_path / folder).mkdir()
        for name, content in zip(names, (b"first", b"second"), strict=True):
            (tmp_path / folder / name).write_bytes(content)
    one, two, three = (
        {str(tmp_path / folder / name): "" for name in names}
        for folder, names in (("one", "ab"), ("two", "ba"), ("three", "ab"))
    )
    assert fingerprint(one) == fingerprint(two)
    assert fingerprint(one) != fingerprint(three)


def test_fingerprint_of_no_files_is_empty() -> None:
    assert fingerprint({}) == ""


def test_importing_brings_no_heavy_library() -> None:
    code = (
        "import sys, mmbench.data.vendored;"
        "print([name for name in ('numpy', 'pandas', 'torch') if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert printed.strip() == "[]"
